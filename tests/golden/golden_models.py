"""Golden embeddings of all-MiniLM-L6-v2, and what the other golden scripts share."""

import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import sentence_transformers
import tokenizers
import torch
import transformers
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

import hard_texts

VERSIONS = {
    "sentence-transformers": sentence_transformers.__version__,
    "transformers": transformers.__version__,
    "tokenizers": tokenizers.__version__,
    "torch": torch.__version__,
    "numpy": np.__version__,
}


def load(folder, **options):
    return SentenceTransformer(str(folder), device="cpu", **options)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=True, indent=1) + "\n", encoding="ascii")


def minilm_texts():
    story = "The old lighthouse keeper climbed the stairs every evening and lit the lamp before the ships came home. "
    texts = [
        "The weather is lovely today.",
        "It's so sunny outside!",
        "He drove to the stadium.",
        "This framework generates embeddings for each input sentence",
        "Sentences are passed as a list of string.",
        "The quick brown fox jumps over the lazy dog.",
        "A man is eating pasta.",
        "Ein Mann isst Nudeln.",
        "",
        " ",
        "a",
        ".",
        "hello",
        "Hello",
        "[SEP]",
        "a [MASK] b",
        "\u200b",
        "#",
        "42",
        "supercalifragilisticexpialidocious",
        story,
        story * 4,
        story * 12,
        story * 14,
        story * 40,
        "word " * 253,
        "word " * 254,
        "word " * 255,
        "word " * 300,
        "é" * 150,
        "unaffable " * 90,
        "日本語 " * 100,
    ]
    return texts + hard_texts.SENTENCES[1:80:8] + hard_texts.SYMBOLS[:24:4]


def make_minilm(model, out):
    texts = minilm_texts()
    assert len(texts) == 48, len(texts)
    embeddings = np.stack([model.encode(text, batch_size=1) for text in texts])
    arrays = {"embeddings": embeddings.astype(np.float32)}
    for name in ("cosine", "dot", "euclidean", "manhattan"):
        model.similarity_fn_name = name
        arrays["similarity." + name] = model.similarity(embeddings[:8], embeddings[:8]).numpy()
        arrays["similarity_pairwise." + name] = model.similarity_pairwise(embeddings[:8], embeddings[8:16]).numpy()
    model.similarity_fn_name = "cosine"
    token_texts = [1, 8, 15]
    for index in token_texts:
        arrays[f"tokens.{index}"] = model.encode([texts[index]], output_value="token_embeddings")[0].numpy()
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, out / "minilm.safetensors")
    counts = [len(model.tokenizer(t, truncation=False, padding=False)["input_ids"]) for t in texts]
    write_json(
        out / "minilm_texts.json",
        {
            "versions": VERSIONS,
            "max_seq_length": model.max_seq_length,
            "token_texts": token_texts,
            "untruncated_lengths": counts,
            "texts": texts,
        },
    )
