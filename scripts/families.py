#!/usr/bin/env python3
"""The tables of families in models/README.md and README.md, made from what the tests compare.

    families.py [--check]

Rows are the model types that tests/encoders/golden_encoders_test.cpp lists, cells what their golden files hold for its
tests, for those of rerankers and tokenizers, and for reopen_in_python.py. With --check the committed pages are compared
instead of written: a ctest does that, so that no cell says more than ran.
"""

import json
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
ENCODERS_TEST = (ROOT / "tests/encoders/golden_encoders_test.cpp").read_text()
REOPEN = (ROOT / "tests/modules/reopen_in_python.py").read_text()
CLASS_NAMES = (ROOT / "src/tokenizers/tokenizer_class_names.cpp").read_text()
SPELLED = {"jina_bert": "`bert` with ALiBi (Jina)", "t5": "`t5` (its encoder)", "deberta-v2": "`deberta-v2` (v2 and v3)"}
TESTS = ("LastHiddenStatesEqualPythons", "LogitsEqualPythons", "GradientsEqualPythons", "HalfAndByteProductsStayClose")


def read_json(path):
    return json.loads((GOLDEN / path).read_text())


def tensor_names(path):
    with open(GOLDEN / path, "rb") as file:
        return set(json.loads(file.read(struct.unpack("<Q", file.read(8))[0])))


def quoted(pattern, text):
    """The strings of the list that stands behind `pattern`."""
    return re.findall(r'"([^"]+)"', re.search(pattern + r"\s*[{(](.*?)[})]", text, re.DOTALL).group(1))


def reranker_types():
    """Model types with scores by logits, of the folders that rerankers_test.cpp compares."""
    folders = {case["folder"] for case in read_json("rerankers.json")["cases"]}
    configs = [read_json(f"{folder}/config.json") for folder in folders]
    return {c["model_type"] for c in configs if c["architectures"][0].endswith("ForCausalLM")}


def tokenizer_cell(model_type, compared):
    """The class that tokenizes for a model type where its folder names none, if its ids are compared."""
    classes = dict(re.findall(r'\{"([^"]+)", "(\w+Tokenizer)"\}', CLASS_NAMES.split("kModelTypes[]")[1].split("};")[0]))
    name = classes.get("bert" if model_type == "jina_bert" else model_type, "TokenizersBackend")
    if name not in compared:
        return "no"
    return "as tokenizer.json stands" if name == "TokenizersBackend" else f"`{name}`"


def families():
    for name in TESTS:
        assert f"TEST_P(GoldenEncoders, {name})" in ENCODERS_TEST, f"there is no test {name}"
    remote = quoted("REMOTE_CODE =", REOPEN)
    rerankers = reranker_types()
    # BERT's classes have golden files of their own, wordpiece_*.jsonl.
    compared = {folder["class"] for folder in read_json("tokenizer_cases.json")["folders"].values()} | {"BertTokenizer"}
    for model_type in quoted(r"for \(const char\* type :", ENCODERS_TEST):
        configurations = read_json(f"encoders/{model_type}.json")["configurations"]
        names = tensor_names(f"encoders/{model_type}.safetensors")
        classifies = any(c["class"].endswith("ForSequenceClassification") for c in configurations)
        assert not classifies or any(name.endswith("/logits") for name in names), model_type
        yield {
            "model_type": model_type,
            "spelled": SPELLED.get(model_type, f"`{model_type}`"),
            "configurations": sum(1 + len(c["variations"]) for c in configurations),
            "token ids": tokenizer_cell(model_type, compared),
            "trains": any(c["gradients"] for c in configurations),
            "cross-encoder": classifies,
            "logits": model_type in rerankers,
            "reopened": model_type not in remote,
        }


def yes(value):
    return "yes" if value else "-"


def long_table(rows):
    lines = [
        "| `model_type` | loads | token ids | numbers (configurations) | trains | int8 | cross-encoder | reopened in Python |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        scores = yes(row["cross-encoder"]) + (", and by LogitScore" if row["logits"] else "")
        # Each configuration is loaded, compared, and computed in int8.
        cells = [row["spelled"], "yes", row["token ids"], f"yes ({row['configurations']})", yes(row["trains"]), "yes"]
        lines.append("| " + " | ".join([*cells, scores, yes(row["reopened"])]) + " |")
    return "\n".join(lines)


def short_table(rows):
    def all_but(key):
        without = [row["spelled"] for row in rows if not row[key]]
        return "all" if not without else "all but " + ", ".join(without)

    return "\n".join(
        [
            "| compared with Python | families |",
            "| --- | --- |",
            f"| load, hidden states, int8 | {', '.join(row['spelled'] for row in rows)} |",
            f"| gradients | {all_but('trains')} |",
            f"| scores of cross-encoders | {all_but('cross-encoder')} |",
            f"| saved here, opened in Python | {all_but('reopened')} |",
        ]
    )


def main():
    rows, stale = list(families()), []
    for page, table in (("models/README.md", long_table(rows)), ("README.md", short_table(rows))):
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        begin, end = "<!-- scripts/families.py writes this table -->\n", "<!-- end of the table -->"
        before, rest = text.split(begin)
        wanted = before + begin + table + "\n" + end + rest.split(end, 1)[1]
        if wanted == text:
            continue
        stale.append(page)
        if "--check" not in sys.argv:
            path.write_text(wanted, encoding="utf-8")
    if stale:
        print("written:" if "--check" not in sys.argv else "the tests say otherwise; run scripts/families.py:", *stale)
    return bool(stale) and "--check" in sys.argv


if __name__ == "__main__":
    sys.exit(main())
