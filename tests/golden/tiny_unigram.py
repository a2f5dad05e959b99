"""Small tokenizers made by sentencepiece, in the order of XLM-R, T5, ALBERT, CamemBERT, mBART, Llama and Gemma, and single cases."""

import base64
import io
import json
import pathlib
import random
import tempfile

import sentencepiece
from tokenizers import Tokenizer, normalizers
from transformers.convert_slow_tokenizer import import_protobuf

# A character map as small as the cases allow: sequences of code points and what they become.
RULES = [
    *((chr(c), "") for c in (1, 2, 0xB, 0x7F)),
    *((chr(c), " ") for c in (0x9, 0xA, 0xD, 0xA0, 0x2003, 0x200B, 0x200D, 0x2028, 0x2581, 0x3000, 0xFEFF, 0xFFFD)),
    ("\r\n", " "), ("\ufb01", "fi"), ("e\u0301", "\u00e9"), ("e\u0323", "\u1eb9"), ("e\u0323\u0301", "\u1eb9\u0301"), ("\u2460", "1"),
    ("\u00b2", "2"), ("\u00bd", "1\u20442"), ("\u2163", "IV"), ("\u0344", "\u0308\u0301"), ("\u212b", "\u00c5"), ("\u0130", "I\u0307"),
    ("\uff21", "A"), ("\uff22", "B"), ("\uff11", "1"), ("\uff12", "2"), ("\uff76", "\u30ab"), ("\uff76\uff9e", "\u30ac"), ("\u00a9", "(c)"),
    ("\u1100\u1161", "\uac00"), ("\u1100", "G"), ("\u1161", "A"), ("\u11a8", "g"), ("\u0915", "k"), ("\ufdfa", "\u0635\u0644\u0649 x"),
    ("Q", "q"), ("~", "--"),
]  # fmt: skip


def train(corpus, **options):
    """A sentencepiece file: few pieces, single characters for most of what the corpus holds."""
    lines = [line for text in corpus for line in text.split("\n") if line and " " <= min(line) <= max(line) < "\u0180"]
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.tsv"
        spell = lambda text: " ".join(f"{ord(c):X}" for c in text)
        rules.write_text("".join(f"{spell(a)}\t{spell(b)}\n" for a, b in RULES))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            normalization_rule_tsv=str(rules),
            vocab_size=450,
            hard_vocab_limit=False,
            character_coverage=0.995,
            num_threads=1,
            minloglevel=2,
            **options,
        )
    proto = import_protobuf().ModelProto()
    proto.ParseFromString(model.getvalue())
    proto.ClearField("trainer_spec")  # which names a temporary file
    proto.trainer_spec.model_type = 1
    proto.trainer_spec.unk_id = options.get("unk_id", 0)
    return proto


def write_folders(write, out, corpus):
    """The folders with sentencepiece files alone."""

    def put(folder, file, proto, settings, model_type):
        write(folder, "tokenizer_config.json", settings)
        write(folder, "config.json", {"model_type": model_type})
        (out / folder / file).write_bytes(proto.SerializeToString(deterministic=True))

    proto = train(corpus)
    put("xlm_roberta_files", "sentencepiece.bpe.model", proto, {"model_max_length": 64}, "xlm-roberta")
    settings = {"tokenizer_class": "CamembertTokenizer", "add_prefix_space": False, "mask_token": "<mask>"}
    put("camembert_files", "sentencepiece.bpe.model", proto, settings, "camembert")
    proto = train(corpus, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, user_defined_symbols=["extra"])
    put("t5_files", "spiece.model", proto, {"extra_ids": 5}, "t5")
    specials = {"control_symbols": ["[CLS]", "[SEP]", "[MASK]"], "pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
    put("albert_files", "spiece.model", train(corpus, **specials), {"keep_accents": True, "do_lower_case": False}, "albert")
    names = {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"}
    proto = train(corpus, pad_id=0, bos_id=1, eos_id=2, unk_id=3, **names)
    put("deberta_v2_files", "spm.model", proto, {"do_lower_case": False, "vocab_type": "spm"}, "deberta-v2")
    # BPE with bytes for what is unknown, as Llama and Gemma have it; their classes use no character map.
    bpe = {"model_type": "bpe", "byte_fallback": True, "split_digits": True, "user_defined_symbols": ["extra"]}
    settings = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": True, "legacy": True}
    put("llama_files", "tokenizer.model", train(corpus, **bpe), settings, "llama")
    proto = train(corpus, pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece="<bos>", eos_piece="<eos>", **bpe)
    put("gemma_files", "tokenizer.model", proto, {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True}, "gemma3_text")
    proto = train(corpus, user_defined_symbols=["extra"])
    put("mbart_files", "sentencepiece.bpe.model", proto, {"src_lang": "de_DE"}, "mbart")
    put("mbart50_files", "sentencepiece.bpe.model", proto, {"tokenizer_class": "MBart50TokenizerFast"}, "mbart")
    settings = {"tokenizer_class": "BarthezTokenizer", "add_prefix_space": False, "add_eos_token": True}
    put("barthez_files", "sentencepiece.bpe.model", proto, settings, "mbart")
    return train(corpus).normalizer_spec.precompiled_charsmap


def tokenizer(model, normalizer=None):
    text = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer}
    text |= {"pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model}
    return Tokenizer.from_str(json.dumps(text))


def clusters(count):
    """Texts of code points that form clusters, in all orders."""
    rng = random.Random(3)
    pool = ["a", "e", "\u00a9", "\u0915", "\u1100", "\u1161", "\u11a8", "\u0301", "\u0301", "\u0323", "\u200d", "\u094d", "\uac00", "\uac01",
            "\r", "\n", "\u0600", "\u0903", "\u200c", "\x01", "Q", "~", "\U0001f469", "\U0001f1e9", "\ufe0f", "\u0e33", "\U00010a3f",
            "\u06dd", "\u3099", "\U0001f3fb", "\u093c"]  # fmt: skip
    return ["".join(rng.choice(pool) for _ in range(rng.randint(2, 7))) for _ in range(count)]


VOCAB = ["<unk>", "a", "b", "ab", "aba", "abab", "aa", "aaa", "\u2581", "\u2581a", "c", "bc", "abc", "<0xE6>", "<0xBC>", "<0xA2>", "\u00e9",
         "xy", "<s>", "dd", "ddd", "\u2581\u2581", "a", "\u6f22\u5b57", "ee", "e"]  # fmt: skip
TEXTS = ["a", "ab", "abab", "ababab", "aaaa", "aaaaaaa", "abc", "xabcx", "xxaxx", "xy", "xyx", "<unk>", "<unk>x<s>", "\u6f22", "\u6f22\u5b57",
         "a\u6f22b", "\u00e9\u6f22\u5b57\u6f22", "d", "dd", "dddd", "ddddd", "\u2581a\u2581\u2581b", "\U0001f469", "e" * 7, "ab" * 50, "x" * 200,
         "a" * 129, "dd" * 70, "<0xE6>"]  # fmt: skip


def make_models():
    """Models with their options, and ids of texts."""
    rng = random.Random(5)
    made = []
    equal = [[token, -1.0] for token in VOCAB]
    drawn = [[token, -round(rng.uniform(0, 9), 12)] for token in VOCAB]
    lengths = [[token, -0.1 * len(token)] for token in VOCAB]  # ties, but for rounding
    lowest = [*drawn[:-1], ["z", -100]]
    for vocab in (equal, drawn, lengths, lowest):
        for options in ({"unk_id": 0}, {"unk_id": 0, "byte_fallback": True}, {"unk_id": 1}):
            model = {"type": "Unigram", "vocab": vocab} | options
            made.append({"model": model, "ids": [tokenizer(model).encode(text).ids for text in TEXTS]})
    return made


def make_scores():
    """Numbers as files spell them, and the doubles that the library reads."""
    rng = random.Random(7)
    spelled = ["0", "0.0", "-0.0", "-100", "1", "18446744073709551615", "18446744073709551616", "-3.4", "1e5", "1.5E-7", "-2.5e+3", "1e-320",
               "123456789012345678901234567890", "0.1234567890123456789012345", "1e308", "4.9e-324", "12345678901234567890123e-330",
               "0.00000000000000000000000000000123456789012345678901", "1234567.000000000000000000000000000001e3"]  # fmt: skip
    spelled += [f"-{rng.uniform(1, 20):.{rng.randint(10, 18)}f}" for _ in range(60)]
    text = '{"type": "Unigram", "unk_id": 0, "vocab": [' + ", ".join(f'["t{i}", {s}]' for i, s in enumerate(spelled)) + "]}"
    whole = '{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null, '
    read = json.loads(Tokenizer.from_str(whole + '"post_processor": null, "decoder": null, "model": ' + text + "}").to_str())
    return [[s, float(score).hex(), float(s).hex()] for s, (_, score) in zip(spelled, read["model"]["vocab"])]


def make_cases(out, charsmap, texts):
    config = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}
    texts = texts + clusters(600)
    normalize = normalizers.Precompiled(charsmap).normalize_str
    cases = {"precompiled": config, "texts": texts, "normalized": [normalize(text) for text in texts]}
    cases |= {"model_texts": TEXTS, "models": make_models(), "scores": make_scores()}
    (out / "tokenizer_unigram.json").write_text(json.dumps(cases, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="ascii")
