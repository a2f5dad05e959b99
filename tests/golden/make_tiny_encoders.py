#!/usr/bin/env python3
"""Tiny sentence-transformers folders of other encoders: python make_tiny_encoders.py (see README.md)."""

import json
import pathlib
import shutil
import tempfile

from golden_models import VERSIONS, write_json  # isort: skip; sets what transformers reads when it is imported

import hard_texts
import numpy as np
import torch
import transformers as hf
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tiny_cases import run_case
from tiny_folders import randomise
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
QWEN_QUERY = "Instruct: Given a question, find the passage that answers it\nQuery:"
TEXTS = [
    "The weather is lovely today, isn't it?",
    "a dog and a cat play in the sun",
    "",
    " ",
    "x",
    "The woman is good. The man is good.  The dog is good.\n\tTwo lines\r\n",
    "Café naïve e\u0301 \u65e5\u672c\u8a9e \u043f\u0440\u0438\u0432\u0435\u0442 \U0001f600",
    "13 cats + 42 dogs = ? (0.5)",
    "he </s> <pad> she <mask> [MASK] <|endoftext|> it",
    "def f(x):\n    return x  # they'll, WE'LL, don't",
    "the dog " * 40,
    "The weather in the sun. " * 12,
]


def trained(pattern, specials, size):
    """Vocabulary and merges of a byte-level BPE: the special tokens first, then the bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pattern
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 3 + hard_texts.SENTENCES, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def save(name, model, tokenizer, seed, pooling, post_processor=None, **options):
    """As sentence-transformers saves it; a post-processor that the tokenizer's class does not add goes in before."""
    with tempfile.TemporaryDirectory() as folder:
        randomise(model, seed, 0.3).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if post_processor is not None:
            path = pathlib.Path(folder) / "tokenizer.json"
            content = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**content, "post_processor": post_processor}), encoding="utf-8")
        modules = [Transformer(folder), Pooling(32, pooling), Normalize()]
        model = SentenceTransformer(modules=modules, device="cpu", **options)
        model.save_pretrained(str(HERE / name), create_model_card=False)


def make_roberta():
    vocab, merges = trained(
        pre_tokenizers.ByteLevel(add_prefix_space=False), ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], 330
    )
    tokenizer = hf.RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=64)
    config = hf.RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=40,
        max_position_embeddings=66,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    save("tiny_roberta", hf.RobertaModel(config), tokenizer, 21, "mean")


def make_qwen3():
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocab, merges = trained(hf.Qwen2Tokenizer().backend_tokenizer.pre_tokenizer, specials, 330)
    tokenizer = hf.Qwen2Tokenizer(
        vocab=vocab, merges=merges, model_max_length=96, padding_side="left", eos_token="<|im_end|>"
    )
    last = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    sequence = lambda name: {"Sequence": {"id": name, "type_id": 0}}
    template = {
        "type": "TemplateProcessing",
        "single": [sequence("A"), last],
        "pair": [sequence("A"), last, sequence("B"), last],
        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}},
    }
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    config = hf.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        num_hidden_layers=2,
        intermediate_size=24,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    )
    save(
        "tiny_qwen3",
        hf.Qwen3Model(config),
        tokenizer,
        22,
        "lasttoken",
        post_processor={"type": "Sequence", "processors": [byte_level, template]},
        prompts={"query": QWEN_QUERY, "document": ""},
        similarity_fn_name="cosine",
    )


def make_modernbert():
    specials = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    vocab, merges = trained(pre_tokenizers.ByteLevel(add_prefix_space=False), specials, 330)
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0",
        special_tokens=[(token, vocab[token]) for token in ("[CLS]", "[SEP]")],
    )
    backend.decoder = decoders.ByteLevel()
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")}
    tokenizer = hf.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=80, model_input_names=["input_ids", "attention_mask"], **names
    )
    config = hf.ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_attention_heads=2,
        num_hidden_layers=3,
        intermediate_size=24,
        local_attention=8,
        max_position_embeddings=80,
        pad_token_id=3,
        bos_token_id=1,
        cls_token_id=1,
        eos_token_id=2,
        sep_token_id=2,
    )
    save("tiny_modernbert", hf.ModernBertModel(config), tokenizer, 23, "cls")


def cases():
    """In the form of tiny_cases.py."""
    result = []

    def add(name, folder, files=None, method="encode", texts=range(len(TEXTS)), length=None, **options):
        result.append(
            {
                "name": f"{folder}.{name}",
                "folder": folder,
                "files": files or {},
                "load": {},
                "max_seq_length": length,
                "method": method,
                "options": options,
                "texts": list(texts),
            }
        )

    for folder in ("tiny_roberta", "tiny_qwen3", "tiny_modernbert"):
        add("default", folder)
        add("tokens", folder, method="encode_tokens", texts=[0, 2, 8])
        add("prompt", folder, prompt="title: ")
        for length in (3, 9):
            add(f"max_seq_length.{length}", folder, length=length)
        for mode in ("mean", "cls", "lasttoken", "weightedmean", "max"):
            pooling = {"embedding_dimension": 32, "pooling_mode": mode, "include_prompt": False}
            files = {"1_Pooling/config.json": pooling}
            add(f"no_prompt.{mode}", folder, files=files, texts=[0, 2, 6], prompt="query: ")
    for method in ("encode_query", "encode_document"):
        add(method, "tiny_qwen3", method=method)
    add("prompt_name", "tiny_qwen3", prompt_name="query")
    return result


def main():
    torch.set_num_threads(1)
    hf.logging.disable_progress_bar()
    for name in ("tiny_roberta", "tiny_qwen3", "tiny_modernbert"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    make_roberta()
    make_qwen3()
    make_modernbert()
    arrays, all_cases = {}, cases()
    for case in all_cases:
        found = run_case(case, HERE, TEXTS)
        for index, array in enumerate(found) if isinstance(found, list) else [(None, found)]:
            key = case["name"] if index is None else f"{case['name']}.{index}"
            assert np.isfinite(array).all(), key
            arrays[key] = np.ascontiguousarray(array)
    save_file(arrays, HERE / "tiny_encoders.safetensors")
    tokens = {}
    for name in ("tiny_roberta", "tiny_qwen3", "tiny_modernbert"):
        model = SentenceTransformer(str(HERE / name), device="cpu")
        tokens[name] = [model.preprocess([text])["input_ids"][0].tolist() for text in TEXTS]
    content = {"versions": VERSIONS, "texts": TEXTS, "tokens": tokens, "cases": all_cases}
    write_json(HERE / "tiny_encoders_cases.json", content)
    print(f"tiny_encoders_cases.json: {len(all_cases)} cases")


if __name__ == "__main__":
    main()
