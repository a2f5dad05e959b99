#!/usr/bin/env python3
"""Writes src/tokenizers/grapheme_table.inc: the part that each code point has in grapheme clusters.

Hugging Face's Precompiled normalizer looks a cluster of fewer than six bytes up as a whole. So, with a small
character map of our own, each property is read off what the `tokenizers` library makes of a code point between
others (needs only `pip install tokenizers==0.23.3`; takes half a minute). The names are those of Unicode's
Standard Annex 29. Regional indicators are left out: a cluster that holds one has six bytes or more, and wherever it
is cut, its code points are looked up one by one. At the end random texts go both ways.
"""

import pathlib
import random
import struct
import sys

import tokenizers
from make_unicode_tables import code_points, two_stages
from tokenizers import normalizers

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "src" / "tokenizers" / "grapheme_table.inc"
OTHER, CONTROL, EXTEND, CONJUNCT, LINKER, SPACING, JOINER, PREPEND, CONSONANT, PICTURE, LEADING, VOWEL, TRAILING = range(13)
MARK, KA, VIRAMA, A_VOWEL, A_TRAILING, A_LEADING, ZWJ = map(chr, (0x301, 0x915, 0x94D, 0x1161, 0x11A8, 0x1100, 0x200D))


def charsmap(entries):
    """The bytes of a Precompiled map: a double array with a block of 256 units for each node, and the texts."""
    texts, units, places = b"", {}, {b"": 0}
    for key in sorted(entries):
        for size in range(len(key)):
            places.setdefault(key[: size + 1], None)
    for block, key in enumerate(places):
        places[key] = 256 * (block + 1)
    for key, block in places.items():
        here = places[key[:-1]] + key[-1] if key else 0
        label = key[-1] if key else 0
        units[here] = (here ^ block) << 10 | (key in entries) << 8 | label
        if key in entries:
            units[block] = 1 << 31 | len(texts)
            texts += entries[key] + b"\0"
    trie = [units.get(i, 0) for i in range(256 * (len(places) + 1))]
    return struct.pack("<I", 4 * len(trie)) + struct.pack(f"<{len(trie)}I", *trie) + texts


MAPPED = ["a", "\u00a9", KA, A_VOWEL, A_TRAILING, A_LEADING]
MAP = charsmap({MARK.encode(): b"Z"} | {c.encode(): b"X" for c in MAPPED})
normalize = normalizers.Precompiled(MAP).normalize_str


def joined(before, c):
    """Is there no boundary in front of `c`, which is one of MAPPED? Alone it forms a short cluster with MARK."""
    return normalize(before + c + MARK).endswith("Z")


def part(c):
    c = chr(c)
    if c in (ZWJ, "\r", "\n"):
        return JOINER if c == ZWJ else CONTROL
    if normalize("a" + c) == "X":
        if joined(KA + c, KA):
            return LINKER
        if not joined("\u00a9" + c + ZWJ, "\u00a9"):
            return SPACING
        return CONJUNCT if joined(KA + VIRAMA + c, KA) else EXTEND
    if normalize(c + MARK + MARK).count("Z") == 1:
        return CONTROL
    if joined(c, "a"):
        return PREPEND
    if joined(c + VIRAMA, KA):
        return CONSONANT
    if joined(c + ZWJ, "\u00a9"):
        return PICTURE
    if joined(c, A_LEADING):
        return LEADING
    if 0xAC00 <= ord(c) < 0xAC00 + 11172:
        assert joined(c, A_TRAILING) and joined(c, A_VOWEL) == ((ord(c) - 0xAC00) % 28 == 0), hex(ord(c))
        return OTHER  # Hangul syllables are known by their number
    if joined(c, A_VOWEL):
        return VOWEL
    return TRAILING if joined(c, A_TRAILING) else OTHER


def hangul(c, parts):
    """Which jamo can follow a code point, and whether it can follow a leading one, a vowel, a trailing one."""
    if 0xAC00 <= c < 0xAC00 + 11172:
        return {"LV" if (c - 0xAC00) % 28 == 0 else "LVT"}
    return {{LEADING: "L", VOWEL: "V", TRAILING: "T"}.get(parts[c])}


def clusters(text, parts):
    """Cuts a text as the C++ code does."""
    out, cluster, picture, consonant, linked = [], [], False, False, False
    for c in map(ord, text):
        p = parts[c]
        if cluster:
            before = parts[cluster[-1]]
            (left,), (right,) = hangul(cluster[-1], parts), hangul(c, parts)
            if cluster[-1] == 0x0D and c == 0x0A:
                join = True
            elif before == CONTROL or p == CONTROL:
                join = False
            else:
                join = (
                    p in (EXTEND, CONJUNCT, LINKER, SPACING, JOINER)
                    or before == PREPEND
                    or (left == "L" and right in ("L", "V", "LV", "LVT"))
                    or (left in ("V", "LV") and right in ("V", "T"))
                    or (left in ("T", "LVT") and right == "T")
                    or (before == JOINER and p == PICTURE and picture)
                    or (p == CONSONANT and consonant and linked)
                )
            if not join:
                out.append("".join(map(chr, cluster)))
                cluster = []
        # "picture": a picture and what extends it, then perhaps one joiner.
        if p == PICTURE:
            picture = True
        elif p not in (EXTEND, CONJUNCT, LINKER, JOINER) or (cluster and parts[cluster[-1]] == JOINER):
            picture = False
        if p == CONSONANT:
            consonant, linked = True, False
        elif p == LINKER:
            linked = consonant
        elif p not in (CONJUNCT, JOINER):
            consonant = linked = False
        cluster.append(c)
    return out + ["".join(map(chr, cluster))] if cluster else out


def verify(parts, random_texts=300_000):
    mapped = {MARK: "Z"} | {c: "X" for c in MAPPED}
    pools = {}
    for c, p in enumerate(parts):
        pools.setdefault(p, []).append(chr(c))
    del pools[OTHER]
    rng = random.Random(1)
    often = [*MAPPED, MARK, MARK, ZWJ, VIRAMA, "\uac00", "\uac01", "\r", "\n", "\u0600", "\u0903", "\u200c"]
    for _ in range(random_texts):
        text = "".join(
            rng.choice(often) if rng.random() < 0.7 else rng.choice(rng.choice(list(pools.values())))
            for _ in range(rng.randint(2, 8))
        )
        ours = ""
        for cluster in clusters(text, parts):
            short = len(cluster.encode()) < 6 and cluster[0] in mapped
            ours += mapped[cluster[0]] if short else "".join(mapped.get(c, c) for c in cluster)
        if ours != normalize(text):
            sys.exit(f"differs: {ascii(text)}: library {ascii(normalize(text))}, table {ascii(ours)}")
    return random_texts


def main():
    parts = [OTHER] * 0x110000
    for c in code_points():
        parts[c] = part(c)
    checked = verify(parts)
    text = "\n".join(
        [
            "// The part of each code point in grapheme clusters, as graphemes.h numbers them.\n"
            f"// Made by scripts/make_grapheme_table.py from tokenizers {tokenizers.__version__}. Do not edit.\n"
            "// clang-format off\n",
            *two_stages("Grapheme", parts),
        ]
    )
    OUTPUT.write_text(text, encoding="ascii")
    counts = [parts.count(p) for p in range(13)]
    print(f"{OUTPUT}: {len(text)} bytes, {counts} of each part; {checked} texts checked")


if __name__ == "__main__":
    main()
