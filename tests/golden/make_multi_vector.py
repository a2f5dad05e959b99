#!/usr/bin/env python3
"""Golden embeddings of tiny multi-vector encoders: python make_multi_vector.py (needs no model; see README.md)."""

import functools
import json
import pathlib
import shutil
import string
import tempfile

from golden_models import VERSIONS, write_json  # isort: skip; sets what transformers reads when it is imported

import numpy as np
import torch
import transformers as hf
from safetensors.numpy import save_file
from safetensors.torch import load_file, save_file as save_torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.multi_vector_encoder import evaluation, losses, scoring
from sentence_transformers.multi_vector_encoder.modules import HierarchicalTokenPooling, MultiVectorMask
from sentence_transformers.sentence_transformer.modules import Pooling
from tiny_folders import randomise, uncased_vocab

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "multi_vector"
PROJECTED = 16
TEXTS = [
    "the dog, is playing in the sun!",
    "a cat and the weather",
    "the man is eating good food.",
    "",
    "unaffable cafe 日本 ß 17!",
    "the dog, is playing in the sun!",
    "the woman and the man, in the sunny weather " * 6,
    "he",
]
COMMON = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 160,
}  # fmt: skip


def make_tokenizer():
    vocab = {token: i for i, token in enumerate([*uncased_vocab(), "[q]", "[d]"])}
    return hf.BertTokenizer(vocab=vocab, model_max_length=64)


def make_encoder(kind, seed):
    """A tiny model of a kind; the kinds do something else each with tokens that are not attended to."""
    tokenizer = make_tokenizer()
    sizes = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    if kind == "bert":
        model = hf.BertModel(hf.BertConfig(**sizes, **COMMON), add_pooling_layer=False)
    elif kind == "roberta":
        model = hf.RobertaModel(hf.RobertaConfig(**sizes, **COMMON), add_pooling_layer=False)
    elif kind == "mpnet":
        model = hf.MPNetModel(hf.MPNetConfig(**sizes, **COMMON), add_pooling_layer=False)
    elif kind == "modernbert":
        ids = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
        model = hf.ModernBertModel(hf.ModernBertConfig(**sizes, **COMMON, **ids, local_attention=8))
    else:
        config = hf.Qwen3Config(**sizes, **COMMON, num_key_value_heads=1, head_dim=16)
        model = hf.Qwen3Model(config)
    return randomise(model, seed, 0.3)


def transformer(folder, kind, seed, **options):
    make_encoder(kind, seed).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return Transformer(str(folder), **options)


def dense(seed, features="token_embeddings", **options):
    module = Dense(32, PROJECTED, activation_function=torch.nn.Identity(), module_input_name=features, **options)
    return randomise(module, seed, 0.3)


def norm():
    return Normalize(module_input_name="token_embeddings")


def expansion(**options):
    return {"strategy": "fixed", "length": 24, "attend": False, **options}


def save(model, name):
    model.save_pretrained(str(OUT / name))
    (OUT / name / "README.md").unlink()


def make_own_folders():
    """Models of today's library, each with an expansion of its own."""
    marks = MultiVectorMask(skiplist_words=[*string.punctuation, "no such word"])
    kinds = {
        "bert": [expansion(), marks],
        "roberta": [expansion(length=32), marks, HierarchicalTokenPooling(1.3, num_protected_tokens=0)],
        "mpnet": [expansion(token="[unused0]"), MultiVectorMask(skiplist_tasks=["query", "document"], skiplist_words=["the"])],
        "qwen3": [expansion(attend=True), MultiVectorMask(keep_only_token_ids=[2, 3, 120, 121, 122, 123])],
        "modernbert": [expansion(length=20), marks],
        "modernbert_min": [{"strategy": "min", "length": 7, "attend": False}, marks, HierarchicalTokenPooling(2.0, tasks=["query", "document"])],
    }  # fmt: skip
    for seed, (name, (query_expansion, mask, *pooling)) in enumerate(kinds.items()):
        with tempfile.TemporaryDirectory() as folder:
            first = transformer(folder, name.split("_")[0], 70 + seed, query_expansion=query_expansion, document_length=40)
            model = MultiVectorEncoder(
                modules=[first, dense(80 + seed, bias=seed % 2 == 0, use_residual=seed == 2), mask, norm(), *pooling],
                device="cpu",
                prompts={"query": "he ", "document": ""} if seed == 0 else None,
                similarity_fn_name="meanmaxsim" if seed == 5 else None,
            )
            save(model, name)


def make_older_folders():
    """As PyLate and Stanford's ColBERT save, and a SentenceTransformer."""
    with tempfile.TemporaryDirectory() as folder:
        save(MultiVectorEncoder(modules=[transformer(folder, "bert", 90), dense(91, bias=False)], device="cpu"), "pylate")
    path = OUT / "pylate"
    modules = json.loads((path / "modules.json").read_text())
    modules[0]["type"] = "sentence_transformers.models.Transformer"
    modules[1]["type"] = "pylate.models.Dense.Dense"
    write_json(path / "modules.json", modules)
    write_json(path / "sentence_bert_config.json", {"max_seq_length": 47, "do_lower_case": False})
    config = json.loads((path / "1_Dense" / "config.json").read_text())
    write_json(path / "1_Dense" / "config.json", {k: v for k, v in config.items() if not k.startswith("module_")})
    tokenizer = json.loads((path / "tokenizer.json").read_text())
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    count = len(make_tokenizer())
    tokenizer["added_tokens"].append({"id": count - 2, "content": "[q]", **flags})
    write_json(path / "tokenizer.json", tokenizer)
    settings = {
        "__version__": {"sentence_transformers": "4.0.2", "transformers": "4.48.2", "pytorch": "2.5.1"},
        "prompts": {"document": "the "}, "default_prompt_name": None, "similarity_fn_name": "MaxSim", "model_type": "ColBERT",
        "query_prefix": "[q] ", "document_prefix": "[d] ", "query_length": 16, "document_length": 30,
        "attend_to_expansion_tokens": False, "skiplist_words": [",", "the"],
    }  # fmt: skip
    write_json(path / "config_sentence_transformers.json", settings)

    path = OUT / "colbert"
    make_tokenizer().save_pretrained(path)
    encoder = make_encoder("bert", 92)
    encoder.config.architectures = ["HF_ColBERT"]
    encoder.config.save_pretrained(path)
    weights = {f"bert.{name}": value for name, value in encoder.state_dict().items()}
    weights["linear.weight"] = dense(93, bias=False).linear.weight.detach()
    save_torch({name: value.contiguous() for name, value in weights.items()}, path / "model.safetensors", {"format": "pt"})
    config = json.loads((path / "config.json").read_text())
    write_json(path / "config.json", {**config, "architectures": ["HF_ColBERT"]})
    metadata = {"query_maxlen": 20, "doc_maxlen": 25, "dim": PROJECTED, "mask_punctuation": True, "attend_to_mask_tokens": False}
    (path / "artifact.metadata").write_text(json.dumps({**metadata, "query_token_id": "[unused0]", "doc_token_id": "[unused1]"}))

    with tempfile.TemporaryDirectory() as folder:
        first = transformer(folder, "bert", 94)
        model = SentenceTransformer(modules=[first, Pooling(32, "mean"), dense(95, "sentence_embedding"), Normalize()], device="cpu")
        save(model, "converted")


FOLDERS = (
    "bert", "roberta", "mpnet", "qwen3", "modernbert", "modernbert_min", "pylate", "colbert", "converted",
)  # fmt: skip


def load(name):
    return MultiVectorEncoder(str(OUT / name), device="cpu")


def cases(arrays):
    found = []
    for folder in FOLDERS:
        model = load(folder)
        by_call = {}
        for call in ("encode", "encode_query", "encode_document"):
            name = f"{folder}.{call}"
            texts = [getattr(model, call)(text) for text in TEXTS]  # one by one: nothing is padded for others
            arrays[name] = torch.cat(texts).numpy()
            found.append({"name": name, "folder": folder, "call": call, "counts": [len(text) for text in texts]})
            by_call[call] = texts
        queries, documents = by_call["encode_query"], by_call["encode_document"]
        arrays[f"{folder}.similarity"] = model.similarity(queries, documents[:5]).numpy()
        arrays[f"{folder}.pairwise"] = model.similarity_pairwise(queries, documents).numpy()
    return found


def pooling_cases(arrays):
    """Fewer tokens: factors at which clusters are one, half, or all but one of them; also equal rows."""
    found = []
    generator = torch.Generator().manual_seed(100)
    for tokens, factor, protected, normalize in (
        (1, 2.0, 1, True), (2, 2.0, 0, True), (3, 3.0, 1, False), (8, 1.1, 1, True), (9, 2.0, 0, False), (40, 1.5, 2, True),
        (40, 3.0, 1, False), (75, 100.0, 1, True), (120, 4.0, 5, True), (6, 2.0, 9, True),
    ):  # fmt: skip
        name = f"pooling.{len(found)}"
        rows = torch.randn(tokens, 8, generator=generator)
        rows = torch.nn.functional.normalize(rows, dim=1)
        if tokens == 75:
            rows[10:20] = rows[0]
        pooling = HierarchicalTokenPooling(factor, num_protected_tokens=protected, normalize_embeddings=normalize)
        arrays[name + ".rows"], arrays[name + ".pooled"] = rows.numpy(), pooling.pool([rows])[0].numpy()
        found.append({"name": name, "pool_factor": factor, "num_protected_tokens": protected, "normalize_embeddings": normalize})
    return found


SCORES = {
    "maxsim": (scoring.colbert_scores, scoring.colbert_kd_scores, scoring.colbert_scores_pairwise),
    "meanmaxsim": (scoring.mean_colbert_scores, scoring.mean_colbert_kd_scores, scoring.mean_colbert_scores_pairwise),
    "xtr": (scoring.XTRScores(9), scoring.XTRKDScores(9), functools.partial(scoring.xtr_scores_pairwise, top_k=9)),
}
LISTS, MARGINS = [[2.0, 0.5], [1.0, 1.5], [3.0, -1.0]], [[1.5], [-0.5], [2.0]]


def loss_cases(arrays):
    found = []

    def add(loss, place, columns, labels=None, scores="maxsim", **options):
        model = load("bert")
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0
        texts = [[TEXTS[(3 * c + i) % 5] for i in range(3)] for c in range(columns)]
        prompts = ["he ", *[""] * (columns - 1)]
        features = []
        for column, (batch, prompt) in enumerate(zip(texts, prompts)):
            task = "document" if column else "query"
            features.append({**model.preprocess(batch, prompt=prompt or None, task=task), "task": task})
        function = getattr(losses, loss)(model, similarity_fct=SCORES[scores][place], **options)
        value = function(features, None if labels is None else torch.tensor(labels))
        value.backward()
        name = f"loss.{len(found)}"
        for parameter, tensor in model.named_parameters():
            if parameter in ("1.linear.weight", "0.model.encoder.layer.1.output.dense.weight"):
                arrays[f"{name}.{parameter.replace('0.model.', '')}"] = tensor.grad.numpy()
        found.append(
            {"name": name, "loss": loss, "options": options, "scores": scores, "texts": texts, "prompts": prompts,
             "labels": labels, "value": value.item()}
        )  # fmt: skip

    for scores in SCORES:
        add("MultiVectorMultipleNegativesRankingLoss", 0, 2, scores=scores)
    add("MultiVectorMultipleNegativesRankingLoss", 0, 3, scale=2.5)
    add("CachedMultiVectorMultipleNegativesRankingLoss", 0, 3, mini_batch_size=2)
    for scores in SCORES:
        add("MultiVectorDistillKLDivLoss", 1, 3, LISTS, scores=scores, temperature=2.0)
    add("MultiVectorDistillKLDivLoss", 1, 3, LISTS, student_temperature=0.5, teacher_temperature=3.0)
    for scores in SCORES:
        add("MultiVectorMarginMSELoss", 2, 3, MARGINS, scores=scores)
    add("MultiVectorMarginMSELoss", 2, 3, LISTS)
    add("MultiVectorMarginMSELoss", 2, 3, [1.5, -0.5, 2.0])
    return found


def evaluations():
    """Each evaluator's numbers and its csv files, by models of both similarities."""
    words = ["the dog", "a cat", "the sun", "good food", "the man", "a woman", "sunny weather", "he is eating", "in the sun", "playing"]
    documents = [f"{a}, {b} {c}." for i, a in enumerate(words) for b, c in [(words[(i + 3) % 10], words[(i * 7 + 1) % 10])]]
    documents += [" ".join(words[i : i + 4]) for i in range(6)]
    ids = {f"d{i:02}": text for i, text in enumerate(documents)}
    relevant = {f"q{i}": {f"d{(i * 3) % 16:02}", f"d{(i * 5 + 2) % 16:02}"} for i in range(10)}
    samples = [{"query": words[i], "positive": documents[i : i + 2], "negative": documents[i + 3 : i + 6 + i % 2]} for i in range(7)]
    candidates = [documents[i : i + 4] for i in range(6)]
    teacher = [[float((7 * i + 5 * j) % 11) / 4 for j in range(4)] for i in range(6)]
    found = {
        "words": words, "documents": documents, "relevant": {key: sorted(value) for key, value in relevant.items()},
        "samples": samples, "candidates": candidates, "teacher": teacher, "results": [],
    }  # fmt: skip
    for folder in ("bert", "modernbert_min"):
        evaluators = {
            "triplet": evaluation.MultiVectorTripletEvaluator(words, documents[:10], documents[5:15], margin=0.05, name="t"),
            "retrieval": evaluation.MultiVectorInformationRetrievalEvaluator(
                {f"q{i}": word for i, word in enumerate(words)}, ids, relevant, corpus_chunk_size=5, ndcg_at_k=[3, 10]
            ),
            "reranking": evaluation.MultiVectorRerankingEvaluator(samples, at_k=3, name="r"),
            "distillation": evaluation.MultiVectorDistillationEvaluator(words[:6], candidates, teacher, student_temperature=0.5),
            "flat": evaluation.MultiVectorDistillationEvaluator(
                words[:6], documents[:6], [row[0] for row in teacher], temperature=2.0, name="flat"
            ),
        }
        model = load(folder)
        for name, evaluator in evaluators.items():
            with tempfile.TemporaryDirectory() as out:
                metrics = evaluator(model, output_path=out, epoch=1, steps=7)
                files = {path.name: path.read_bytes().decode().splitlines()[0] for path in pathlib.Path(out).iterdir()}
            found["results"].append(
                {"folder": folder, "evaluator": name, "metrics": metrics, "primary": evaluator.primary_metric, "files": files}
            )
    return found


def gradients(arrays):
    """Of the sum of squares of queries, whose added tokens nothing attends to."""
    for name in ("bert", "modernbert"):
        model = load(name)
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0
        for text in TEXTS[:3]:
            output = model(model.preprocess([text], task="query"), task="query")
            (output["token_embeddings"] * torch.arange(1.0, PROJECTED + 1)).square().sum().backward()
        for parameter, value in model.named_parameters():
            if value.grad is not None and any(part in parameter for part in ("layer.1.output", "layers.1.attn", "linear")):
                arrays[f"{name}.gradient.{parameter.replace('0.model.', '')}"] = value.grad.numpy()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    hf.logging.disable_progress_bar()
    shutil.rmtree(OUT, ignore_errors=True)
    make_own_folders()
    make_older_folders()
    arrays = {}
    found = {"cases": cases(arrays), "pooling": pooling_cases(arrays), "losses": loss_cases(arrays)}
    gradients(arrays)
    found["evaluation"] = evaluations()
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, HERE / "multi_vector.safetensors")
    write_json(HERE / "multi_vector.json", {"versions": VERSIONS, "texts": TEXTS, **found})
    print(f"multi_vector.json: {len(found['cases'])} cases")


if __name__ == "__main__":
    main()
