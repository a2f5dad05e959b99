#!/usr/bin/env python3
"""Golden embeddings of tiny sparse encoders: python make_sparse.py (needs no model; see README.md)."""

import json
import pathlib
import shutil
import tempfile

from golden_models import VERSIONS, write_json  # isort: skip; sets what transformers reads when it is imported

import numpy as np
import torch
import transformers as hf
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer, SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from sentence_transformers.sparse_encoder import losses
from sentence_transformers.sparse_encoder.modules import SparseAutoEncoder, SparseStaticEmbedding, SpladePooling
from tiny_folders import randomise, uncased_vocab

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "sparse"
TEXTS = [
    "the dog is playing in the sun",
    "a cat and the weather",
    "the man is eating good food",
    "",
    "unaffable cafe 日本 ß 17!",
    "the dog is playing in the sun",
    "the woman and the man in the sunny weather " * 12,
    "he",
]


def sizes(tokenizer, **more):
    return {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, **more}


def bert_like(tokenizer, kind, seed):
    """A tiny model of a kind, with its scores of words."""
    common = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
        "max_position_embeddings": 160,
    }  # fmt: skip
    if kind == "bert":
        config = hf.BertConfig(**sizes(tokenizer, **common, hidden_act="gelu_new", layer_norm_eps=1e-6))
        model = hf.BertForMaskedLM(config)
    elif kind == "bert_untied":
        config = hf.BertConfig(**sizes(tokenizer, **common, tie_word_embeddings=False))
        model = hf.BertForMaskedLM(config)
    elif kind == "distilbert":
        config = hf.DistilBertConfig(
            **sizes(tokenizer, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=160, activation="relu")
        )
        model = hf.DistilBertForMaskedLM(config)
    elif kind == "roberta":
        model = hf.RobertaForMaskedLM(hf.RobertaConfig(**sizes(tokenizer, **common)))
    elif kind == "mpnet":
        model = hf.MPNetForMaskedLM(hf.MPNetConfig(**sizes(tokenizer, **common)))
    else:
        config = hf.ModernBertConfig(
            **sizes(tokenizer, **common, local_attention=8, decoder_bias=kind == "modernbert", classifier_bias=kind != "modernbert"),
            cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3,
        )
        model = hf.ModernBertForMaskedLM(config)
    return randomise(model, seed, 0.3)


def make_tokenizer():
    vocab = {token: i for i, token in enumerate(uncased_vocab())}
    return hf.BertTokenizer(vocab=vocab, model_max_length=64)


KINDS = ("bert", "bert_untied", "distilbert", "roberta", "mpnet", "modernbert", "modernbert_biases")


def make_folders():
    shutil.rmtree(OUT, ignore_errors=True)
    tokenizer = make_tokenizer()
    for seed, kind in enumerate(KINDS):
        bert_like(tokenizer, kind, 50 + seed).save_pretrained(OUT / kind)
        tokenizer.save_pretrained(OUT / kind)
    with tempfile.TemporaryDirectory() as folder:
        bert_like(tokenizer, "bert", 60).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        words = Transformer(folder, transformer_task="fill-mask")
        pooling = SpladePooling(pooling_strategy="sum", activation_function="log1p_relu")
        prompts = {"query": "he is ", "document": "", "passage": "query: "}
        model = SparseEncoder(
            modules=[words, pooling], device="cpu", prompts=prompts, similarity_fn_name="cosine", max_active_dims=9
        )
        model.save_pretrained(str(OUT / "saved"))
        (OUT / "saved" / "README.md").unlink()
    with tempfile.TemporaryDirectory() as folder:
        bert_like(tokenizer, "distilbert", 61).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        words = Transformer(folder, transformer_task="fill-mask")
        weight = torch.rand(len(tokenizer), generator=torch.Generator().manual_seed(62)) - 0.2
        queries = SparseStaticEmbedding(make_tokenizer(), weight=weight.clamp(min=0), frozen=True)
        router = Router.for_query_document([queries], [words, SpladePooling("max")])
        SparseEncoder(modules=[router], device="cpu").save_pretrained(str(OUT / "queries"))
        (OUT / "queries" / "README.md").unlink()
    make_auto_encoder("csr", 64, normalize=False, k_aux=8)
    make_auto_encoder("csr_normalized", 65, normalize=True, k_aux=30)


def make_auto_encoder(name, seed, **options):
    """A BERT, its tokens' mean, and an autoencoder some of whose latents are dead."""
    tokenizer = make_tokenizer()
    generator = torch.Generator().manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        randomise(hf.BertModel(bert_like(tokenizer, "bert", seed).config), seed, 0.3).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        latents = SparseAutoEncoder(input_dim=16, hidden_dim=40, k=6, dead_threshold=3, **options)
        with torch.no_grad():
            for parameter in latents.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
            latents.stats_last_nonzero.copy_(torch.randint(0, 8, (40,), generator=generator))
        model = SparseEncoder(modules=[Transformer(folder), Pooling(16, "mean"), latents], device="cpu")
        model.save_pretrained(str(OUT / name))
        (OUT / name / "README.md").unlink()


SCORES, MARGINS, LISTS = [0.9, 0.1, 0.4], [[1.5], [-0.5], [2.0]], [[2.0, 0.5], [1.0, 1.5], [3.0, -1.0]]
INNER = {
    "SparseMultipleNegativesRankingLoss": losses.SparseMultipleNegativesRankingLoss,
    "SparseMarginMSELoss": losses.SparseMarginMSELoss,
    "SparseDistillKLDivLoss": losses.SparseDistillKLDivLoss,
    "SparseTripletLoss": losses.SparseTripletLoss,
    "SparseCosineSimilarityLoss": losses.SparseCosineSimilarityLoss,
    "SparseCoSENTLoss": losses.SparseCoSENTLoss,
    "SparseAnglELoss": losses.SparseAnglELoss,
}


def loss_cases():
    """Each: the loss of the embeddings, SpladeLoss's options, columns, labels."""
    weights = {"document_regularizer_weight": 0.5, "query_regularizer_weight": 0.25}
    found = [
        ("SparseMultipleNegativesRankingLoss", weights, 3, None),
        ("SparseMultipleNegativesRankingLoss", {"document_regularizer_weight": 0.5}, 2, None),
        ("SparseMultipleNegativesRankingLoss", {**weights, "use_document_regularizer_only": True}, 2, None),
        ("SparseMarginMSELoss", {**weights, "document_regularizer_threshold": 122, "query_regularizer_threshold": 125}, 3, MARGINS),
        ("SparseMarginMSELoss", weights, 3, LISTS),
        ("SparseDistillKLDivLoss", weights, 3, LISTS),
        ("SparseTripletLoss", weights, 3, None),
        ("SparseCosineSimilarityLoss", weights, 2, SCORES),
        ("SparseCoSENTLoss", weights, 2, SCORES),
        ("SparseAnglELoss", weights, 2, SCORES),
        ("SparseMSELoss", {}, 1, "teacher"),
        ("CSRLoss", {"beta": 0.4, "gamma": 0.7}, 3, None),
        ("CSRLoss", {"beta": 2.0, "gamma": 1.0, "inner": "SparseTripletLoss", "folder": "csr_normalized"}, 3, None),
    ]
    return [
        {"name": f"loss.{i}", "loss": name, "options": options, "columns": columns, "labels": labels}
        for i, (name, options, columns, labels) in enumerate(found)
    ]


def add_losses(found, arrays):
    teacher = torch.rand(3, len(make_tokenizer()), generator=torch.Generator().manual_seed(63)).relu()
    arrays["teacher"] = teacher.numpy()
    for case in found:
        is_csr = case["loss"] == "CSRLoss"
        model = without_dropout(case["options"].get("folder", "csr" if is_csr else "bert"))
        columns = [[TEXTS[(3 * c + i) % 5] for i in range(3)] for c in range(case["columns"])]
        case["texts"] = columns
        if case["loss"] == "SparseMSELoss":
            loss = losses.SparseMSELoss(model)
        elif is_csr:
            inner = INNER.get(case["options"].get("inner"), lambda model: None)(model)
            loss = losses.CSRLoss(model, inner, beta=case["options"]["beta"], gamma=case["options"]["gamma"])
        else:
            loss = losses.SpladeLoss(model, INNER[case["loss"]](model), **case["options"])
        labels = teacher if case["labels"] == "teacher" else case["labels"] and torch.tensor(case["labels"])
        value = loss([model.preprocess(column) for column in columns], labels)
        value = sum(value.values()) if isinstance(value, dict) else value
        value.backward()
        case["value"] = value.item()
        for name, parameter in model[0].auto_model.named_parameters():
            if name in ("cls.predictions.bias", "cls.predictions.transform.dense.weight"):
                arrays[f"{case['name']}.{name}"] = parameter.grad.numpy()
        if is_csr:
            name = "encoder.layer.1.output.dense.weight"
            arrays[f"{case['name']}.{name}"] = model[0].auto_model.get_parameter(name).grad.numpy()
            for name, parameter in model[2].named_parameters():
                arrays[f"{case['name']}.2.{name}"] = parameter.grad.numpy()
            arrays[f"{case['name']}.counts"] = model[2].stats_last_nonzero.float().numpy()


def without_dropout(kind):
    model = SparseEncoder(str(OUT / kind), device="cpu")
    model.train()  # in evaluation SpladePooling overwrites what backward needs
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0
    return model


def cases():
    found = [{"name": kind, "folder": kind, "call": "encode", "options": {}} for kind in KINDS]
    for call in ("encode", "encode_query", "encode_document"):
        found.append({"name": f"saved.{call}", "folder": "saved", "call": call, "options": {}})
    for call in ("encode_query", "encode_document"):
        found.append({"name": f"queries.{call}", "folder": "queries", "call": call, "options": {}})
    for kind in ("csr", "csr_normalized"):
        found.append({"name": kind, "folder": kind, "call": "encode", "options": {}})
    for most in (3, 12):
        found.append({"name": f"csr.{most}", "folder": "csr", "call": "encode", "options": {"max_active_dims": most}})
    found.append({"name": "saved.all", "folder": "saved", "call": "encode", "options": {"max_active_dims": 1000}})
    found.append({"name": "bert.three", "folder": "bert", "call": "encode", "options": {"max_active_dims": 3}})
    found.append({"name": "saved.prompt", "folder": "saved", "call": "encode", "options": {"prompt": "good ", "max_active_dims": 1000}})
    return found


def main():
    torch.set_num_threads(1)
    hf.logging.disable_progress_bar()
    make_folders()
    arrays, found = {}, cases()
    for case in found:
        model = SparseEncoder(str(OUT / case["folder"]), device="cpu")
        embeddings = getattr(model, case["call"])(TEXTS, batch_size=1, **case["options"])
        arrays[case["name"]] = embeddings.to_dense().numpy()
        if case["name"] in ("bert", "saved.encode"):
            case["sparsity"] = model.sparsity(embeddings)
            case["decoded"] = model.decode(embeddings[0], top_k=5)
            case["shared"] = model.decode(model.intersection(embeddings[0], embeddings[2]))
            arrays[case["name"] + ".similarity"] = model.similarity(embeddings, torch.stack([embeddings[i] for i in range(3)])).numpy()
            arrays[case["name"] + ".pairwise"] = model.similarity_pairwise(embeddings, embeddings).numpy()
    # What another kind of model makes of the folder: the encoder and mean pooling.
    arrays["saved.dense"] = SentenceTransformer(str(OUT / "saved"), device="cpu").encode(TEXTS, batch_size=1)
    # The gradient of a sum of squares, with a word's row shared by the encoder and the scores.
    for kind in ("bert", "bert_untied"):
        model = without_dropout(kind)
        features = model.preprocess(TEXTS)
        (model(features)["sentence_embedding"] ** 2).sum().backward()
        for name, parameter in model[0].auto_model.named_parameters():
            looked_at = any(part in name for part in ("word_embeddings", "cls.predictions", "layer.1.output.dense"))
            if looked_at and parameter.grad is not None:
                arrays[f"{kind}.gradient.{name}"] = parameter.grad.numpy()
    of_losses = loss_cases()
    add_losses(of_losses, arrays)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, HERE / "sparse.safetensors")
    write_json(HERE / "sparse.json", {"versions": VERSIONS, "texts": TEXTS, "cases": found, "losses": of_losses})
    print(f"sparse.json: {len(found)} cases")


if __name__ == "__main__":
    main()
