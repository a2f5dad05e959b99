#!/usr/bin/env python3
"""Golden scores of two tiny cross-encoders: python make_cross.py (needs no model; see README.md)."""

import json
import pathlib
import shutil
import tempfile

import numpy as np
import torch
from golden_models import VERSIONS, write_json
from safetensors.numpy import save_file
from sentence_transformers import CrossEncoder
from tiny_folders import bert_config, randomise, uncased_vocab, write_tokenizer
from transformers import BertForSequenceClassification

HERE = pathlib.Path(__file__).resolve().parent
SIGMOID = "torch.nn.modules.activation.Sigmoid"
IDENTITY = "torch.nn.modules.linear.Identity"
SETTINGS = "config_sentence_transformers.json"

PAIRS = [
    ("The weather is sunny", "a dog and a cat play in the sun"),
    ("a dog and a cat play in the sun", "The weather is sunny"),
    ("the dog", "the dog"),
    ("", "the woman is good"),
    ("the man is good", ""),
    ("", ""),
    ("café 日本 привет", "Unaffable man, eating good food!"),
    ("he [SEP] she", "[CLS] x"),
    ("the " * 60, "a dog"),
    ("a dog", "and the cat is in the sun " * 12),
    ("weather " * 50, "the sun and the man " * 15),
    ("13 cats + 42 dogs = ?", "0.5"),
    ("\u200b\u0301\U0001f600", "ﬁn e\u0301"),
]
QUERY = "the good dog"
DOCUMENTS = ["the cat", "a dog", "the sun is good", "a dog", "", "the cat", "a woman in the weather " * 12, "a dog"]


def make_folders():
    for name in ("tiny_cross", "tiny_cross_labels"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    vocab = uncased_vocab()
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }
    with tempfile.TemporaryDirectory() as folder:
        model = BertForSequenceClassification(bert_config(vocab, num_labels=1, **sizes))
        randomise(model, 11, 0.25).save_pretrained(folder)
        write_tokenizer(folder, vocab, model_max_length=64)
        model = CrossEncoder(folder, device="cpu", prompts={"query": "query: ", "empty": ""})
        model.save_pretrained(str(HERE / "tiny_cross"))
        (HERE / "tiny_cross" / "README.md").unlink()
    sizes.update(hidden_size=30, num_hidden_layers=1, num_attention_heads=3, intermediate_size=37)
    model = BertForSequenceClassification(bert_config(vocab, num_labels=3, **sizes))
    model.config.sbert_ce_default_activation_function = SIGMOID
    randomise(model, 12, 0.25).save_pretrained(HERE / "tiny_cross_labels")
    write_tokenizer(HERE / "tiny_cross_labels", vocab, model_max_length=512)


def read(path):
    return json.loads((HERE / path).read_text())


def cross_cases():
    """Each: folder, files to write over it, how to load it, how to predict."""
    cases = []

    def add(name, folder="tiny_cross", files=None, load=None, **options):
        cases.append({"name": name, "folder": folder, "files": files or {}, "load": load or {}, "options": options})

    def changed(path, **values):
        content = read(path)
        for key, value in values.items():
            content.pop(key, None)
            if value != "gone":
                content[key] = value
        return {path.split("/")[1]: content}

    for folder in ("tiny_cross", "tiny_cross_labels"):
        add(f"{folder}.default", folder)
        for activation in ("identity", "sigmoid"):
            add(f"{folder}.call.{activation}", folder, activation=activation)
            add(f"{folder}.load.{activation}", folder, load={"activation": activation})
            add(f"{folder}.softmax.{activation}", folder, activation=activation, apply_softmax=True)
        add(f"{folder}.prompt", folder, prompt="title: a ")
        for length in (3, 4, 8, 21):
            add(f"{folder}.max_length.{length}", folder, load={"max_length": length}, activation="identity")

    add("prompt_name", prompt_name="query")
    add("prompt_name.empty", prompt_name="empty")
    add("prompt_wins", prompt="x ", prompt_name="query")
    default = changed("tiny_cross/" + SETTINGS, default_prompt_name="query")
    add("default_prompt", files=default)
    add("default_prompt.empty_text", files=default, prompt="")

    # Which of the keys that may name the activation counts.
    own, config = "tiny_cross/" + SETTINGS, "tiny_cross/config.json"
    labels = "tiny_cross_labels/config.json"
    old = "sbert_ce_default_activation_function"
    add("key.own", files=changed(own, activation_fn=IDENTITY))
    add("key.own_short", files=changed(own, activation_fn="torch.nn.Identity"))
    add("key.null", files=changed(own, activation_fn=None))
    section = changed(config, sentence_transformers={"activation_fn": IDENTITY})
    add("key.null_then_section", files={**changed(own, activation_fn=None), **section})
    add("key.own_before_section", files=section)
    add("key.none_then_old", files={**changed(own, activation_fn="gone"), **changed(config, **{old: IDENTITY})})
    add("key.old_short", "tiny_cross_labels", files=changed(labels, **{old: "torch.nn.Sigmoid"}))
    add("key.old_gone", "tiny_cross_labels", files=changed(labels, **{old: "gone"}))
    for name, value in {"identity": {"activation_fn": IDENTITY}, "null": {"activation_fn": None}, "empty": {}}.items():
        add(f"key.section_and_old.{name}", "tiny_cross_labels", files=changed(labels, sentence_transformers=value))

    # What a folder that is no CrossEncoder's own may say, and what counts of it.
    add("bare", files={"modules.json": None, **default})
    add("bare.settings", files={"modules.json": None, "sentence_bert_config.json": {"max_seq_length": 9}})
    other = {"model_type": "SentenceTransformer", "default_prompt_name": "query", "activation_fn": IDENTITY}
    add("other_kind", files=changed(own, **other))
    add("no_kind", files={SETTINGS: None, "sentence_bert_config.json": {"max_seq_length": 9}})
    task = read("tiny_cross/sentence_bert_config.json")
    file_length = {"sentence_bert_config.json": {**task, "max_seq_length": 9}}
    add("file_length", files=file_length)
    add("file_length.load_wins", files=file_length, load={"max_length": 11})
    add("tokenizer_length", files=changed("tiny_cross/tokenizer_config.json", model_max_length=13))
    short = {"max_seq_length": 10, "transformer_task": "sequence-classification"}
    add("short_settings", files={"sentence_bert_config.json": short})
    add("no_architecture", files=changed(config, architectures=None, id2label="gone", label2id="gone"))
    add("num_labels_key", "tiny_cross_labels", files=changed(labels, id2label="gone", label2id="gone", num_labels=3))
    names = {"id2label": {"0": "no", "1": "yes"}, "label2id": {"no": 0, "yes": 1}}
    add("num_labels_key_wins", "tiny_cross_labels", files=changed(labels, **names, num_labels=3))
    return cases


ACTIVATIONS = {"identity": torch.nn.Identity(), "sigmoid": torch.nn.Sigmoid()}


def load(case):
    options = dict(case["load"])
    if "activation" in options:
        options["activation_fn"] = ACTIVATIONS[options.pop("activation")]
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(HERE / case["folder"], copy, dirs_exist_ok=True)
        for name, content in case["files"].items():
            path = pathlib.Path(copy) / name
            path.unlink(missing_ok=True)
            if content is not None:
                write_json(path, content)
        return CrossEncoder(copy, device="cpu", **options)


def run(case):
    model = load(case)
    case["loaded"] = {
        "max_length": model.max_seq_length,
        "num_labels": model.num_labels,
        "activation": type(model.activation_fn).__name__.lower(),
        "prompts": model.prompts,
        "default_prompt_name": model.default_prompt_name,
    }
    options = dict(case["options"])
    if "activation" in options:
        options["activation_fn"] = ACTIVATIONS[options.pop("activation")]
    return model.predict(PAIRS, batch_size=1, **options)


def make_tokens(model):
    """As predict tokenizes; from a batch of pairs, in which an empty second text counts."""
    records = []
    for index, (first, second) in enumerate(PAIRS):
        for length in (3, 4, 5, 8, 21, 64):
            model.max_seq_length = length
            e = model.preprocess([(first, second)])
            records.append(
                {
                    "pair": index,
                    "max_length": length,
                    "ids": e["input_ids"][0].tolist(),
                    "type_ids": e["token_type_ids"][0].tolist(),
                }
            )
    return records


def make_rankings():
    model = CrossEncoder(str(HERE / "tiny_cross"), device="cpu")
    rankings = []
    for options in ({}, {"top_k": 3}, {"top_k": 50, "return_documents": True}, {"prompt_name": "query"}):
        found = model.rank(QUERY, DOCUMENTS, batch_size=1, **options)
        rankings.append({"options": options, "results": found})
    return {"query": QUERY, "documents": DOCUMENTS, "rankings": rankings}


def main():
    make_folders()
    cases, arrays = cross_cases(), {}
    for case in cases:
        result = np.ascontiguousarray(run(case))
        assert np.isfinite(result).all(), case
        arrays[case["name"]] = result
    assert len(arrays) == len(cases)
    save_file(arrays, HERE / "cross.safetensors")
    tokens = make_tokens(CrossEncoder(str(HERE / "tiny_cross"), device="cpu"))
    write_json(
        HERE / "cross.json",
        {"versions": VERSIONS, "pairs": PAIRS, "tokens": tokens, "cases": cases, "rank": make_rankings()},
    )
    print(f"cross.json: {len(cases)} cases, {(HERE / 'cross.json').stat().st_size} bytes")


if __name__ == "__main__":
    main()
