#!/usr/bin/env python3
"""Writes sparse_evaluation.json: Python's evaluators of sparse encoders. PYTHONHASHSEED=0 python make_sparse_evaluation.py"""

import json
import pathlib
import random

from golden_models import VERSIONS  # isort: skip; sets what transformers reads when it is imported

import numpy as np
from sentence_transformers import SparseEncoder, util
from sentence_transformers.sparse_encoder import evaluation as sparse

from make_evaluation import ALL, FUNCTIONS, SCORES, reranking_samples, run, texts, translations

HERE = pathlib.Path(__file__).resolve().parent


def clear(scores):
    """No two scores differ by what rounding makes; equal ones are the same texts."""
    values = np.sort(np.asarray(scores, dtype=np.float64))
    gaps, least = np.diff(values), 1e-6 * max(1, np.abs(values).max())
    assert ((gaps == 0) | (gaps > least)).all(), gaps[(gaps > 0) & (gaps <= least)]


def check_pairs(model, first, second, most):
    a, b = (model.encode(side, max_active_dims=most) for side in (first, second))
    for name in ALL:
        clear(getattr(util, "pairwise_" + FUNCTIONS[name])(a, b))


def embedding_similarity(model):
    first, second = texts(61, 24), texts(62, 24)
    gold = [random.Random(i).choice([0, 0.25, 0.5, 1]) for i in range(24)]
    cases = []
    for options in ({}, {"name": "sts-dev", "similarity_fn_names": ALL, "max_active_dims": 12}):
        check_pairs(model, first, second, options.get("max_active_dims"))
        evaluator = sparse.SparseEmbeddingSimilarityEvaluator(first, second, gold, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"sentences1": first, "sentences2": second, "scores": gold, "cases": cases}


def binary_classification(model):
    first, second = texts(63, 20), texts(64, 20)
    second[5], first[9] = first[5], second[2]
    labels = [random.Random(i).randint(0, 1) for i in range(20)]
    cases = []
    for options in ({}, {"name": "quora", "similarity_fn_names": ["cosine", "manhattan"], "max_active_dims": 30}):
        check_pairs(model, first, second, options.get("max_active_dims"))
        evaluator = sparse.SparseBinaryClassificationEvaluator(first, second, labels, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"sentences1": first, "sentences2": second, "labels": labels, "cases": cases}


def triplet(model):
    columns = [texts(seed, 20) for seed in (65, 66, 67)]
    cases = []
    for options in ({}, {"name": "nli", "similarity_fn_names": ALL, "margin": 0.05, "max_active_dims": 25}):
        for name in ALL:  # no triplet hangs on rounding
            a, p, n = (model.encode(column, max_active_dims=options.get("max_active_dims")) for column in columns)
            score = getattr(util, "pairwise_" + FUNCTIONS[name])
            assert (score(a, p) - score(a, n) - options.get("margin", 0)).abs().min() > 1e-4
        evaluator = sparse.SparseTripletEvaluator(*columns, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return dict(zip(("anchors", "positives", "negatives"), columns), cases=cases)


def translation(model):
    source, target = translations(77, 20)
    cases = []
    for options in ({}, {"name": "en-de", "max_active_dims": 6}):
        evaluator = sparse.SparseTranslationEvaluator(source, target, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"source": source, "target": target, "cases": cases}


def mse(model):
    source, target = texts(68, 12), texts(69, 12)
    teacher = SparseEncoder(str(HERE / "sparse" / "distilbert"), device="cpu")
    cases = []
    for options in ({}, {"name": "talks", "max_active_dims": 10}):
        evaluator = sparse.SparseMSEEvaluator(source, target, teacher_model=teacher, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"source": source, "target": target, "cases": cases}


def information_retrieval(model):
    generator = random.Random(70)
    ids = [f"d{i}" for i in generator.sample(range(1000), 30)]
    corpus = dict(zip(ids, texts(71, 30)))
    queries = {f"q{i}": text for i, text in enumerate(texts(72, 8))}
    relevant = {f"q{i}": set(generator.sample(ids, generator.randint(1, 5))) for i in range(7)}
    cases = []
    for options in ({}, {"name": "nq", "score_functions": ["cosine", "dot"], "corpus_chunk_size": 7, "max_active_dims": 40}):
        most = {"max_active_dims": options.get("max_active_dims")}
        q, d = model.encode(list(queries.values()), **most), model.encode(list(corpus.values()), **most)
        for name in options.get("score_functions", ["dot"]):
            for row in SCORES[name](q, d):
                clear(row)
        python = dict(options)
        if "score_functions" in options:
            python["score_functions"] = {name: SCORES[name] for name in options["score_functions"]}
        evaluator = sparse.SparseInformationRetrievalEvaluator(queries, corpus, relevant, **python)
        cases.append({"options": options, **run(evaluator, model)})
    sets = {key: sorted(value) for key, value in relevant.items()}
    return {"queries": queries, "corpus": corpus, "relevant_docs": sets, "cases": cases}


def reranking(model):
    samples = reranking_samples(73)
    for sample in samples:
        query, documents = model.encode([sample["query"]]), model.encode(sample["positive"] + sample["negative"])
        for name in ("cosine", "dot"):
            clear(SCORES[name](query, documents)[0])
    cases = []
    for options in ({}, {"name": "ask", "at_k": 3, "similarity": "dot"}):
        python = {key: value for key, value in options.items() if key != "similarity"}
        if "similarity" in options:
            python["similarity_fct"] = SCORES[options["similarity"]]
        evaluator = sparse.SparseRerankingEvaluator(samples, **python)
        cases.append({"options": options, **run(evaluator, model)})
    return {"samples": samples, "cases": cases}


def reciprocal_rank_fusion(_):
    """Of rankings; it runs no model."""
    generator = random.Random(74)
    lists = {"dense": [], "sparse": []}
    for index, query in enumerate(texts(75, 8)):
        documents = texts(760 + index, 12)
        positive = generator.sample(documents, 3)
        for found in lists.values():
            ranking = generator.sample(documents, 7)
            if index == 2:
                ranking = [text for text in ranking if text not in positive]  # it found nothing
            found.append({"query_id": f"q{index}", "query": query, "positive": positive, "documents": ranking})
    lists["sparse"][4]["documents"].append(lists["sparse"][4]["documents"][0])  # its last rank counts
    cases = []
    for options in ({}, {"name": "hybrid", "at_k": 3, "rrf_k": 5}):
        evaluator = sparse.ReciprocalRankFusionEvaluator(lists["dense"], lists["sparse"], **options)

        def without_model(_, *context):
            results = evaluator(*context)
            without_model.primary_metric = evaluator.primary_metric
            return results

        cases.append({"options": options, **run(without_model, None)})
    return {**lists, "cases": cases}


def main():
    model = SparseEncoder(str(HERE / "sparse" / "bert"), device="cpu")
    found = {"versions": VERSIONS}
    of_pairs = (embedding_similarity, binary_classification, triplet, translation, mse)
    for make in (*of_pairs, information_retrieval, reranking):
        found[make.__name__] = make(model)
    found["reciprocal_rank_fusion"] = reciprocal_rank_fusion(model)
    path = HERE / "sparse_evaluation.json"
    path.write_text(json.dumps(found, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="ascii")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
