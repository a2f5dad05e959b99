#!/usr/bin/env python3
"""What this library saves, opened by sentence-transformers itself: reopen_in_python.py RESAVE_PROGRAM.

Each folder of tests/golden's encoders, first_modules, sparse and multi_vector goes through the program, and Python must
find the golden numbers in what it wrote. Exits with 0 and a message where sentence-transformers is not installed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
try:
    import torch
    from safetensors.torch import load_file
    from sentence_transformers import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)
try:
    import nltk  # noqa: F401
except ImportError:
    nltk = None

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def prepare(name, folder):
    """As tests/modules/first_modules.h: tiny_bert's files beside a BERT's config.json."""
    shutil.copytree(GOLDEN / "first_modules" / name, folder)
    for config in folder.rglob("config.json"):
        if json.loads(config.read_text()).get("model_type") == "bert":
            for file in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
                shutil.copy(GOLDEN / "tiny_bert" / file, config.parent)


REMOTE_CODE = ("jina_bert", "new")  # files of model types that Python reads by code beside them


def write_tokenizer(folder):
    """One that every model type can have, of which no text is asked: letters, and no more tokens than the models have."""
    vocabulary = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    tokenizer = dict.fromkeys(("truncation", "padding", "normalizer", "pre_tokenizer", "decoder"))
    tokenizer |= {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}
    pieces = {"single": [first], "pair": [first, second], "special_tokens": {}}
    tokenizer["post_processor"] = {"type": "TemplateProcessing", **pieces}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Qwen2Tokenizer"}))


def reopen_encoder(name, kind, texts, types, wanted, temporary):
    """Hidden states, and logits of a classifier, of texts given as ids: the largest difference, relative to the largest."""
    before, after = temporary / "before" / name, temporary / kind / name
    shutil.copytree(GOLDEN / "encoders" / name, before, dirs_exist_ok=True)
    write_tokenizer(before)
    classifies = kind == "logits"
    subprocess.run([sys.argv[1], before, after, *(["cross_encoder"] if classifies else [])], check=True)
    model = CrossEncoder(str(after), device="cpu") if classifies else SentenceTransformer(str(after), device="cpu")
    largest = 0.0
    for index, ids in enumerate(texts):
        inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.int64)}
        if types and types[index]:
            inputs["token_type_ids"] = torch.tensor([types[index]])
        with torch.no_grad():
            found = model[0].auto_model(**inputs)[0][0]
        expected = wanted[f"{name}/text{index}/{kind}"]
        largest = max(largest, ((found - expected).abs().max() / expected.abs().max().clamp(min=1)).item())
    return largest


def reopen_encoders(temporary):
    failed = 0
    for file in sorted((GOLDEN / "encoders").glob("*.json")):
        if file.stem in REMOTE_CODE:
            continue
        wanted = load_file(file.with_suffix(".safetensors"))
        for entry in json.loads(file.read_text())["configurations"]:
            classifies = entry["class"].endswith("ForSequenceClassification")
            for kind in ("last_hidden", "logits") if classifies else ("last_hidden",):
                name, types = entry["name"], entry["type_ids"]
                difference = reopen_encoder(name, kind, entry["texts"], types, wanted, temporary)
                limit = 3e-5 if name == "modernbert_old" else 1e-5  # as in golden_encoders_test.cpp
                print(f"{name} {kind}: {'ok' if difference < limit else 'FAILED'}, difference {difference:.1e}")
                failed += difference >= limit
    return failed


def reopen_sparse(temporary):
    data = json.loads((GOLDEN / "sparse.json").read_text())
    results, failed = load_file(GOLDEN / "sparse.safetensors"), 0
    for case in data["cases"]:
        if case["call"] != "encode" or case["options"]:
            continue
        after = temporary / case["folder"]
        subprocess.run([sys.argv[1], GOLDEN / "sparse" / case["folder"], after, "sparse"], check=True)
        found = SparseEncoder(str(after), device="cpu").encode(data["texts"], batch_size=1).to_dense()
        expected = results[case["name"]]
        difference = ((found - expected).abs().max() / expected.abs().max()).item()
        print(f"{case['name']}: {'ok' if difference < 1e-5 else 'FAILED'}, difference {difference:.1e}")
        failed += difference >= 1e-5
    return failed


def reopen_multi_vector(temporary):
    data = json.loads((GOLDEN / "multi_vector.json").read_text())
    results, failed = load_file(GOLDEN / "multi_vector.safetensors"), 0
    for case in data["cases"]:
        after = temporary / case["folder"]
        if not after.exists():
            subprocess.run([sys.argv[1], GOLDEN / "multi_vector" / case["folder"], after, "multi_vector"], check=True)
        model = MultiVectorEncoder(str(after), device="cpu")
        found = torch.cat([getattr(model, case["call"])(text) for text in data["texts"]])
        difference = (found - results[case["name"]]).abs().max().item()
        print(f"{case['name']}: {'ok' if difference < 1e-5 else 'FAILED'}, difference {difference:.1e}")
        failed += difference >= 1e-5
    return failed


def main():
    data = json.loads((GOLDEN / "first_modules" / "cases.json").read_text())
    results = load_file(GOLDEN / "first_modules" / "results.safetensors")
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        for case in data["cases"]:
            name, task, key = case["name"], case["task"], case["key"]
            if name == "phrases" and nltk is None:
                print(f"{key}: skipped, PhraseTokenizer needs nltk")
                continue
            before, after = Path(temporary) / "before" / name, Path(temporary) / "after" / name
            if not after.exists():
                prepare(name, before)
                subprocess.run([sys.argv[1], before, after], check=True)
            model = SentenceTransformer(str(after), device="cpu")
            options = {"task": task} if task else {}
            found = [torch.as_tensor(model.encode(text, batch_size=1, **options)) for text in data["texts"]]
            difference = (torch.stack(found).float() - results[key]).abs().max().item()
            print(f"{key}: {'ok' if difference < 1e-5 else 'FAILED'}, difference {difference:.1e}")
            failed += difference >= 1e-5
        failed += reopen_encoders(Path(temporary) / "encoders")
        failed += reopen_sparse(Path(temporary) / "sparse")
        failed += reopen_multi_vector(Path(temporary) / "multi_vector")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
