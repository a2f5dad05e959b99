#!/usr/bin/env python3
"""Writes evaluation.json: Python's evaluators, and the metrics below them. PYTHONHASHSEED=0 python make_evaluation.py"""

import json
import math
import pathlib
import random
import tempfile

import numpy as np
import scipy
import sklearn
import torch
from scipy.stats import pearsonr, spearmanr
from sentence_transformers import evaluation as st
from sentence_transformers import CrossEncoder, util
from sentence_transformers.cross_encoder import evaluation as ce
from sentence_transformers.readers import InputExample
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.sentence_transformer.evaluation import BinaryClassificationEvaluator
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, ndcg_score
from torch.utils.data import DataLoader

import golden_models

HERE = pathlib.Path(__file__).resolve().parent
WORDS = (
    "the a dog cat is query title passage cafe in he unaffable and weather sun sunny play eat food man woman good "
    "13 42 dogs cats eating playing therein ! ? , 日 本 語 α β привет"
).split()
ALL = ["cosine", "dot", "euclidean", "manhattan"]
FUNCTIONS = dict(zip(ALL, ("cos_sim", "dot_score", "euclidean_sim", "manhattan_sim")))
SCORES = {name: getattr(util, function) for name, function in FUNCTIONS.items()}


def texts(seed, count, shortest=2, longest=12):
    generator = random.Random(seed)
    found = []
    while len(found) < count:
        text = " ".join(generator.choices(WORDS, k=generator.randint(shortest, longest)))
        if text not in found:
            found.append(text)
    return found


def number(value):
    """JSON has no NaN."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def clear(scores):
    """No two scores differ by what rounding makes; equal ones are the same texts."""
    gaps = np.diff(np.sort(np.asarray(scores, dtype=np.float64)))
    assert ((gaps == 0) | (gaps > 1e-6)).all(), gaps[(gaps > 0) & (gaps <= 1e-6)]


def run(evaluator, model):
    """Two calls, so that the second appends to the csv file."""
    with tempfile.TemporaryDirectory() as folder:
        results = evaluator(model, folder)
        evaluator(model, folder, 1.5, 200)
        (file,) = pathlib.Path(folder).iterdir()
        return {
            "results": {key: number(value) for key, value in results.items()},
            "primary_metric": evaluator.primary_metric,
            "csv_file": file.name,
            "csv": file.read_bytes().decode(),
        }


def pairwise(name):
    return getattr(util, "pairwise_" + FUNCTIONS[name])


def check_pairs(model, first, second, names, **options):
    a, b = model.encode(first, **options), model.encode(second, **options)
    for name in names:
        clear(pairwise(name)(a, b))


def embedding_similarity(model):
    first, second = texts(1, 40), texts(2, 40)
    first[7], second[7] = first[3], second[3]  # a tie in the predictions, too
    gold = [random.Random(i).choice([0, 0.2, 0.25, 0.5, 0.8, 1, 3.25]) for i in range(40)]
    cases = []
    for options in (
        {},
        {"name": "sts-dev", "similarity_fn_names": ALL},
        {"name": "main", "similarity_fn_names": ["dot", "cosine"], "main_similarity": "cosine"},
        {"main_similarity": "manhattan"},
        {"name": "short", "truncate_dim": 8, "similarity_fn_names": ["euclidean"]},
        {"precision": "float32", "similarity_fn_names": ["dot"]},
        {"precision": "binary", "similarity_fn_names": ["cosine", "manhattan"]},
        {"name": "u", "precision": "ubinary", "similarity_fn_names": ["cosine", "euclidean"]},
    ):
        if not options.get("precision"):
            check_pairs(model, first, second, ALL, truncate_dim=options.get("truncate_dim"))
        evaluator = st.EmbeddingSimilarityEvaluator(first, second, gold, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"sentences1": first, "sentences2": second, "scores": gold, "cases": cases}


def binary_classification(model):
    first, second = texts(3, 36), texts(4, 36)
    second[5], first[9] = first[5], second[2]
    for copy in (30, 31):  # a pair that comes again, with the other label
        first[copy], second[copy] = first[1], second[1]
    labels = [random.Random(i).randint(0, 1) for i in range(36)]
    labels[30], labels[31] = 0, 1
    cases = []
    for options in (
        {},
        {"name": "quora", "similarity_fn_names": ALL},
        {"truncate_dim": 12, "similarity_fn_names": ["dot"]},
    ):
        check_pairs(model, first, second, ALL, truncate_dim=options.get("truncate_dim"))
        evaluator = st.BinaryClassificationEvaluator(first, second, labels, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"sentences1": first, "sentences2": second, "labels": labels, "cases": cases}


def triplet(model):
    columns = [texts(seed, 30) for seed in (5, 6, 7)]
    cases = []
    for options in (
        {},
        {"name": "nli", "similarity_fn_names": ALL},
        {"similarity_fn_names": ALL, "margin": 0.05},
        {"name": "own", "similarity_fn_names": ["cosine", "manhattan"], "margin": {"manhattan": 0.5, "dot": 9}},
        {"main_similarity_function": "euclidean", "truncate_dim": 16},
    ):
        for name in ALL:  # no triplet hangs on rounding
            a, p, n = (model.encode(column, truncate_dim=options.get("truncate_dim")) for column in columns)
            margin = options.get("margin", 0)
            margin = margin.get(name, 0) if isinstance(margin, dict) else margin
            assert (pairwise(name)(a, p) - pairwise(name)(a, n) - margin).abs().min() > 5e-6
        evaluator = st.TripletEvaluator(*columns, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return dict(zip(("anchors", "positives", "negatives"), columns), cases=cases)


def information_retrieval(model):
    generator = random.Random(8)
    documents = texts(9, 60)
    for copy in range(40, 52):  # equal texts by other ids
        documents[copy] = documents[generator.randrange(30)]
    ids = [f"{'é' if i % 7 == 0 else 'd'}{generator.randrange(10**6)}" for i in range(60)]
    assert len(set(ids)) == 60
    corpus = dict(zip(ids, documents))
    queries = {f"q{i}": text for i, text in enumerate(texts(10, 12))}
    relevant = {f"q{i}": set(generator.sample(ids, generator.randint(1, 8))) for i in range(10)}
    relevant["q3"].add("not in the corpus")
    relevant["q10"] = set()  # left out, as q11, of which nothing is known
    # Products of equal rows may differ in the last bit, depending on their place: there equal texts are
    # relevant together. Manhattan distances are summed pair by pair, so ties are ties.
    together = {
        query: wanted | {i for i in ids if corpus[i] in {corpus[w] for w in wanted if w in corpus}}
        for query, wanted in relevant.items()
    }
    prompts = {"query_prompt": "query ", "corpus_prompt": "title : "}
    small = {
        "accuracy_at_k": [1, 4],
        "precision_recall_at_k": [2, 100],
        "mrr_at_k": [3, 5],
        "ndcg_at_k": [5, 2],
        "map_at_k": [7],
    }
    cases = []
    for options in (
        {},
        {"name": "nq", "score_functions": ALL, "corpus_chunk_size": 7},
        {"name": "main", "score_functions": ["dot", "manhattan"], "main_score_function": "dot", **prompts},
        {"truncate_dim": 9, "score_functions": ["euclidean"], "corpus_chunk_size": 16, **small},
        {"name": "ties", "score_functions": ["manhattan"], **small},
    ):
        size = {"truncate_dim": options.get("truncate_dim")}
        q = model.encode(list(queries.values()), prompt=options.get("query_prompt"), **size)
        d = model.encode(documents, prompt=options.get("corpus_prompt"), **size)
        names = options.get("score_functions", ["cosine"])
        for name in names:
            for row in SCORES[name](q, d):
                clear(row)
        python = dict(options)
        if "score_functions" in options:
            python["score_functions"] = {name: SCORES[name] for name in names}
        wanted = relevant if options.get("name") == "ties" else together
        evaluator = st.InformationRetrievalEvaluator(queries, corpus, wanted, **python)
        sets = {key: sorted(value) for key, value in wanted.items()}
        cases.append({"options": options, "relevant_docs": sets, **run(evaluator, model)})
    return {"queries": queries, "corpus": corpus, "cases": cases}


def reranking_samples(seed, key="negative"):
    generator = random.Random(seed)
    samples = []
    for index, query in enumerate(texts(seed + 1, 8)):
        positive = texts(100 * seed + index, generator.randint(1, 3))
        negative = texts(100 * seed + 50 + index, generator.randint(2, 9))
        if key == "documents":
            negative += positive if index % 3 else positive[1:]
            generator.shuffle(negative)
        samples.append({"query": query, "positive": positive, key: negative})
    return samples


def reranking(model):
    samples = reranking_samples(11)
    samples[5]["negative"] = []
    ties = json.loads(json.dumps(samples))
    ties[2]["negative"][0] = ties[2]["positive"][0]  # equal Manhattan distances, see above
    for sample in samples:
        documents = sample["positive"] + sample["negative"]
        for name in ALL:
            clear(SCORES[name](model.encode([sample["query"]]), model.encode(documents))[0])
    cases = []
    for options in (
        {},
        {"name": "ask", "at_k": 3},
        {"similarity": "euclidean", "truncate_dim": 20, "at_k": 2},
        {"name": "ties", "similarity": "manhattan"},
    ):
        python = {key: value for key, value in options.items() if key != "similarity"}
        if "similarity" in options:
            python["similarity_fct"] = SCORES[options["similarity"]]
        evaluator = st.RerankingEvaluator(ties if options.get("name") == "ties" else samples, **python)
        cases.append({"options": options, **run(evaluator, model)})
    return {"samples": samples, "ties": ties, "cases": cases}


def paraphrase_mining(model):
    generator = random.Random(21)
    sentences = texts(22, 24)
    ids = [f"s{i}" for i in range(24)]
    close = sorted(
        ((util.pairwise_cos_sim(*[e[None] for e in model.encode([sentences[i], sentences[j]])]).item(), i, j)
         for i in range(24) for j in range(i)),
        reverse=True,
    )
    clear([score for score, _, _ in close])
    duplicates = [(ids[i], ids[j]) for _, i, j in close[:45:3]] + [("s1", "s1"), ("s0", "missing")]
    duplicates += [tuple(generator.sample(ids, 2)) for _ in range(6)]
    cases = []
    for options in (
        {},
        {"name": "quora", "add_transitive_closure": True},
        {"top_k": 3, "max_pairs": 50, "query_chunk_size": 9, "corpus_chunk_size": 11, "truncate_dim": 32},
    ):
        evaluator = st.ParaphraseMiningEvaluator(dict(zip(ids, sentences)), duplicates, **options)
        cases.append({"options": options, **run(evaluator, model)})
    nothing = st.ParaphraseMiningEvaluator(dict(zip(ids, sentences)), [])
    cases.append({"options": {}, "no_duplicates": True, **run(nothing, model)})
    return {"ids": ids, "sentences": sentences, "duplicates": duplicates, "cases": cases}


def mse(model):
    source, target = texts(23, 20), texts(24, 20)
    cases = []
    for options in ({}, {"name": "talks", "truncate_dim": 10}):
        evaluator = st.MSEEvaluator(source, target, teacher_model=model, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"source": source, "target": target, "cases": cases}


def translations(seed, count):
    """Sentences, and others that share most words; one comes twice."""
    source = texts(seed, count, 5, 9)
    source[4] = source[1]
    generator, target = random.Random(seed), []
    for sentence in source:
        words = sentence.split()
        words[generator.randrange(len(words))] = generator.choice(WORDS)
        target.append(" ".join(words))
    target[4] = target[1]
    return source, target


def translation(model):
    source, target = translations(27, 30)
    distinct = [i for i in range(30) if i != 4]
    scores = SCORES["cosine"](model.encode(source), model.encode(target)).numpy()
    for line in (*scores[:, distinct], *scores.T[:, distinct]):
        clear(line)
    cases = []
    for options in ({}, {"name": "en-de", "truncate_dim": 4}):
        evaluator = st.TranslationEvaluator(source, target, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {"source": source, "target": target, "cases": cases}


def label_accuracy(model):
    first, second = texts(25, 30), texts(26, 30)
    labels = [random.Random(i).randrange(3) for i in range(30)]
    torch.manual_seed(3)
    loss = losses.SoftmaxLoss(model, 32, 3)
    examples = [InputExample(texts=[a, b], label=label) for a, b, label in zip(first, second, labels)]
    cases = []
    for options in ({}, {"name": "nli"}):
        loader = DataLoader(examples, batch_size=8)
        evaluator = st.LabelAccuracyEvaluator(loader, softmax_model=loss, **options)
        cases.append({"options": options, **run(evaluator, model)})
    return {
        "sentences1": first,
        "sentences2": second,
        "labels": labels,
        "classifier.weight": loss.classifier.weight.tolist(),
        "classifier.bias": loss.classifier.bias.tolist(),
        "cases": cases,
    }


class GivenScores:
    """A CrossEncoder as the evaluators see it, with the scores it shall predict."""

    def __init__(self, scores, num_labels=1):
        self.scores, self.num_labels = np.asarray(scores, dtype=np.float32), num_labels
        self.model_card_data = self

    def set_evaluation_metrics(self, *arguments):
        pass

    def predict(self, pairs, **options):
        assert len(pairs) == len(self.scores)
        return self.scores


def cross_encoder():
    generator = np.random.default_rng(31)
    pair = ["a", "b"]
    cases = []

    def add(evaluator, model, **more):
        cases.append({"scores": model.scores.tolist(), **more, **run(evaluator, model)})

    scores = generator.normal(size=25).round(1)  # ties
    labels = (generator.normal(size=25) + scores > 0).astype(int).tolist()
    add(
        ce.CrossEncoderClassificationEvaluator([pair] * 25, labels, name="qqp"),
        GivenScores(scores),
        kind="classification",
        name="qqp",
        labels=labels,
    )
    classes = generator.integers(0, 4, 30).tolist()
    logits = generator.normal(size=(30, 5))
    logits[:, 4] = -9  # a class that nobody predicts or has
    logits[4, :2] = 7
    add(
        ce.CrossEncoderClassificationEvaluator([pair] * 30, classes),
        GivenScores(logits, 5),
        kind="classification",
        name="",
        labels=classes,
    )
    gold = generator.integers(0, 5, 25).tolist()
    add(
        ce.CrossEncoderCorrelationEvaluator([pair] * 25, gold, name="sts"),
        GivenScores(scores),
        kind="correlation",
        name="sts",
        gold=gold,
    )
    for key, options in (
        ("negative", {"name": "ask", "at_k": 4}),
        ("documents", {}),
        ("documents", {"name": "real", "always_rerank_positives": False, "at_k": 3}),
    ):
        samples = reranking_samples(33, key)
        if key == "documents":
            samples[4]["documents"] = texts(40, 4)  # the first ranking found nothing
            samples[6]["positive"] = []
        asked = GivenScores([])
        asked.predict = lambda pairs, **_: setattr(asked, "asked", pairs) or np.arange(len(pairs), dtype=np.float32)
        ce.CrossEncoderRerankingEvaluator(samples, **options)(asked)
        # NumPy's order of equal scores depends on the processor, and MRR depends on it.
        given = GivenScores(generator.normal(size=len(asked.asked)).round(2))
        evaluator = ce.CrossEncoderRerankingEvaluator(samples, **options)
        more = {"name": options.get("name", ""), "samples": samples, "options": options, "asked": asked.asked}
        add(evaluator, given, kind="reranking", **more)
    return cases


def cross_encoder_models():
    """The evaluators on tiny_cross and tiny_cross_labels."""
    one, several = (CrossEncoder(str(HERE / name), device="cpu") for name in ("tiny_cross", "tiny_cross_labels"))
    pairs = list(zip(texts(51, 24), texts(52, 24)))
    clear(one.predict(pairs))
    cases = []

    def add(evaluator, model, **more):
        folder = "tiny_cross" if model is one else "tiny_cross_labels"
        cases.append({"folder": folder, **more, **run(evaluator, model)})

    labels = [random.Random(i).randrange(2) for i in range(24)]
    evaluator = ce.CrossEncoderClassificationEvaluator(pairs, labels, name="qqp")
    add(evaluator, one, kind="classification", name="qqp", pairs=pairs, labels=labels)
    labels = [random.Random(i).randrange(several.num_labels) for i in range(24)]
    evaluator = ce.CrossEncoderClassificationEvaluator(pairs, labels)
    add(evaluator, several, kind="classification", name="", pairs=pairs, labels=labels)
    gold = [random.Random(i).randrange(5) / 4 for i in range(24)]
    evaluator = ce.CrossEncoderCorrelationEvaluator(pairs, gold, name="sts")
    add(evaluator, one, kind="correlation", name="sts", pairs=pairs, gold=gold)
    samples = reranking_samples(53, "documents")
    for sample in samples:
        clear(one.predict([(sample["query"], text) for text in set(sample["documents"] + sample["positive"])]))
    evaluator = ce.CrossEncoderRerankingEvaluator(samples, at_k=3, name="ask")
    add(evaluator, one, kind="reranking", name="ask", samples=samples, options={"at_k": 3})
    return cases


def metrics():
    cases = []

    def add(name, function, **arguments):
        try:
            value = function(**{key: list(v) if isinstance(v, list) else v for key, v in arguments.items()})
            expected = [number(v) for v in value] if isinstance(value, tuple) else number(value)
        except ValueError:
            expected = "throws"
        written = {k: [number(x) for x in v] if isinstance(v, list) else v for k, v in arguments.items()}
        cases.append({"function": name, "arguments": written, "expected": expected})

    nan, inf = math.nan, math.inf
    generator = np.random.default_rng(41)
    noise = generator.normal(size=50)
    vectors = [
        ([1, 1, 1], [1, 2, 3]),
        ([1, 2, 3], [4, 4, 4]),
        ([1, 2], [3, 5]),
        ([1, 2], [5, 3]),
        ([1, nan, 3], [1, 2, 3]),
        ([1, 2, inf], [1, 2, 3]),
        ([1, 2, 3], [1e-20, 2e-20, 3e-20]),
        ([1, 2, 3, 4], [1e200, 2e200, 3e200, 5e200]),
        ([0, 0, 1, 1, 2, 2, 2], [3, 1, 2, 2, 2, 5, 5]),
        (noise.tolist(), (noise + generator.normal(size=50)).tolist()),
        (noise.round(1).tolist(), (-noise).round(0).tolist()),
    ]
    for x, y in vectors:
        add("pearson", lambda x, y: pearsonr(x, y)[0], x=x, y=y)
        add("spearman", lambda x, y: spearmanr(x, y)[0], x=x, y=y)

    def single(values):
        return np.asarray(values, dtype=np.float32)

    def accuracy(labels, scores, high):
        return BinaryClassificationEvaluator.find_best_acc_and_threshold(single(scores), labels, high)

    def f1(labels, scores, high):
        return BinaryClassificationEvaluator.find_best_f1_and_threshold(single(scores), np.asarray(labels), high)

    def matthews(labels, predicted):
        return matthews_corrcoef(labels, predicted)

    def f1_averages(labels, predicted):
        return tuple(f1_score(labels, predicted, average=average) for average in ("macro", "micro", "weighted"))

    below_one = float(np.nextafter(np.float32(1), np.float32(0)))  # no float between it and 1
    labelled = [
        ([1], [0.5]),
        ([0], [0.5]),
        ([0, 0, 0], [1, 2, 3]),
        ([1, 1], [1, 2]),
        ([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.2]),
        ([0, 1], [1, 1]),
        ([1, 0], [1, 2]),
        ([1, 0, 1], [1.0, below_one, 0.5]),
        ([0, 1, 1, 0, 1, 0, 0], [-1, 3.5, 2.25, 2.25, -7, 0, 0]),
        (generator.integers(0, 2, 40).tolist(), generator.normal(size=40).round(1).astype(np.float32).tolist()),
    ]
    for labels, scores in labelled:
        for high in (True, False):
            add("best_accuracy", accuracy, labels=labels, scores=scores, high=high)
            add("best_f1", f1, labels=labels, scores=scores, high=high)
    for labels, scores in labelled + [([0, 1], [nan, 1]), ([0, 1], [inf, 1])]:
        add(
            "average_precision",
            lambda labels, scores: average_precision_score(labels, single(scores)),
            labels=labels,
            scores=scores,
        )
        for k in (1, 3, 10):
            add(
                "ndcg",
                lambda labels, scores, k: ndcg_score([labels], [single(scores)], k=k),
                labels=labels,
                scores=scores,
                k=k,
            )
    for labels, predicted in (
        ([0, 0], [0, 0]),
        ([0, 1], [1, 1]),
        ([0, 1, 1], [1, 0, 0]),
        ([0, 1, 1, 0, 1], [1, 0, 1, 0, 1]),
    ):
        add("matthews", matthews, labels=labels, predicted=predicted)
    for labels, predicted in (
        ([0, 1, 2], [0, 0, 0]),
        ([0, 1, 2], [0, 0, 3]),
        ([2, 2], [2, 2]),
        (generator.integers(0, 4, 40).tolist(), generator.integers(0, 4, 40).tolist()),
    ):
        add("f1_scores", f1_averages, labels=labels, predicted=predicted)
    return cases


def numbers():
    values = [0.1, 1e-5, 1e-4, 0.00012, 123456.0, 999999.0, 1e6, 1234567.0, 16777216.0, 1e15, 1e16]
    values += [123456789012345680.0, 0.0, -0.0, 1.0, 2 / 3, -0.8203, 1e22, 3e-8, 100.0, 1 / 3 * 1e-5]
    return [{"value": v, "float64": str(np.float64(v)), "float32": str(np.float32(v))} for v in values]


def main():
    model = golden_models.load(HERE / "tiny_bert")
    golden = {"versions": {**golden_models.VERSIONS, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}}
    for make in (embedding_similarity, binary_classification, triplet, information_retrieval, reranking):
        golden[make.__name__] = make(model)
    for make in (paraphrase_mining, mse, translation, label_accuracy):
        golden[make.__name__] = make(model)
    for make in (cross_encoder, cross_encoder_models, metrics, numbers):
        golden[make.__name__] = make()
    path = HERE / "evaluation.json"
    path.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="ascii")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
