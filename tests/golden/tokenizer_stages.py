"""Single stages of tokenizers as tokenizer.json writes them, and what they make of texts."""

import json

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAIL = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
FOLDED = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
PATTERNS = [
    GPT2,
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    FOLDED + TAIL,
    FOLDED + TAIL.replace(r"|\p{N}|", r"|\p{N}{1,3}|"),
    FOLDED + TAIL.replace(r"\p{L}+|", r"[\p{L}\p{M}]+|").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]"),
    CL100K,
]
RUNS = [
    " {2,}", " +", " ", r"\s", r"\s+", r"\s{2,}", r"\n", r"\n+", r"[\r\n]", r"[\n\r]+", r"[\r\n]+", r"\p{N}",
    r"\p{N}+", r"\p{N}{1,3}", "[0-9]", "[0-9]+", r"\s{2,}|[\n\r\t]",
]  # fmt: skip

TEXTS = [
    " ", "  a  b ", "a \n b", "\n\n\na", "a\r\nb\n\rc\t d", "a\u00a0b\u3000c\u0085d\u2028e\u180ef\u200bg\ufeffh",
    "\u2581a\u2581b \u2581 c", "a\x00b\x01c\x0bd\x1fe\x7ff\x8fg\ufffdh\u1680i", "e\u0301 e\u0323\u0301 e\u0301\u0323",
    "\ufb01\u0301 \u2460\u0301 \u0344 \u212b \u0958 \u0898 \u0e33 \u32ff", "\u1100\u1161\u11a8 \uac00\u11a8 \uac01 \uff76\uff9e \uff21\uff11",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u05d0\u05b0\u200f\u05d1 \ufdfa", "\u00b2\u00bd\u2163\u0967\u0968 x\u00b2 1234567 12",
    "\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3 \U00016d40\U00010d40", "\u0130 \u039f\u0394\u039f\u03a3 \u1e9e \u01c5 \u00c9",
    "it's DON'T x\u2019s 'S '\u017f we'LL I'M 'Ve 'server", "--a-bc--d-", "hello, (world)!! $5+3=8 ``x'' _y_", "\u6f22\u5b57\u3001\u304b\u306a\u3002",
    "a\u0301", "\u0301a", "a\u2003\u2003b\u2003 c", "x" * 40 + " " * 9 + "y", "\r\n \n a\n", " \t\n",
]  # fmt: skip

NORMALIZERS = [
    *({"type": form} for form in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")),
    *({"type": "Strip", "strip_left": left, "strip_right": right} for left in (True, False) for right in (True, False)),
    {"type": "Prepend", "prepend": "\u2581"},
    {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
    {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
    *({"type": "Replace", "pattern": {"Regex": run}, "content": "<\\1>"} for run in RUNS),
    {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
    {"type": "Sequence", "normalizers": []},
]

BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def byte_level(prefix, regex):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def metaspace(scheme, pieces=True):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": pieces}


PRE_TOKENIZERS = [
    *({"type": kind} for kind in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")),
    {"type": "CharDelimiterSplit", "delimiter": "-"},
    *({"type": "Digits", "individual_digits": each} for each in (True, False)),
    *({"type": "Punctuation", "behavior": behavior} for behavior in BEHAVIORS),
    *(byte_level(prefix, regex) for prefix in (True, False) for regex in (True, False)),
    *(split({"Regex": pattern}) for pattern in PATTERNS),
    split({"Regex": GPT2}, "Removed", True),
    *(split({"String": "-"}, behavior, invert) for behavior in BEHAVIORS for invert in (False, True)),
    *(split({"Regex": r"\s+"}, behavior) for behavior in BEHAVIORS),
    split({"String": " "}, "MergedWithPrevious"),
    *(metaspace(scheme, pieces) for scheme in ("always", "first", "never") for pieces in (True, False)),
    {"type": "Sequence", "pretokenizers": [split({"Regex": PATTERNS[2]}), byte_level(False, False)]},
    {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace("always")]},
    {"type": "Sequence", "pretokenizers": [{"type": "Punctuation", "behavior": "Isolated"}, metaspace("first")]},
    {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level(True, True)]},
]

TOKENS = [
    ["\u0120the", "\u0120caf", "\u00c3", "\u00a9", "<s>", "\u6f22", "\u0120x"], ["a", "##b", "##", ".", "n't", "'s", "do", "##not"],
    ["\u2581the", "\u2581\u2581", "a\u2581b", "\u2581c"], ["\u2581", "a"], ["<0xE6>", "<0xBC>", "<0xA2>", "x", "<0xE6>", "<0xBC>", "y", "<0x4>"],
    ["<0xFF>"], ["the</w>", "ca", "t</w>"], ["\u2581a", "<0x0A>", "\u2581b"], [], ["  a ", " b"], ["\u00e9", "\u0142"],
]  # fmt: skip
DECODERS = [
    *({"type": kind} for kind in ("ByteFallback", "Fuse")),
    byte_level(True, True),
    *({"type": "WordPiece", "prefix": "##", "cleanup": cleanup} for cleanup in (True, False)),
    *(metaspace(scheme) for scheme in ("always", "first", "never")),
    {"type": "BPEDecoder", "suffix": "</w>"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    {"type": "Strip", "content": " ", "start": 1, "stop": 2},
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
    {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
]


def stage(kind, config):
    """A stage of the library, made from its JSON."""
    text = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None}
    text |= {"pre_tokenizer": None, "post_processor": None, "decoder": None}
    text |= {"model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}, kind: config}
    return getattr(Tokenizer.from_str(json.dumps(text)), kind)


def bpe(**options):
    """A character BPE with its options, and ids of texts."""
    merges = [("a", "b"), ("ab", "c"), ("c", "\u2581"), ("a", "a"), ("aa", "a"), ("<0xE6>", "<0xBC>"), ("<unk>", "b")]
    vocab = ["<unk>", "a", "b", "c", "\u2581", "ab", "abc", "c\u2581", "aa", "aaa", "<0xE6>", "<0xBC>", "<0xA2>"]
    vocab += ["<0xE6><0xBC>", "<unk>b", "abab", "d</w>", "##b", "b##", "a</w>"]
    vocab = {token: i for i, token in enumerate(vocab)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, **options))
    return {"model": json.loads(tokenizer.to_str())["model"], "ids": [tokenizer.encode(t).ids for t in BPE_TEXTS]}


BPE_TEXTS = [
    "abc", "aaaaa", "aaaa", "abab", "ababc", "x", "xx", "axxb", "\u6f22a", "a\u6f22", "x\u6f22b", "\u00e9\u6f22x", "abc\u2581abc", "xb", "bx",
    "d", "ad", "", "ab" * 40, "a" * 100, "x\u6f22\u00e9yb" * 20, "c\u2581" * 30,
]  # fmt: skip
BPE_OPTIONS = [
    {}, {"unk_token": "<unk>"}, {"unk_token": "<unk>", "fuse_unk": True}, {"byte_fallback": True},
    {"unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True}, {"unk_token": "<unk>", "byte_fallback": True},
    {"ignore_merges": True}, {"end_of_word_suffix": "</w>"}, {"unk_token": "<unk>", "ignore_merges": True},
]  # fmt: skip


def make_stages(out):
    cases = {"texts": TEXTS, "tokens": TOKENS, "normalizers": [], "pre_tokenizers": [], "decoders": []}
    for config in NORMALIZERS:
        normalizer = stage("normalizer", config)
        cases["normalizers"].append({"config": config, "texts": [normalizer.normalize_str(text) for text in TEXTS]})
    for config in PRE_TOKENIZERS:
        splitter = stage("pre_tokenizer", config)
        pieces = [[piece for piece, _ in splitter.pre_tokenize_str(text)] for text in TEXTS]
        cases["pre_tokenizers"].append({"config": config, "pieces": pieces})
    for config in DECODERS:
        decoder = stage("decoder", config)
        cases["decoders"].append({"config": config, "texts": [decoder.decode(tokens) for tokens in TOKENS]})
    cases["bpe_texts"] = BPE_TEXTS
    cases["bpe"] = [bpe(**options) for options in BPE_OPTIONS]
    text = json.dumps(cases, ensure_ascii=True, separators=(",", ":"))
    (out / "tokenizer_stages.json").write_text(text + "\n", encoding="ascii")
