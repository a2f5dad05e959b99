#!/usr/bin/env python3
"""Writes every golden file of this folder: python make_golden.py MODEL_FOLDER (see README.md)."""

import json
import pathlib
import shutil
import sys
import tempfile

import golden_models
import golden_util
import hard_texts
import tiny_cases
import tiny_folders

HERE = pathlib.Path(__file__).resolve().parent


def write_lines(name, records):
    with open(HERE / name, "w", encoding="ascii", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{name}: {len(records)} lines, {(HERE / name).stat().st_size} bytes")


def ids_of(tokenizer, text):
    return tokenizer(text, truncation=False, padding=False)["input_ids"]


def huge(tokenizer, prefix, unit, count, suffix):
    ids = ids_of(tokenizer, prefix + unit * count + suffix)
    digest = 0xCBF29CE484222325  # FNV-1a, 64 bits: a few lines in C++ too
    for byte in ",".join(map(str, ids)).encode():
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return {"repeat": [unit, count], "prefix": prefix, "suffix": suffix, "ids_fnv1a": f"{digest:016x}", "count": len(ids)}


def make_hard(tokenizer):
    records = [{"text": t, "ids": ids_of(tokenizer, t)} for t in hard_texts.short_texts()]
    records += [huge(tokenizer, *h) for h in hard_texts.huge_texts()]
    assert len(records) >= 1200, len(records)
    write_lines("wordpiece_hard.jsonl", records)


def with_options(folder, options):
    """The folder's tokenizer as transformers loads it once tokenizer_config.json says `options`."""
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        path = pathlib.Path(copy) / "tokenizer_config.json"
        config = json.loads(path.read_text())
        config.update(options)
        path.write_text(json.dumps(config))
        tokenizer = AutoTokenizer.from_pretrained(copy)
    normalizer = json.loads(tokenizer.backend_tokenizer.to_str())["normalizer"]
    assert normalizer["lowercase"] == tokenizer.do_lower_case
    for key, name in (
        ("do_lower_case", "lowercase"),
        ("strip_accents", "strip_accents"),
        ("tokenize_chinese_chars", "handle_chinese_chars"),
    ):
        assert normalizer[name] == config[key], (key, normalizer)
    return tokenizer


def make_cased():
    texts = [t for t in hard_texts.short_texts() if len(t) <= 120]
    cased = HERE / "tiny_bert_cased"
    chosen = hard_texts.SENTENCES + hard_texts.SYMBOLS
    chosen += [t for t in texts if t not in set(chosen)][::6]
    tokenizer = with_options(cased, {})
    write_lines("wordpiece_cased.jsonl", [{"text": t, "ids": ids_of(tokenizer, t)} for t in chosen])
    records = []
    for options in (
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "tokenize_chinese_chars": False},
        {"do_lower_case": False, "strip_accents": False, "tokenize_chinese_chars": False},
    ):
        tokenizer = with_options(cased, options)
        for text in [t for t in chosen if len(t) < 60][::3]:
            records.append({"options": options, "text": text, "ids": ids_of(tokenizer, text)})
    write_lines("wordpiece_options.jsonl", records)


def make_pairs(tokenizer):
    a = "The weather is lovely today, isn't it?"
    b = "He drove his car to the stadium and watched an unbelievably long football match with his friends."
    pairs = [(a, b), (b, a), ("", a), (a, ""), ("", ""), (a, a), ("a [SEP] b", "c [CLS]"), ("日本語", "한국어")]
    records = []
    for index, (first, second) in enumerate(pairs):
        for length in (2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 24, 64) if index < 4 else (2, 3, 5, 9, 64):
            # As a batch: called with two strings, an empty second one counts as none.
            e = tokenizer([(first, second)], truncation="longest_first", max_length=length, padding=False)
            records.append(
                {
                    "text": first,
                    "pair": second,
                    "max_length": length,
                    "ids": e["input_ids"][0],
                    "type_ids": e["token_type_ids"][0],
                }
            )
    for text in ("", "hello", a, b, " ".join([b] * 20), "unaffable " * 100, "[SEP]" * 10):
        for length in (2, 3, 5, 16, 256):
            e = tokenizer(text, truncation=True, max_length=length, padding=False)
            records.append(
                {
                    "text": text,
                    "pair": None,
                    "max_length": length,
                    "ids": e["input_ids"],
                    "type_ids": e["token_type_ids"],
                }
            )
    write_lines("wordpiece_pairs.jsonl", records)


def make_decode(tokenizer):
    lists = [
        ids_of(tokenizer, t)
        for t in hard_texts.SYMBOLS
        + hard_texts.SENTENCES[:32:2]
        + [
            "Hello, world! I'm don't can't it's we've they're ?",
            "a - b . c , d ' e ' f",
            "do not do n't",
            "( a ) [ b ] { c }",
        ]
    ]
    for tokens in (
        ["##ing", "cat"],
        ["[CLS]", "##ing"],
        ["[PAD]", "a", "[PAD]"],
        ["[UNK]", "##s"],
        ["a", ".", "##s"],
        ["##s", "##s"],
        [".", "!", "?", ","],
        ["a", "'", "s"],
        ["a", "...", "b"],
        ["[SEP]"],
        ["[CLS]", "[SEP]"],
        [],
        ["[MASK]", "[MASK]"],
        ["un", "##aff", "##able", ","],
    ):
        lists.append(tokenizer.convert_tokens_to_ids(tokens))
    records = [
        {
            "ids": ids,
            "text": tokenizer.decode(ids),
            "skip_special_tokens": tokenizer.decode(ids, skip_special_tokens=True),
        }
        for ids in lists
    ]
    write_lines("wordpiece_decode.jsonl", records)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_golden.py MODEL_FOLDER   (a folder with all-MiniLM-L6-v2)")
    model = golden_models.load(sys.argv[1])
    tiny_folders.make_tiny_folders(HERE)
    make_hard(model.tokenizer)
    make_cased()
    make_pairs(model.tokenizer)
    make_decode(model.tokenizer)
    golden_models.make_minilm(model, HERE)
    tiny_cases.make_tiny_cases(HERE)
    golden_util.make_util(HERE)
    total = sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    print(f"{total} bytes in all")
    assert total < 7_000_000


if __name__ == "__main__":
    main()
