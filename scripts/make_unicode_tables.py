#!/usr/bin/env python3
"""Writes src/tokenizers/unicode_tables.inc: what BERT's normalizer and pre-tokenizer do to each code point.

Every value is read off the `tokenizers` library by trying all code points, so that the tables equal
the Rust crates behind it and not the Unicode version of some Python. Needs only
`pip install tokenizers==0.23.3`; takes about a minute. The script ends by running a Python pipeline
made of these tables against the real one and fails on the first difference.

Facts it checks (an assertion each):
  * clean_text drops before it turns whitespace into ' ', so U+000B, U+000C and U+0085 (controls that
    BertPreTokenizer would split at) vanish and glue their neighbours: they carry kDropped|kWhitespace.
    These are the only code points where the two notions of whitespace differ.
  * U+001C..U+001F, U+200B, U+180E and U+FEFF are no whitespace; all are dropped.
  * Lowercasing is per character: no final sigma, no language. U+0130 gives two characters.
  * No code point is both whitespace and punctuation, or CJK and dropped.
"""

import bisect
import pathlib
import random
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

DROPPED, WHITESPACE, PUNCTUATION, NONSPACING, CJK, LOWERCASE, DECOMPOSES, COMBINING = (1 << bit for bit in range(8))
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "src" / "tokenizers" / "unicode_tables.inc"
HANGUL = range(0xAC00, 0xAC00 + 11172)


def code_points():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def bert(**wanted):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    options.update(wanted)
    return normalizers.BertNormalizer(**options).normalize_str


def hangul(c):
    """The algorithmic decomposition of a Hangul syllable (Unicode 3.12)."""
    s = c - 0xAC00
    parts = [0x1100 + s // 588, 0x1161 + s % 588 // 28]
    return parts + [0x11A7 + s % 28] if s % 28 else parts


def combining_classes(nfd, decompositions):
    """Finds each class by how NFD orders a character against marks of every known class."""
    overlay, iota = "\u0334", "\u0345"  # classes 1 and 240, the lowest and the highest
    probes = {1: overlay, 240: iota}
    for c in code_points():  # unicodedata only proposes a mark for each class; the library must know it
        k, mark = unicodedata.combining(chr(c)), chr(c)
        if k and c not in decompositions and nfd("a" + mark + overlay) != "a" + mark + overlay:
            probes.setdefault(k, mark)
    known = sorted(probes)
    classes = {}
    for c in code_points():
        if c in decompositions or c in HANGUL:
            continue
        mark = chr(c)
        moves_back = lambda k: nfd("a" + mark + probes[k]) != "a" + mark + probes[k]  # k < class
        moves_front = lambda k: nfd("a" + probes[k] + mark) != "a" + probes[k] + mark  # class < k
        if not moves_back(known[0]) and not moves_front(known[-1]):
            continue
        below = [k for k in known if moves_back(k)]
        above = [k for k in known if moves_front(k)]
        same = [k for k in known if k not in below and k not in above]
        assert len(same) == 1, (hex(c), below, above)
        assert all(k < same[0] for k in below) and all(k > same[0] for k in above), hex(c)
        classes[c] = same[0]
    return classes


class Tables:
    def __init__(self):
        nfd = normalizers.NFD().normalize_str
        clean, spaced = bert(clean_text=True), bert(handle_chinese_chars=True)
        strip, lower = bert(strip_accents=True), bert(lowercase=True)
        split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
        self.flags = [0] * 0x110000
        self.lower, self.decomposition, self.cleaned_differs = {}, {}, []

        for c in code_points():
            text, flags = "a" + chr(c) + "b", 0
            cleaned = clean(text)
            assert cleaned in (text, "ab", "a b"), hex(c)
            flags |= DROPPED if cleaned == "ab" else 0
            pieces = [piece for piece, _ in split(text)]
            assert pieces in ([text], ["a", "b"], ["a", chr(c), "b"]), hex(c)
            cleaned_space = cleaned == "a b"
            splits = pieces == ["a", "b"]
            if cleaned_space != splits:
                self.cleaned_differs.append(c)
            flags |= WHITESPACE if cleaned_space or splits else 0
            flags |= PUNCTUATION if len(pieces) == 3 else 0
            assert spaced(text) in (text, "a " + chr(c) + " b"), hex(c)
            flags |= CJK if spaced(text) != text else 0
            lowered = lower(text)[1:-1]
            if lowered != chr(c):
                flags |= LOWERCASE
                self.lower[c] = [ord(x) for x in lowered]
            decomposed = nfd(text)[1:-1]
            if c in HANGUL:
                assert [ord(x) for x in decomposed] == hangul(c), hex(c)
            elif decomposed != chr(c):
                flags |= DECOMPOSES
                self.decomposition[c] = [ord(x) for x in decomposed]
            elif strip(text) != text:
                assert strip(text) == "ab", hex(c)
                flags |= NONSPACING
            self.flags[c] = flags

        self.combining = combining_classes(nfd, self.decomposition)
        for c in self.combining:
            self.flags[c] |= COMBINING

        assert self.cleaned_differs == [0x0B, 0x0C, 0x85], [hex(c) for c in self.cleaned_differs]
        assert all(self.flags[c] & DROPPED for c in self.cleaned_differs)
        for c in [*range(0x1C, 0x20), 0x200B, 0x180E, 0xFEFF, 0, 0xFFFD]:
            assert self.flags[c] & (DROPPED | WHITESPACE) == DROPPED, hex(c)
        for c, parts in self.decomposition.items():  # decompositions are full: nothing in them decomposes
            assert not any(self.flags[p] & DECOMPOSES or p in HANGUL for p in parts), hex(c)
        for f in self.flags:
            assert f & (WHITESPACE | PUNCTUATION) != WHITESPACE | PUNCTUATION
            assert f & (CJK | DROPPED) != CJK | DROPPED

    def nfd(self, text):
        out = []
        for c in text:
            parts = self.decomposition.get(c) or (hangul(c) if c in HANGUL else [c])
            out.extend(parts)
        start = 0
        while start < len(out):  # canonical ordering: stable sort of each run of marks
            end = start
            while end < len(out) and self.flags[out[end]] & COMBINING:
                end += 1
            if end > start + 1:
                out[start:end] = sorted(out[start:end], key=self.combining.__getitem__)
            start = max(end, start + 1)
        return out

    def words(self, text, lowercase, strip_accents):
        """The pipeline that the C++ code runs: clean, CJK, strip accents, lowercase, split."""
        flags = self.flags
        chars = [ord(x) for x in text]
        chars = [0x20 if flags[c] & WHITESPACE else c for c in chars if not flags[c] & DROPPED]
        if any(flags[c] & CJK for c in chars):
            chars = [x for c in chars for x in ((0x20, c, 0x20) if flags[c] & CJK else (c,))]
        if lowercase if strip_accents is None else strip_accents:
            chars = [c for c in self.nfd(chars) if not flags[c] & NONSPACING]
        if lowercase:
            chars = [x for c in chars for x in self.lower.get(c, (c,))]
        words, word = [], ""
        for c in chars:
            if flags[c] & (WHITESPACE | PUNCTUATION):
                if word:
                    words.append(word)
                word = ""
                if flags[c] & PUNCTUATION:
                    words.append(chr(c))
            else:
                word += chr(c)
        return words + [word] if word else words


def verify(tables, random_texts=100_000, seed=20240607):
    """Every code point between two letters, then random runs of the awkward ones."""
    modes = [(True, None), (False, None), (False, True), (True, False)]
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    awkward = sorted(
        [*tables.combining, *tables.decomposition, *tables.lower, *tables.cleaned_differs]
        + [c for c in code_points() if tables.flags[c] & (WHITESPACE | PUNCTUATION | CJK) and c < 0x3500]
    ) + [*range(0x1100, 0x1200), *range(0xAC00, 0xAC40), *range(0x20, 0x7F)]
    marks = sorted(tables.combining)
    rng = random.Random(seed)
    texts = ["a" + chr(c) + "b" for c in code_points()]
    for _ in range(random_texts):
        pool = rng.choice((awkward, marks))
        texts.append("a" + "".join(chr(rng.choice(pool)) for _ in range(rng.randint(1, 12))) + "b")
    for lowercase, strip_accents in modes:
        normalize = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=True, strip_accents=strip_accents, lowercase=lowercase
        ).normalize_str
        for text in texts:
            real = [word for word, _ in split(normalize(text))]
            ours = tables.words(text, lowercase, strip_accents)
            if real != ours:
                sys.exit(
                    f"differs: lowercase={lowercase} strip_accents={strip_accents} "
                    f"{ascii(text)}: library {ascii(real)}, tables {ascii(ours)}"
                )
    return len(texts) * len(modes)


def array(declaration, comment, values, hexadecimal=True):
    shown = [f"0x{v:X}" if hexadecimal else str(v) for v in values]
    lines = [", ".join(shown[i : i + 16]) + "," for i in range(0, len(shown), 16)]
    return f"// {comment}\nconstexpr {declaration} = {{\n" + "\n".join("    " + x for x in lines) + "\n};\n"


def pooled(name, mapping, comment):
    """Three arrays for a map from one code point to several: sorted keys, offsets, pool."""
    pool, offsets = [], [0]
    for c in sorted(mapping):
        pool.extend(mapping[c])
        offsets.append(len(pool))
    assert len(pool) < 65536
    return [
        array(f"uint32_t k{name}From[]", f"{comment[0]}, sorted.", sorted(mapping)),
        array(
            f"uint16_t k{name}Offset[]",
            f"Entry i of k{name}From becomes k{name}Pool[k{name}Offset[i] .. k{name}Offset[i + 1]).",
            offsets,
            hexadecimal=False,
        ),
        array(f"uint32_t k{name}Pool[]", comment[1], pool),
    ]


def render(tables):
    blocks, index = {}, []
    for start in range(0, 0x110000, 256):
        block = tuple(tables.flags[start : start + 256])
        index.append(blocks.setdefault(block, len(blocks)))
    index_type = "uint8_t" if len(blocks) <= 256 else "uint16_t"
    rows = ",\n".join(
        "    {" + ",\n     ".join(", ".join(map(str, b[i : i + 16])) for i in range(0, 256, 16)) + "}" for b in blocks
    )
    combining = sorted(tables.combining)
    parts = [
        "// What BERT's normalizer and pre-tokenizer do to each code point, as tables.\n"
        f"// Made by scripts/make_unicode_tables.py from tokenizers {tokenizers.__version__}. Do not edit.\n"
        "// The bits of the flags are named in unicode.h.\n"
        "// clang-format off\n",
        array(
            f"{index_type} kFlagsIndex[0x110000 >> 8]",
            "Block of flags for each 256 code points: kFlagsBlocks[kFlagsIndex[c >> 8]][c & 255].",
            index,
            hexadecimal=False,
        ),
        f"// The distinct blocks of flags.\nconstexpr uint8_t kFlagsBlocks[{len(blocks)}][256] = {{\n{rows},\n}};\n",
        *pooled("Lower", tables.lower, ("Code points with a lowercase form", "Lowercase forms.")),
        *pooled(
            "Decompose",
            tables.decomposition,
            (
                "Code points with a canonical decomposition, without Hangul syllables",
                "Full canonical decompositions, in canonical order.",
            ),
        ),
        array(
            "uint32_t kCombiningFrom[]", "Code points with a canonical combining class other than 0, sorted.", combining
        ),
        array(
            "uint8_t kCombiningClass[]",
            "The class of each entry of kCombiningFrom.",
            [tables.combining[c] for c in combining],
            hexadecimal=False,
        ),
    ]
    return "\n".join(parts), len(blocks)


def main():
    tables = Tables()
    text, blocks = render(tables)
    checked = verify(tables)
    OUTPUT.write_text(text, encoding="ascii")
    print(
        f"{OUTPUT}: {len(text)} bytes, {blocks} blocks, {len(tables.lower)} lowercase, "
        f"{len(tables.decomposition)} decompositions, {len(tables.combining)} combining; "
        f"{checked} texts checked"
    )


if __name__ == "__main__":
    main()
