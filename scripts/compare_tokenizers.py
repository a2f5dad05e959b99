#!/usr/bin/env python3
"""Compares this library's token ids with Hugging Face's on real texts in many languages.

    compare_tokenizers.py MODEL_FOLDER TOKEN_IDS_PROGRAM [--texts 100000] [--mutated 20000] [--keep TEXTS_FILE]

TOKEN_IDS_PROGRAM is run as `token_ids MODEL_FOLDER --escaped`, reads one text a line on stdin and prints one
line of space-separated ids for each: special tokens in, nothing cut. Of the texts, as many as --mutated says
are then cut, joined and sprinkled with rare characters, white space and the tokenizer's added tokens. Needs Debian or Ubuntu (the
texts are manual pages, package descriptions and language names, downloaded with apt-get into a
temporary folder; no root, nothing is installed) and `pip install transformers==5.23.0`.
Exits with 1 if any text differs.
"""

import argparse
import gettext
import gzip
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

PACKAGES = [
    *(
        "manpages-" + language
        for language in ("cs da de el es fi fr hu id it ja mk nb nl pl pt pt-br ro ru sr sv tr uk vi zh").split()
    ),
    *(f"manpages-{language}-dev" for language in "de es fr it ja pl pt-br ru uk".split()),
    "manpages",
    "manpages-dev",
    "iso-codes",
]
LONGEST = 2000  # characters of a text; longer paragraphs are cut here


def download(folder):
    """Fetches and unpacks what the archive has of PACKAGES; returns one folder for each."""
    known = set(subprocess.run(["apt-cache", "pkgnames"], capture_output=True, text=True, check=True).stdout.split())
    wanted = [package for package in PACKAGES if package in known]
    if not wanted:
        sys.exit("apt knows none of the packages; run apt-get update first")
    subprocess.run(["apt-get", "download", "-q", *wanted], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    unpacked = []
    for archive in sorted(folder.glob("*.deb")):
        target = folder / archive.name.split("_")[0]
        subprocess.run(["dpkg-deb", "-x", str(archive), str(target)], check=True)
        archive.unlink()
        unpacked.append(target)
    return unpacked


def manual_paragraphs(path):
    """The source paragraphs of one manual page: half of them with roff's escapes left in."""
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    paragraph = []
    for line in text.split("\n") + [".PP"]:
        if line.startswith(('.\\"', "'\\\"", "'")):
            continue
        request = re.match(r"\.\s*(PP|P|LP|TP|IP|SH|SS|HP|Sh|Pp|It|sp|br)\b", line)
        if request or not line.strip():
            if paragraph:
                yield " ".join(paragraph)
            paragraph = []
            line = line[request.end() :].strip() if request else ""
        if line:
            paragraph.append(line)


def catalogue_texts(path):
    """The translations in one .mo file."""
    try:
        with open(path, "rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog
    except (OSError, UnicodeDecodeError, LookupError):
        return
    for key, value in catalogue.items():
        if key and isinstance(value, str):
            yield value


def package_descriptions():
    out = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout.decode("utf-8", "replace")
    for stanza in out.split("\n\n"):
        found = re.search(r"^Description(?:-\w+)?: (.*(?:\n .*)*)", stanza, re.MULTILINE)
        if found:
            yield found.group(1).replace("\n", " ")


def plain(text):
    """Roff without its escapes."""
    text = re.sub(r"\\f(?:[A-Z]|\(..|\[.*?\])|\\[&,/|^]", "", text)
    return text.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")


def collect(folder, limit):
    """Up to `limit` distinct texts, the same number from each source as far as they reach."""
    sources = {"descriptions": package_descriptions()}
    for unpacked in download(folder):
        if unpacked.name == "iso-codes":
            catalogues = sorted(unpacked.rglob("*.mo"))
            sources["iso-codes"] = (text for path in catalogues for text in catalogue_texts(path))
        else:
            pages = sorted(path for path in unpacked.rglob("*.gz") if "/man/" in str(path))
            sources[unpacked.name] = (text for path in pages for text in manual_paragraphs(path))
    rng = random.Random(1)
    pools = {}
    for name, texts in sources.items():
        distinct = {}
        for text in texts:
            text = plain(text) if rng.random() < 0.5 else text
            text = text.replace("\n", " ").replace("\r", " ")[:LONGEST]
            if text.strip():
                distinct[text] = None
        pools[name] = list(distinct)
        rng.shuffle(pools[name])
    chosen = {}
    while len(chosen) < limit and any(pools.values()):
        for name in sorted(pools, key=lambda n: len(pools[n])):
            share = max(1, (limit - len(chosen)) // len(pools))
            taken, pools[name] = pools[name][:share], pools[name][share:]
            for text in taken:
                if len(chosen) < limit:
                    chosen[text] = name
    counts = {}
    for name in chosen.values():
        counts[name] = counts.get(name, 0) + 1
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return list(chosen)


def interesting_characters():
    """Where tokenizers differ: spaces, marks, cased letters, numbers, symbols, jamo, the newest letters."""
    spaces = [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F]
    marks = [0x300, 0x301, 0x308, 0x323, 0x327, 0x345, 0x93C, 0xE33, 0x3099, 0xFF9E, 0x1D165, 0x20E3, 0xFE0F, 0x200D]
    letters = [0x130, 0x131, 0x17F, 0x1C5, 0x1E9E, 0x3A3, 0x3C2, 0x958, 0x344, 0x212B, 0xFB01, 0xAC01, 0x1100, 0x1161, 0x11A8]
    others = [0, 1, 0x7F, 0xAD, 0xB2, 0xBD, 0x2163, 0x2460, 0x967, 0x2019, 0x2581, 0x24B6, 0x1F600, 0x1F1E9, 0xFEFF, 0xFFFD]
    newest = [0x898, 0x16D40, 0x10D40, 0x32FF, 0xA7F2, 0x11938, 0x2EBF0, 0x3000, 0x6F22, 0x5B57, 0xFDFA, 0xFF21, 0xFF11]
    return [chr(c) for c in spaces * 3 + marks + letters + others + newest]


def mutated(texts, count, added_tokens):
    """`count` texts made of parts of others, with all that is rare in them."""
    rng = random.Random(2)
    pool = interesting_characters()
    made = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 4)):
            text = rng.choice(texts)
            start = rng.randrange(len(text))
            parts.append(text[start : start + rng.randint(1, 40)])
            kind = rng.random()
            if kind < 0.5:
                parts.append("".join(rng.choice(pool) for _ in range(rng.randint(1, 4))))
            elif kind < 0.65 and added_tokens:
                parts.append(rng.choice(["", " ", "  "]) + rng.choice(added_tokens) + rng.choice(["", " ", "\n"]))
            elif kind < 0.8:
                parts.append(rng.choice([" ", "\n", "\r\n", "\t", "=", "-", "a", "o", "\u3000"]) * rng.randint(1, 40))
            elif kind < 0.9:
                parts.append(rng.choice(["'s", "'S", "'\u017f", "DON'T", "'ll", "'LL", "it's", "''", "``", "'ve"]))
            else:
                parts.append(chr(rng.choice([rng.randrange(0x80, 0x3000), rng.randrange(0xE000, 0x110000)])))
        made.append("".join(parts))
    return made


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model_folder")
    parser.add_argument("token_ids_program")
    parser.add_argument("--texts", type=int, default=100_000, help="how many at most")
    parser.add_argument("--mutated", type=int, default=20_000, help="how many more are made of them")
    parser.add_argument("--keep", help="write the texts there, and read them from there if it exists")
    arguments = parser.parse_args()

    if arguments.keep and os.path.exists(arguments.keep):
        texts = pathlib.Path(arguments.keep).read_bytes().decode("utf-8").split("\n")[:-1][: arguments.texts]
    else:
        with tempfile.TemporaryDirectory() as folder:
            texts = collect(pathlib.Path(folder), arguments.texts)
        if arguments.keep:
            pathlib.Path(arguments.keep).write_bytes("".join(text + "\n" for text in texts).encode("utf-8"))

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(arguments.model_folder)
    texts += mutated(texts, arguments.mutated, list(tokenizer.get_added_vocab()))

    lines = "".join(escaped(text) + "\n" for text in texts).encode("utf-8")
    ours = subprocess.run(
        [arguments.token_ids_program, arguments.model_folder, "--escaped"], input=lines, capture_output=True
    )
    if ours.returncode != 0:
        sys.exit(f"{arguments.token_ids_program} failed: {ours.stderr.decode('utf-8', 'replace').strip()}")
    ours = ours.stdout.decode("ascii").split("\n")[:-1]
    if len(ours) != len(texts):
        sys.exit(f"{arguments.token_ids_program} printed {len(ours)} lines for {len(texts)} texts")

    tokens = differences = unknown = 0
    for start in range(0, len(texts), 1000):
        batch = texts[start : start + 1000]
        for offset, ids in enumerate(tokenizer(batch, truncation=False, padding=False)["input_ids"]):
            tokens += len(ids)
            unknown += ids.count(tokenizer.unk_token_id)
            found = [int(x) for x in ours[start + offset].split()]
            if found != ids:
                differences += 1
                at = next((i for i, (x, y) in enumerate(zip(found, ids)) if x != y), min(len(found), len(ids)))
                print(
                    f"text {start + offset}: {ascii(batch[offset])}\n  token {at}: ours {found[at:at + 8]}, "
                    f"Hugging Face {ids[at:at + 8]} {tokenizer.convert_ids_to_tokens(ids[at:at + 8])}"
                )
    print(
        f"{type(tokenizer).__name__}: {len(texts)} texts, {sum(map(len, texts))} characters, {tokens} tokens ({unknown} unknown), {differences} differences"
    )
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
