#!/usr/bin/env python3
"""Makes the fuzz targets' seed corpora, cut down from the golden files: make_corpus.py FOLDER.

Each target gets FOLDER/TARGET with its inputs, and FOLDER/TARGET.dict with words for libFuzzer. Only Python's own library is used.
"""

import gzip
import itertools
import json
import struct
import sys
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
LONGEST_SEED = 8192


class Corpus:
    def __init__(self, folder, target):
        self.folder = folder / target
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        self.dictionary = folder / f"{target}.dict"
        self.count = 0
        self.words = set()

    def add(self, content):
        if isinstance(content, str):
            content = content.encode()
        if len(content) <= LONGEST_SEED:
            (self.folder / f"seed{self.count:03}").write_bytes(content)
            self.count += 1

    def add_words(self, value):
        """All short keys and texts in a JSON value."""
        if isinstance(value, dict):
            for key, part in value.items():
                self.words.add(key)
                self.add_words(part)
        elif isinstance(value, list):
            for part in value[:50]:
                self.add_words(part)
        elif isinstance(value, str):
            self.words.add(value)

    def finish(self, extra=()):
        lines = {escaped(word) for word in self.words if 1 < len(word.encode()) <= 40} | {escaped(word) for word in extra}
        self.dictionary.write_text("".join(f'"{line}"\n' for line in sorted(lines)))


def escaped(word):
    data = word if isinstance(word, bytes) else word.encode()
    return "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02x}" for b in data)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def load(path):
    return json.loads((GOLDEN / path).read_text(encoding="utf-8"))


PUNCTUATION = ["{}", "[]", '":', '",', "null", "true", "false", "-1", "0", "1e999", "18446744073709551615", '"\\ud800"', "\\u0000"]


def make_config(folder):
    corpus = Corpus(folder, "config")
    for path in sorted(GOLDEN.rglob("*config*.json")) + sorted(GOLDEN.rglob("modules.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        corpus.add(compact(value))
        corpus.add_words(value)
    corpus.add(compact({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": {"d": [2]}}, "merges": []}, "x": [1.5, -2, None]}))
    corpus.add("[" * 99 + "]" * 99)
    corpus.add('{"a": 1, "a": {"b": 2}, "\\u00e9\\ud83d\\ude00": 1e308, "": -0.0}')
    corpus.finish(PUNCTUATION + ["model", "vocab"])


def header_of(path):
    data = (GOLDEN / path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


def smaller_header(header, tensors):
    """The first tensors, closed up from offset 0."""
    result, offset = {}, 0
    for name, entry in header.items():
        if name == "__metadata__":
            result[name] = entry
            continue
        begin, end = entry["data_offsets"]
        if len(result) > tensors or end - begin > 1024:
            continue
        result[name] = {**entry, "data_offsets": [offset, offset + end - begin]}
        offset += end - begin
    return result, offset


def make_safetensors(folder):
    corpus = Corpus(folder, "safetensors")
    for path in sorted(GOLDEN.rglob("*.safetensors")):
        header, size = smaller_header(header_of(path), 4)
        text = compact(header)
        corpus.add(text)
        if size <= 512:
            corpus.add(struct.pack("<Q", len(text)) + text.encode() + bytes(range(256)) * 2)
    types = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1, "U64": 8, "F8_E4M3": 1}
    for name, size in types.items():
        corpus.add(compact({"t": {"dtype": name, "shape": [2, 3], "data_offsets": [1, 1 + 6 * size]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}))
    corpus.add(compact({"__metadata__": {"format": "pt"}, "e": {"dtype": "F32", "shape": [0, 7], "data_offsets": [0, 0]}, "s": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}))
    corpus.finish(PUNCTUATION + list(types) + ["__metadata__", "dtype", "shape", "data_offsets", "9223372036854775807"])


def make_store(folder):
    corpus = Corpus(folder, "store")
    sentences = ["", "a cat", 'say "no"', "caf\u00e9 \u6f22\n"]
    for name, size in {"F32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1}.items():
        entry = {"dtype": name, "shape": [4, 3], "data_offsets": [0, 12 * size]}
        for metadata in ({"sentences": compact(sentences)}, {"sentences": compact(sentences), "checksum": "xxh64:0123456789abcdef"}):
            corpus.add(compact({"__metadata__": metadata, "embeddings": entry}))
    text = compact({"__metadata__": {"format": "pt"}, "embeddings": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}, "sentences": {"dtype": "U8", "shape": [9], "data_offsets": [8, 17]}})
    corpus.add(text)
    corpus.add(struct.pack("<Q", len(text)) + text.encode() + b"12345678" + b'["a","b"]')
    corpus.add(compact({"__metadata__": {"sentences": "[]"}, "embeddings": {"dtype": "F32", "shape": [0, 3], "data_offsets": [0, 0]}}))
    corpus.finish(PUNCTUATION + ["__metadata__", "sentences", "embeddings", "checksum", "xxh64:", "dtype", "shape", "data_offsets", "F32", "U8", "BOOL"])


def make_npy(folder):
    corpus = Corpus(folder, "npy")
    types = {"<f4": 4, "<f2": 2, "<f8": 8, "|i1": 1, "|u1": 1, "<i2": 2, "<i4": 4, "<i8": 8, "|b1": 1, ">f4": 4, "<c8": 8}
    for (descr, size), shape in itertools.product(types.items(), ("(2, 3)", "(6,)", "()", "(0, 3)")):
        header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
        corpus.add(header)
        if shape == "(2, 3)":
            padded = header.ljust(117) + "\n"
            corpus.add(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode() + bytes(range(6 * size)))
            corpus.add(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(padded)) + padded.encode() + bytes(range(6 * size)))
    corpus.add("{'descr': [('a', '<f4')], 'fortran_order': True, 'shape': (1,), }")
    corpus.finish(list(types) + ["'descr': ", "'fortran_order': ", "'shape': ", "True", "False", "(1, 9223372036854775807)", b"\x93NUMPY\x01\x00"])


def make_records(folder):
    corpus = Corpus(folder, "records")
    pairs = [(first, second, score) for first, second, score in load("training.json")["pairs"]]
    quote = lambda text: '"' + str(text).replace('"', '""') + '"'
    lists = {
        "0": "a,b,score\n" + "".join(f"{quote(a)},{b},{s}\r\n" for a, b, s in pairs),
        "1": "".join(f"{quote(a)},{quote(b + chr(10) + a)},{s}\n" for a, b, s in pairs),
        "2": "a\tb\tscore\n" + "".join(f"{a}\t{b}\t{s}\n" for a, b, s in pairs),
        "3": "".join(f"{a}\t{b}\t{s}\r\n" for a, b, s in pairs),
        "4": "".join(compact({"split": split, "a": a, "b": [b, a], "score": label}) + "\n" for (a, b, s), (split, label) in zip(pairs, [("train", "yes"), ("dev", "no"), ("train", "-"), ("train", ["no", "yes"])])),
        "5": "".join(f"{a}\n\n" for a, b, s in pairs),
        "6": "".join(compact({"a": a, "b": b, "score": s}) + "\n" for a, b, s in pairs),
    }
    for mode, text in lists.items():
        corpus.add(mode + text)
        corpus.add(mode + "\ufeff" + text[:200])
        corpus.add(mode.encode() + gzip.compress(text.encode(), mtime=0))
    corpus.add('1x","\nx","\nx","\n"a""b"\n"open\n\n,,\n"y"z,1\n')
    corpus.add('6[1,2]\n{"a":"x","b":["y",[]],"score":true}\n{"a":1e999}\n[{"a":1}]\n')
    corpus.add("6[\n{},\n{}\n]\n")
    corpus.finish(PUNCTUATION + ['","', '""', '"\n', "\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b\x08", "a,b,score\n", "a\tb\tscore\n", "1e308", "nan", "inf", "split", "train"])


def small_model(model):
    """A tokenizer's model with at most 60 tokens and 30 merges."""
    model = dict(model)
    if isinstance(model.get("vocab"), dict):
        model["vocab"] = dict(list(model["vocab"].items())[:60])
    if "merges" in model:
        pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        known = model["vocab"]
        model["merges"] = [pair for pair in pairs if pair[0] in known and pair[1] in known and "".join(pair) in known][:30]
    return model


def make_tokenizer(folder):
    corpus = Corpus(folder, "tokenizer")
    stages = load("tokenizer_stages.json")
    texts = [text.replace("\0", "") for text in stages["texts"]]
    some = itertools.cycle(texts)
    join = lambda *parts: "\0".join(part if isinstance(part, str) else compact(part) for part in parts)
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "b": 4, "##b": 5, "\u2581": 6, "\u2581a": 7, "caf\u00e9": 8, "1": 9, "-": 10}
    for path in sorted(GOLDEN.rglob("tokenizer.json")):
        tokenizer = json.loads(path.read_text(encoding="utf-8"))
        tokenizer["model"] = small_model(tokenizer["model"])
        others = [path.parent / name for name in ("tokenizer_config.json", "config.json")]
        others = [json.loads(other.read_text()) if other.exists() else "" for other in others]
        if others[1]:
            others[1] = {"model_type": others[1].get("model_type")}
        corpus.add(join(tokenizer, *others, next(some), next(some)))
        corpus.add(join(tokenizer, "", "", next(some), next(some)))
        for value in [tokenizer, *others]:
            corpus.add_words(value)
    word_level = {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}
    word_piece = {"type": "WordPiece", "vocab": words, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    added = [{"id": 11, "content": "<x>", "single_word": True, "lstrip": True, "rstrip": True, "normalized": True, "special": False}]
    models = itertools.cycle([word_level, word_piece])
    for key, kind in (("normalizer", "normalizers"), ("pre_tokenizer", "pre_tokenizers"), ("decoder", "decoders")):
        for row in stages[kind]:
            model = next(models)
            corpus.add(join({"added_tokens": added, key: row["config"], "model": model}, "", "", next(some), "a<x>b"))
            corpus.add_words(row["config"])
    for row in stages["bpe"]:
        corpus.add(join({"model": row["model"]}, "", "", *stages["bpe_texts"][:6]))
        corpus.add_words({**row["model"], "vocab": {}})
    for template in ("BertProcessing", "RobertaProcessing"):
        corpus.add(join({"model": word_piece, "post_processor": {"type": template, "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]}}, {"truncation_side": "left", "model_max_length": 8}, "", texts[1]))
    corpus.add(join("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\na\nb\n##b\n", {"tokenizer_class": "BertTokenizer"}, {"model_type": "bert"}, "ab a b"))
    corpus.finish(PUNCTUATION + [b"\x00", "\u2581", "<0xE6>", "##", "\\\\p{L}", "\\\\s+(?!\\\\S)", "{1,3}", "[^\\\\r\\\\n]", "(?i:", "TemplateProcessing", "SpecialToken", "Sequence"])


def make_torch_file(folder):
    corpus = Corpus(folder, "torch_file")
    for path in sorted(GOLDEN.glob("torch_files/*.bin")):
        corpus.add(path.read_bytes())
    corpus.finish(["torch._utils", "_rebuild_tensor_v2", "torch", "FloatStorage", "collections", "OrderedDict", "data.pkl", "byteorder", "version", b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x80\x02", b"\x8a\x0a\x6c\xfc"])


def make_trainer_state(folder):
    corpus = Corpus(folder, "trainer_state")
    steps = [{"step": step, "epoch": step / 4, "loss": 1 / step, "learning_rate": 1e-5, "grad_norm": 0.5, "steps_per_second": 8.0} for step in (1, 2, 4)]
    evaluation = {"step": 4, "epoch": 1.0, "metrics": {"dev_cosine_spearman": 0.8, "dev_loss": None}, "primary_metric": "dev_cosine_spearman"}
    bad = {"step": 0, "dataset": "pairs", "bad_lines": 2, "messages": ["train.tsv:3: has 1 columns"]}
    state = {
        "step": 4, "epoch": 1, "batches_done": 2, "evaluated_step": 4, "metrics": {"dev_cosine_spearman": 0.8}, "best_metrics": {"dev_cosine_spearman": 0.8},
        "history": [bad, {"step": 0, "dataset": "pairs", "shuffle_window": 1000}, *steps, evaluation], "loss_since_log": 0.25, "logged_step": 4,
        "callbacks": [{"bad": 1.0}, {}], "csv_sizes": {"similarity_evaluation_dev_results.csv": 120}, "best_metric": 0.8, "best_checkpoint": "checkpoint-4",
    }  # fmt: skip
    corpus.add(compact(state))
    corpus.add(compact({"step": 0, "epoch": 0, "batches_done": 0}))
    for key in state:
        corpus.add(compact({k: v for k, v in state.items() if k != key}))
        corpus.add(compact({**state, key: None}))
    for line in state["history"]:
        corpus.add(compact({"step": 9, "epoch": 1, "batches_done": 1, "history": [line, line]}))
    corpus.add_words(state)
    corpus.finish(PUNCTUATION + ["checkpoint-", "..", "/"])


def make_chat_template(folder):
    corpus = Corpus(folder, "chat_template")
    for case in load("rerankers.json")["cases"]:
        for name, content in (case.get("files") or {}).items():
            if name == "chat_template.jinja" and content:
                corpus.add(content)
    corpus.add((GOLDEN / "tiny_reranker/chat_template.jinja").read_text())
    show = lambda role: f'{{{{ (messages | selectattr("role", "eq", "{role}") | first).content }}}}'
    corpus.add("{# a comment -#}\n{% set q = messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first %}{{- q | trim -}} {{ 'a\\n' }}" + show("document") + "\r\n")
    corpus.add("{% set s = messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first | default('none') %}{{ s }}" + show("query") + show("document"))
    corpus.finish(["{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "{%+", "-%}", " | ", "messages", "selectattr(", "'role', 'eq', ", "map(attribute='content')", "first", "trim", "default('')", ".content", "[0].text", "query", "document", "system", "set ", " = ", "\\n"])


def make_hub_tree(folder):
    corpus = Corpus(folder, "hub_tree")
    git, large = "0123456789abcdef0123456789abcdef01234567", "0123456789abcdef" * 4
    small = {"type": "file", "oid": git, "size": 12, "path": "1_Pooling/config.json"}
    lfs = {"type": "file", "oid": git, "size": 90, "path": "model.safetensors", "lfs": {"oid": large, "size": 90, "pointerSize": 134}, "xetHash": large}
    page = [small, lfs, {"type": "directory", "oid": git, "size": 0, "path": "1_Pooling"}]
    corpus.add(compact(page))
    for path in ("../x", "a/../b", "/x", "a//b", "C:\\x", "a..b", "", "\u0000"):
        corpus.add(compact([{**small, "path": path}]))
    kept = {"1_Pooling/config.json": {"size": 12, "blob_id": git}, "model.safetensors": {"size": 90, "blob_id": git, "lfs_sha256": large, "lfs_size": 90, "xet_hash": large}}
    corpus.add(compact({"format_version": 1, "files": kept}))
    corpus.add_words([page, kept, [{"format_version": 1, "files": 2, "xet_hash": 1, "lfs_sha256": 1}]])
    corpus.finish(PUNCTUATION + ["../", "/..", "./"])


def make_route_mappings(folder):
    corpus = Corpus(folder, "route_mappings")
    for path in sorted(GOLDEN.rglob("router_config.json")):
        corpus.add(compact(json.loads(path.read_text()).get("parameters", {})))
    keys = ["('query', None)", "(None, ('image', 'text'))", "(None, None)", '("a\'b", \'text\',)', "( 'x' ,( 'b','a', ) )"]
    corpus.add(compact({"route_mappings": {key: "query" for key in keys}}))
    corpus.add(compact({"route_mappings": {"query": 1}}))
    corpus.finish(PUNCTUATION + ["route_mappings", "('", "', ", "None", "(None, ", "')", "))", "('a', ('b', 'c'))"])


def make_words(folder):
    corpus = Corpus(folder, "words")
    texts = ["The CAT's big-hearted, sat!", "a\u00a0b New_York new york \u03a3\u0399\u03a3", '"He said: can\'t, won\'t..." (cannot) $5.00 10,000', "", "a--b; 'tis d'ye gimme"]
    for name, letter in (("whitespacetokenizer_config.json", "w"), ("phrasetokenizer_config.json", "p")):
        for path in sorted(GOLDEN.rglob(name)):
            config = json.loads(path.read_text(encoding="utf-8"))
            corpus.add("\0".join([letter + compact(config), *texts]))
            config = {**config, "vocab": config["vocab"][:20] + ["new_york", "can", "not", "''", "$"]}
            corpus.add("\0".join([letter + compact(config), *texts]))
            corpus.add("\0".join([letter + compact({**config, "do_lower_case": True, "stop_words": config["vocab"][:5], "ngram_separator": None}), *texts]))
            corpus.add_words(config)
    corpus.finish(PUNCTUATION + [b"\x00", "''", "``", "...", "--", "can't", "n't", "\u03a3", b"\xc2\xa0"])


def main():
    folder = Path(sys.argv[1])
    makers = [make_chat_template, make_config, make_hub_tree, make_npy, make_records, make_route_mappings, make_safetensors, make_store, make_tokenizer, make_torch_file, make_trainer_state, make_words]
    for make in makers:
        make(folder)


if __name__ == "__main__":
    main()
