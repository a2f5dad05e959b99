#!/usr/bin/env python3
"""Writes tests/golden/old_folders.jsonl: folders as sentence-transformers 0.x to 6.x saved them, and
what the Python of today makes of each: an embedding, or an error.

A case names what differs from tiny_bert: files to write, and where the transformer lies.
Run with the Python that has sentence-transformers: make_old_folders.py
"""
import json
import os
import shutil
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

from sentence_transformers import SentenceTransformer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = "the dog"
OLD = "sentence_transformers.models."
POOLING = "1_Pooling/config.json"
MODES = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"]


def modules(*types, transformer="", pooling="1_Pooling"):
    paths = [transformer, pooling, "2_Normalize"]
    return [{"idx": i, "name": str(i), "path": path, "type": kind}
            for i, (path, kind) in enumerate(zip(paths, types))]


def booleans(*active, names=tuple(MODES), **more):
    return {"word_embedding_dimension": 32, **{f"pooling_mode_{m}": m in active for m in names}, **more}


def cases():
    old = [OLD + "Transformer", OLD + "Pooling"]
    layout = {"modules.json": modules(*old)}
    yield "0.x, 0_BERT", {"modules.json": modules(OLD + "BERT", OLD + "Pooling", transformer="0_BERT"),
                          "config.json": {"__version__": "0.2.5"}}, "0_BERT"
    yield "0.4, 0_Transformer", {"modules.json": modules(*old, transformer="0_Transformer"),
                                 "config.json": {"__version__": "0.4.0"},
                                 POOLING: booleans("mean_tokens")}, "0_Transformer"
    yield "1.x, trailing slash", {"modules.json": modules(*old, transformer="0_Transformer/"),
                                  POOLING: booleans("cls_token")}, "0_Transformer"
    yield "2.x, in the root", {**layout, POOLING: booleans("mean_tokens"),
                               "config_sentence_transformers.json":
                               {"__version__": {"sentence_transformers": "2.0.0",
                                                "transformers": "4.6.1", "pytorch": "1.8.1"}}}, ""
    yield "2.x, no settings of its own", {**layout, "config_sentence_transformers.json": None}, ""
    yield "2.x, Normalize", {"modules.json": modules(*old, OLD + "Normalize")}, ""
    yield "module of a module", {"modules.json": modules(OLD + "Transformer.Transformer",
                                                         OLD + "Pooling.Pooling",
                                                         OLD + "Normalize.Normalize")}, ""
    yield "6.x", {"modules.json": modules(
        "sentence_transformers.base.modules.transformer.Transformer",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
        "sentence_transformers.base.modules.normalize.Normalize")}, ""
    yield "somebody's own module", {"modules.json": modules("custom_st.Transformer", OLD + "Pooling")}, ""
    yield "unknown module", {"modules.json": modules(OLD + "Transformer", OLD + "Pooling", OLD + "New")}, ""

    for mode in MODES:
        yield f"pooling {mode}", {**layout, POOLING: booleans(mode)}, ""
    six = (*MODES, "weightedmean_tokens", "lasttoken")
    for mode in six[4:]:
        yield f"pooling {mode}", {**layout, POOLING: booleans(mode, names=six, include_prompt=True)}, ""
    yield "pooling of two", {**layout, POOLING: booleans("mean_tokens", "cls_token")}, ""
    yield "pooling of none", {**layout, POOLING: booleans()}, ""
    yield "pooling by default", {**layout, POOLING: {"word_embedding_dimension": 32}}, ""
    yield "pooling by name", {**layout, POOLING: {"embedding_dimension": 32, "pooling_mode": "max"}}, ""
    yield "pooling by names", {**layout, POOLING: {"embedding_dimension": 32,
                                                   "pooling_mode": ["max", "cls"]}}, ""
    yield "pooling by both", {**layout, POOLING: booleans("max_tokens", pooling_mode="cls")}, ""
    yield "pooling unknown", {**layout, POOLING: {"embedding_dimension": 32, "pooling_mode": "middle"}}, ""
    yield "pooling without a size", {**layout, POOLING: {"pooling_mode": "cls"}}, ""
    yield "pooling with an unknown key", {**layout, POOLING: {"embedding_dimension": 32, "odd": 1}}, ""

    yield "settings for BERT", {**layout, "sentence_bert_config.json":
                                {"max_seq_length": 3, "do_lower_case": False}}, ""
    yield "settings for RoBERTa", {**layout, "sentence_bert_config.json": None,
                                   "sentence_roberta_config.json": {"max_seq_length": 3}}, ""
    yield "empty settings come first", {**layout, "sentence_bert_config.json": {},
                                        "sentence_xlnet_config.json": {"max_seq_length": 3}}, ""
    yield "no settings", {**layout, "sentence_bert_config.json": None}, ""


def build(folder, files, transformer):
    tiny = os.path.join(HERE, "tiny_bert")
    shutil.copytree(tiny, folder)
    if transformer:
        os.makedirs(os.path.join(folder, transformer))
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and name not in ("modules.json", "config_sentence_transformers.json"):
                shutil.move(path, os.path.join(folder, transformer, name))
    for name, content in files.items():
        path = os.path.join(folder, name)
        if content is None:
            os.remove(path)
            continue
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)


def main():
    result = []
    for name, files, transformer in cases():
        case = {"name": name, "files": files, "transformer": transformer}
        with tempfile.TemporaryDirectory() as work:
            folder = os.path.join(work, "model")
            build(folder, files, transformer)
            try:
                model = SentenceTransformer(folder, device="cpu")
                embedding = model.encode(TEXT).astype("float64").tolist()
                case["embedding"] = [float(f"{x:.9g}") for x in embedding]
            except Exception as error:  # the kind is what counts
                case["error"] = f"{type(error).__name__}: {str(error).splitlines()[0]}".replace(work, "")
        print(name, "->", case.get("error", len(case.get("embedding", []))))
        result.append(case)
    with open(os.path.join(HERE, "old_folders.jsonl"), "w", encoding="utf-8") as out:
        for case in result:
            out.write(json.dumps(case) + "\n")


if __name__ == "__main__":
    main()
