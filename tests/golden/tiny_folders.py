"""Tiny random BERT folders, each saved by the Python library that users save with."""

import shutil
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizer

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def cased_vocab():
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    accents = "éèêàáâäãåçñöóôøüúùßşığİćčšžłőÉÀÜÖÇşđð"
    others = "日本語东京漢字你好世界。、「カタかなの한국어한ᄀσςαβΣΩприветПБйёИشلم€½ﬁ中"
    # fmt: off
    words = [
        "the", "The", "dog", "cat", "is", "##ing", "##ed", "##er", "query", "title", "pass", "##age", "café",
        "cafe", "##é", "naïf", "na", "straße", "strasse", "ou", "##our", "in", "##in", "he", "##he", "日", "##本",
        "un", "##aff", "##able", "and", "##an", "th", "##th",
    ]
    # fmt: on
    marks = ["\u0301", "\u0308", "\u0327", "\u0323", "\u3099"]
    vocab = (
        SPECIALS + list(letters) + ["##" + c for c in letters] + list("0123456789") + ["##" + c for c in "0123456789"]
    )
    vocab += list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + list(accents) + ["##" + c for c in accents[:24]]
    vocab += list(others) + ["##" + c for c in others[:40]] + marks + ["##" + m for m in marks] + words
    return list(dict.fromkeys(vocab))


def uncased_vocab():
    letters = "abcdefghijklmnopqrstuvwxyz"
    # fmt: off
    words = [
        "the", "a", "dog", "cat", "is", "##ing", "##ed", "##er", "##s", "query", "title", "pass", "##age", "cafe",
        "in", "##in", "he", "##he", "un", "##aff", "##able", "and", "##an", "th", "##th", "weather", "sun", "##ny",
        "play", "##play", "eat", "food", "man", "woman", "good",
    ]
    # fmt: on
    others = "日本語東京你好世界。のアσαβприветш"
    vocab = (
        SPECIALS
        + ["[unused0]", "[unused1]"]
        + list(letters)
        + ["##" + c for c in letters]
        + list("0123456789")
        + ["##" + c for c in "0123456789"]
    )
    vocab += list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + list(others) + ["##" + c for c in others[10:]] + words
    return list(dict.fromkeys(vocab))


def randomise(model, seed, spread, norm_centre=1):
    """Seeded weights with visible structure everywhere, the norms and biases too. Gemma's norms multiply by 1 + w."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.copy_(norm_centre + 0.3 * noise)
            elif "relative_attention_bias" in name:
                parameter.copy_(noise)  # large enough to show beside the scores
            else:
                parameter.copy_((0.3 if parameter.dim() == 1 else spread) * noise)
    return model.eval()


def bert_config(vocab, **options):
    values = dict(vocab_size=len(vocab), pad_token_id=0, initializer_range=0.25, architectures=None)
    values.update(options)
    return BertConfig(**values)


def write_tokenizer(folder, vocab, **options):
    """tokenizer.json and tokenizer_config.json as transformers saves them."""
    tokenizer = BertTokenizer(vocab={token: index for index, token in enumerate(vocab)}, **options)
    tokenizer.save_pretrained(folder)


def make_tiny_folders(out):
    for name in ("tiny_bert", "tiny_bert_cased", "tiny_bert_prefixed"):
        shutil.rmtree(out / name, ignore_errors=True)

    vocab = uncased_vocab()
    config = bert_config(
        vocab,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_act="gelu",
        layer_norm_eps=1e-12,
    )
    with tempfile.TemporaryDirectory() as folder:
        randomise(BertModel(config), 1, 0.25).save_pretrained(folder)
        write_tokenizer(folder, vocab, model_max_length=64)
        modules = [Transformer(folder), Pooling(32, "mean"), Normalize()]
        SentenceTransformer(modules=modules, device="cpu").save_pretrained(
            str(out / "tiny_bert"), create_model_card=False
        )

    vocab = cased_vocab()
    config = bert_config(
        vocab,
        hidden_size=30,
        num_hidden_layers=3,
        num_attention_heads=3,
        intermediate_size=37,
        max_position_embeddings=40,
        hidden_act="gelu_new",
        layer_norm_eps=1e-5,
        type_vocab_size=1,
    )
    randomise(BertModel(config), 2, 0.25).save_pretrained(out / "tiny_bert_cased")
    write_tokenizer(out / "tiny_bert_cased", vocab, do_lower_case=False)

    vocab = uncased_vocab()
    config = bert_config(
        vocab,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=24,
        hidden_act="relu",
        layer_norm_eps=1e-7,
    )
    randomise(BertForMaskedLM(config), 3, 0.25).save_pretrained(out / "tiny_bert_prefixed")
    (out / "tiny_bert_prefixed" / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
