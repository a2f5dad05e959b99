#!/usr/bin/env python3
"""Writes tokenizers/ and its cases: small tokenizers of every class that is not BERT's, and single stages.

python make_tokenizers.py (ten seconds, no model needed). Ids are those of transformers' AutoTokenizer.
"""

import json
import os
import pathlib
import shutil
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoTokenizer,
    GemmaTokenizer,
    MPNetTokenizer,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    RobertaTokenizer,
)

import hard_texts
import tiny_folders
import tiny_unigram
import tokenizer_stages

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "tokenizers"

CORPUS = hard_texts.SENTENCES + hard_texts.SYMBOLS + [
    "the dog and the cat are playing in the garden while the children are reading",
    "it's not what you think, they've said that we'll see and I'm sure he'd like it",
    "def encode(self, text):\n    return [self.ids[token] for token in text.split()]",
    "numbers 1 12 123 1234 and   several    spaces\tand tabs\n\nand lines",
] * 4

TEXTS = [
    "", " ", "  a", "a  b ", "a   b", "a \n b", "\n\n\na", "a\tb\t\tc", "a\r\nb\n\rc", "a\u00a0b\u3000c\u0085d\u2028e",
    "a\u180eb\u200bc\ufeffd", "a" + " " * 40 + "b", " " * 1000, "\u2581a\u2581b \u2581 c", "a\x00b\x01c\x7fd\ufffde\u00adf",
    "\u0301", "e\u0301 e\u0301\u0301 e\u0323\u0301", "\ufb01\u0301 \u2460\u0301 \u0344 \u212b \u0958 \u0898 \u0e33",
    "\u1100\u1161\u11a8 \uff76\uff9e \uff21\uff22\uff11\uff12 \u6f22\u5b57", "\u0939\u093f\u0928\u094d\u0926\u0940 \u05d0\u200f\u05d1 \ufdfa",
    "\u00b2 \u00bd \u2163 \u0967\u0968\u0969 x\u00b2", "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3 \U00016d40",
    "\u0130 \u039f\u0394\u039f\u03a3 \u1e9e \u01c5", "it's DON'T x\u2019s 'S '\u017f we'LL I'M 'Ve", "1 12 123 1234 12345 a1b22c333",
    "o" * 14, "=" * 23, "-_." * 9, "ab" * 17, "a" * 200, "the" * 60, "x'" * 9, "hello world!!!\n\n  next", "a\u2003b \u2003c\n \n d",
    "<mask>", "a <mask> b", "a<mask>b", "<mask>  <mask>", "<S> [mask] <unk> <0x41> <s>a</s>", "``quoted'' \"text\"",
    "[CLS] a [SEP] [MASK] b", "<|endoftext|>a<|im_start|>user\nb<|im_end|>", "extra extras _extra extra1 \u00e9xtra extra\u00b2 (extra)",
    "the dog<dog>the dog", "caf\u00e9 CAFE\u0301 cafe", "</s>a<pad> <s>NOTUSED <unk>NOTUSED<extra_id_0> <extra_id_3>x <bos>y<eos>",
    "\u00a9\u200d\u00a9\u0301 \u0915\u094d\u0915\u0301 \u1100\u1161\u0301 \u0600\u0600a\u0301", "abab" * 9, "oo" * 20, "1,2,3 10,000", "\u6f22\u5b57the\u6f22",
]  # fmt: skip
TEXTS += hard_texts.SENTENCES[::5] + hard_texts.SYMBOLS[::4]


def train_bpe(specials):
    """Vocabulary and merges of bytes, with `specials` at the front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=420 + len(specials),
        special_tokens=specials,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def write(folder, name, content):
    (OUT / folder).mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (OUT / folder / name).write_text(text, encoding="utf-8")


def save(tokenizer, folder, model_type):
    tokenizer.save_pretrained(OUT / folder)
    path = OUT / folder / "tokenizer.json"
    write(folder, "tokenizer.json", json.loads(path.read_text(encoding="utf-8")))
    write(folder, "config.json", {"model_type": model_type})


def merges_txt(merges):
    return "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges)


def make_folders():
    shutil.rmtree(OUT, ignore_errors=True)
    vocab, merges = train_bpe(["<s>", "<pad>", "</s>", "<unk>"])
    vocab["<mask>"] = len(vocab)
    tokenizer = RobertaTokenizer(vocab=vocab, merges=merges)
    tokenizer.add_tokens([AddedToken("extra", single_word=True), AddedToken("<dog>", rstrip=True, normalized=False)])
    save(tokenizer, "roberta", "roberta")
    mask = {"content": "<mask>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False}
    write("roberta_files", "vocab.json", vocab)
    write("roberta_files", "merges.txt", merges_txt(merges))
    write("roberta_files", "special_tokens_map.json", {"mask_token": mask, "cls_token": "<s>", "sep_token": "</s>"})
    write("roberta_files", "added_tokens.json", {"extra": 9000, "<dog>": 9001, "<mask>": len(vocab) - 1})
    write("roberta_files", "tokenizer_config.json", {"add_prefix_space": True, "truncation_side": "left"})
    write("roberta_files", "config.json", {"model_type": "roberta"})

    vocab, merges = train_bpe([])
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=merges, extra_special_tokens=["<|im_start|>", "<|im_end|>"])
    end = ("<|endoftext|>", tokenizer.convert_tokens_to_ids("<|endoftext|>"))
    tokenizer._tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing("$A " + end[0], "$A " + end[0] + " $B:1 " + end[0] + ":1", [end]),
        ]
    )
    tokenizer.add_tokens([AddedToken("extra", single_word=True)])
    save(tokenizer, "qwen3", "qwen3")
    write("gpt2_files", "vocab.json", vocab)
    write("gpt2_files", "merges.txt", merges_txt(merges).replace("\n", "\r\n"))
    write("gpt2_files", "config.json", {"model_type": "gpt2"})
    write("gpt2_files", "tokenizer_config.json", {"add_bos_token": True, "add_eos_token": True, "bos_token": "<|start|>"})

    vocab, merges = train_bpe(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.normalizer, backend.pre_tokenizer = normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken("[MASK]", lstrip=True, special=True), "[UNK]", "[CLS]", "[SEP]", "[PAD]"])
    backend.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    backend.add_tokens([AddedToken("cafe\u0301", normalized=True), AddedToken("extra", single_word=True)])
    ids = [(token, vocab[token]) for token in ("[CLS]", "[SEP]")]
    backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:0 [SEP]", ids)
    named = {f"{n.lower()}_token": f"[{n}]" for n in ("UNK", "CLS", "SEP", "PAD", "MASK")}
    save(PreTrainedTokenizerFast(tokenizer_object=backend, **named), "modernbert", "modernbert")

    words = tiny_folders.uncased_vocab()
    specials = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
    words = [specials.get(word, word) for word in words]
    save(MPNetTokenizer(vocab={word: i for i, word in enumerate(words)}), "mpnet", "mpnet")


def make_unigram_folders():
    """sentencepiece's files, and what transformers saves of them as tokenizer.json."""
    charsmap = tiny_unigram.write_folders(write, OUT, CORPUS)
    for folder in ("albert", "barthez", "camembert", "deberta_v2", "mbart", "mbart50", "t5", "xlm_roberta"):
        tokenizer = AutoTokenizer.from_pretrained(OUT / f"{folder}_files")
        tokenizer.add_tokens([AddedToken("extra", single_word=True), AddedToken("<dog>", rstrip=True, normalized=False)])
        settings = json.loads((OUT / f"{folder}_files" / "config.json").read_text())
        save(tokenizer, folder, settings["model_type"])
        for file in (OUT / folder).glob("*.model"):
            file.unlink()
    make_llama_folders()
    # The same stages as a file that counts as it stands, with bytes for what is unknown.
    backend = json.loads((OUT / "xlm_roberta" / "tokenizer.json").read_text(encoding="utf-8"))
    model = backend["model"]
    model["vocab"] += [[f"<0x{byte:02X}>", -100] for byte in range(256) if byte != 0xF0]
    model["byte_fallback"] = True
    backend["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Nmt"}, backend["normalizer"]]}
    backend["pre_tokenizer"] = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    save(PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(backend))), "unigram", "nobody")
    return charsmap


def make_llama_folders():
    """As today's class saves it, and as older ones did, which Mistral's models take as it stands."""
    tokenizer = AutoTokenizer.from_pretrained(OUT / "llama_files", legacy=False)
    tokenizer.add_tokens([AddedToken("<dog>", rstrip=True, normalized=False)])
    save(tokenizer, "llama", "llama")
    for file in (OUT / "llama").glob("*.model"):
        file.unlink()
    backend = json.loads((OUT / "llama" / "tokenizer.json").read_text(encoding="utf-8"))
    space = "\u2581"
    members = [{"type": "Prepend", "prepend": space}, {"type": "Replace", "pattern": {"String": " "}, "content": space}]
    backend |= {"normalizer": {"type": "Sequence", "normalizers": members}, "pre_tokenizer": None}
    write("mistral", "tokenizer.json", backend)
    write("mistral", "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True, "add_prefix_space": False})
    write("mistral", "config.json", {"model_type": "mistral"})


def make_gemma_folder():
    """Characters, merges across visible spaces, and bytes for what is unknown."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "\u2581")
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{byte:02X}>" for byte in range(256) if byte != 0xF0)]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=specials, limit_alphabet=80, show_progress=False)
    trained.train_from_iterator(CORPUS, trainer)
    model = json.loads(trained.to_str())["model"]
    tokenizer = GemmaTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])
    ends = [(token, model["vocab"][token]) for token in ("<bos>", "<eos>")]
    pieces = ("<bos> $A <eos>", "<bos> $A <eos> <bos>:1 $B:1 <eos>:1")
    tokenizer._tokenizer.post_processor = processors.TemplateProcessing(*pieces, ends)
    tokenizer.add_tokens([AddedToken("extra", single_word=True)])
    save(tokenizer, "gemma", "gemma3_text")


def make_cases():
    cases = {"texts": TEXTS, "folders": {}}
    first, second = "the weather is lovely today, isn't it?", "he drove to the stadium and watched a long football match"
    for folder in sorted(path.name for path in OUT.iterdir() if path.is_dir()):
        tokenizer = AutoTokenizer.from_pretrained(OUT / folder)
        ids = [tokenizer(text)["input_ids"] for text in TEXTS]
        pairs = []
        for a, b in ((first, second), (second, first), (first, ""), ("", second), ("a <mask>", "b")):
            for length in (4, 5, 7, 8, 13, 100):
                e = tokenizer([(a, b)], truncation="longest_first", max_length=length, return_token_type_ids=True)
                pairs.append([a, b, length, e["input_ids"][0], e["token_type_ids"][0]])
            for length in (3, 6, 100):
                e = tokenizer(a, truncation=True, max_length=length, return_token_type_ids=True)
                pairs.append([a, None, length, e["input_ids"], e["token_type_ids"]])
        decoded = [[tokenizer.decode(i), tokenizer.decode(i, skip_special_tokens=True)] for i in ids]
        cases["folders"][folder] = {
            "class": type(tokenizer).__name__,
            "ids": ids,
            "pairs": pairs,
            "decoded": decoded,
            "added": {str(i): t.content for i, t in sorted(tokenizer.added_tokens_decoder.items())},
        }
        print(folder, type(tokenizer).__name__, len(tokenizer))
    (HERE / "tokenizer_cases.json").write_text(json.dumps(cases, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    make_folders()
    make_gemma_folder()
    charsmap = make_unigram_folders()
    make_cases()
    tokenizer_stages.make_stages(HERE)
    tiny_unigram.make_cases(HERE, charsmap, TEXTS)
    total = sum(f.stat().st_size for f in [*OUT.rglob("*"), *HERE.glob("tokenizer_*.json")] if f.is_file())
    print(f"{total} bytes")
    assert total < 1_200_000


if __name__ == "__main__":
    sys.exit(main())
