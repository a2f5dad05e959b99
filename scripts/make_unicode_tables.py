#!/usr/bin/env python3
"""Writes src/tokenizers/unicode_tables.inc: what tokenizers' normalizers, pre-tokenizers and regular expressions
make of each code point.

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
  * Punctuation splits where BertPreTokenizer does; WhitespaceSplit, Strip and the regular expressions' \\s agree.
  * A composition is undone by one decomposition step whose second part does not decompose.
"""

import bisect
import pathlib
import random
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

DROPPED, WHITESPACE, PUNCTUATION, NONSPACING, CJK, LOWERCASE, DECOMPOSES, COMBINING = (1 << bit for bit in range(8))
LETTER, NUMBER, MARK, SPACE, WORD, NUMERIC, ACCENT, UNSTABLE = (1 << bit for bit in range(8))
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


def removed_by(normalizer):
    """The code points that a normalizer removes wherever they stand."""
    kept = set(map(ord, normalizer.normalize_str("".join(map(chr, code_points())))))
    return {c for c in code_points() if c not in kept}


def matched_by(pattern):
    return removed_by(normalizers.Replace(Regex(pattern), ""))


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

        self.read_forms()
        self.read_kinds()

    def read_forms(self):
        """Compatibility decompositions where they differ from canonical ones, and compositions of two."""
        nfd, nfc, nfkd = (getattr(normalizers, form)().normalize_str for form in ("NFD", "NFC", "NFKD"))
        self.compatibility, self.compositions = {}, {}
        for c in code_points():
            if c in HANGUL:
                continue
            if nfkd(chr(c)) != nfd(chr(c)):
                self.compatibility[c] = [ord(x) for x in nfkd(chr(c))]
            parts = self.decomposition.get(c)
            if parts and nfc(chr(c)) == chr(c):
                first = nfc("".join(map(chr, parts[:-1])))
                assert len(first) == 1 and nfc(first + chr(parts[-1])) == chr(c), hex(c)
                self.compositions[ord(first), parts[-1]] = c

    def read_kinds(self):
        nfc = normalizers.NFC().normalize_str
        seconds = {second for _, second in self.compositions} | {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
        letters, numbers, marks, spaces = (matched_by(p) for p in (r"\p{L}", r"\p{N}", r"\p{M}", r"\s"))
        accents = removed_by(normalizers.StripAccents())
        words, white = pre_tokenizers.Whitespace().pre_tokenize_str, pre_tokenizers.WhitespaceSplit().pre_tokenize_str
        digits = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str
        punctuation = pre_tokenizers.Punctuation().pre_tokenize_str
        strip = normalizers.Strip().normalize_str
        self.kinds = [0] * 0x110000
        for c in code_points():
            assert (len(white("a" + chr(c) + "b")) == 2) == (strip(chr(c)) == "") == (c in spaces), hex(c)
            assert (len(punctuation("a" + chr(c))) == 2) == bool(self.flags[c] & PUNCTUATION), hex(c)
            pieces = [piece for piece, _ in words("a" + chr(c))]
            assert pieces in (["a" + chr(c)], ["a", chr(c)], ["a"]) and (pieces == ["a"]) == (c in spaces), hex(c)
            self.kinds[c] = (
                LETTER * (c in letters)
                | NUMBER * (c in numbers)
                | MARK * (c in marks)
                | SPACE * (c in spaces)
                | WORD * (len(pieces[0]) == 2)
                | NUMERIC * (len(digits("a" + chr(c))) == 2)
                | ACCENT * (c in accents)
                | UNSTABLE * (c in self.combining or c in seconds or nfc(chr(c)) != chr(c))
            )

    def nfd(self, text, compatibility=False):
        out = []
        for c in text:
            parts = self.decomposition.get(c) or (hangul(c) if c in HANGUL else [c])
            out.extend(self.compatibility.get(c, parts) if compatibility else parts)
        start = 0
        while start < len(out):  # canonical ordering: stable sort of each run of marks
            end = start
            while end < len(out) and self.flags[out[end]] & COMBINING:
                end += 1
            if end > start + 1:
                out[start:end] = sorted(out[start:end], key=self.combining.__getitem__)
            start = max(end, start + 1)
        return out

    def compose(self, text):
        """Canonical composition of decomposed text (Unicode 3.11)."""
        out, starter, last = [], None, 0  # the place of the last starter, and the class of what follows it
        for c in text:
            k = self.combining.get(c, 0)
            if starter is not None and (last < k or last == 0 and starter == len(out) - 1):
                first = out[starter]
                composite = self.compositions.get((first, c))
                if 0x1100 <= first < 0x1113 and 0x1161 <= c < 0x1176:
                    composite = 0xAC00 + ((first - 0x1100) * 21 + c - 0x1161) * 28
                if first in HANGUL and (first - 0xAC00) % 28 == 0 and 0x11A8 <= c < 0x11C3:
                    composite = first + c - 0x11A7
                if composite:
                    out[starter] = composite
                    continue
            out.append(c)
            last = k
            if k == 0:
                starter = len(out) - 1
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
        + [*tables.compatibility, *(c for pair in tables.compositions for c in pair)]
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
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        normalize = getattr(normalizers, form)().normalize_str
        for text in texts:
            parts = tables.nfd(map(ord, text), "K" in form)
            ours = "".join(map(chr, tables.compose(parts) if form.endswith("C") else parts))
            if normalize(text) != ours:
                sys.exit(f"{form} differs: {ascii(text)}: library {ascii(normalize(text))}, tables {ascii(ours)}")
            stable = not any(tables.kinds[ord(c)] & UNSTABLE for c in text)
            assert form != "NFC" or not stable or ours == text, ascii(text)
    return len(texts) * (len(modes) + 4)


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


def two_stages(name, values):
    """A byte for each code point: blocks of 256 and which block each run of 256 has."""
    blocks, index = {}, []
    for start in range(0, 0x110000, 256):
        block = tuple(values[start : start + 256])
        index.append(blocks.setdefault(block, len(blocks)))
    assert len(blocks) <= 256
    rows = ",\n".join(
        "    {" + ",\n     ".join(", ".join(map(str, b[i : i + 16])) for i in range(0, 256, 16)) + "}" for b in blocks
    )
    return [
        array(
            f"uint8_t k{name}Index[0x110000 >> 8]",
            f"Block of {name.lower()} for each 256 code points: k{name}Blocks[k{name}Index[c >> 8]][c & 255].",
            index,
            hexadecimal=False,
        ),
        f"// The distinct blocks of {name.lower()}.\n"
        f"constexpr uint8_t k{name}Blocks[{len(blocks)}][256] = {{\n{rows},\n}};\n",
    ]


def render(tables):
    combining = sorted(tables.combining)
    parts = [
        "// What normalizers, pre-tokenizers and regular expressions make of each code point, as tables.\n"
        f"// Made by scripts/make_unicode_tables.py from tokenizers {tokenizers.__version__}. Do not edit.\n"
        "// The bits of flags and kinds are named in unicode.h.\n"
        "// clang-format off\n",
        *two_stages("Flags", tables.flags),
        *two_stages("Kinds", tables.kinds),
        *pooled("Lower", tables.lower, ("Code points with a lowercase form", "Lowercase forms.")),
        *pooled(
            "Decompose",
            tables.decomposition,
            (
                "Code points with a canonical decomposition, without Hangul syllables",
                "Full canonical decompositions, in canonical order.",
            ),
        ),
        *pooled(
            "Compatibility",
            tables.compatibility,
            (
                "Code points whose full compatibility decomposition is not the canonical one",
                "Full compatibility decompositions, in canonical order.",
            ),
        ),
        array(
            "uint64_t kComposePair[]",
            "Two code points that compose, the first one in the upper half, sorted.",
            [first << 32 | second for first, second in sorted(tables.compositions)],
        ),
        array(
            "uint32_t kComposeTo[]",
            "What each entry of kComposePair becomes.",
            [tables.compositions[pair] for pair in sorted(tables.compositions)],
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
    return "\n".join(parts)


def main():
    tables = Tables()
    text = render(tables)
    checked = verify(tables)
    OUTPUT.write_text(text, encoding="ascii")
    print(
        f"{OUTPUT}: {len(text)} bytes, {len(tables.lower)} lowercase, {len(tables.decomposition)} canonical and "
        f"{len(tables.compatibility)} compatibility decompositions, {len(tables.compositions)} compositions, "
        f"{len(tables.combining)} combining; "
        f"{checked} texts checked"
    )


if __name__ == "__main__":
    main()
