#!/usr/bin/env python3
"""Golden values and gradients of the training losses: python make_losses.py (needs no model; see README.md)."""

import json
import pathlib
import shutil
import tempfile

import torch
from golden_models import VERSIONS, write_json
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder, SentenceTransformer, util
from sentence_transformers.cross_encoder import losses as cross
from sentence_transformers.sentence_transformer import losses
from torch import nn
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent
SIAMESE = losses.SiameseDistanceMetric
TRIPLET = losses.TripletDistanceMetric
BATCH = losses.BatchHardTripletLossDistanceFunction
DISTANCES = {
    "siamese": {"cosine": SIAMESE.COSINE_DISTANCE, "euclidean": SIAMESE.EUCLIDEAN, "manhattan": SIAMESE.MANHATTAN},
    "triplet": {"cosine": TRIPLET.COSINE, "euclidean": TRIPLET.EUCLIDEAN, "manhattan": TRIPLET.MANHATTAN},
    "batch": {"cosine": BATCH.cosine_distance, "euclidean": BATCH.euclidean_distance},
}
DIMENSION = 16


class Stub(nn.Module):
    """A model whose embeddings are given."""

    max_seq_length = 64
    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(HERE / "tiny_bert")

    def get_embedding_dimension(self):
        return DIMENSION

    def forward(self, features):
        return {"sentence_embedding": features["embeddings"]}


class Guide(Stub):
    def forward(self, features):
        return {"sentence_embedding": features["guided"]}


def inputs():
    generator = torch.Generator().manual_seed(11)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    a = normal(6, DIMENSION)
    b, c, d = a + 0.9 * normal(6, DIMENSION), a + 1.5 * normal(6, DIMENSION), normal(6, DIMENSION)
    b[4], c[5] = b[2], c[1]  # texts that are there twice
    ga = normal(6, 12)
    gb, gc = ga + 0.8 * normal(6, 12), ga + 1.2 * normal(6, 12)
    gb[4], gc[5] = gb[2], gc[1]
    # For the batch losses: three tight classes and a copy of a row.
    centres = normal(3, DIMENSION)
    e = centres[torch.tensor([0, 1, 2, 0, 1, 2])] + 0.8 * normal(6, DIMENSION)
    e[3] = e[0]
    teacher, teacher_each = normal(6, DIMENSION), normal(6, 3 * DIMENSION)
    return dict(a=a, b=b, c=c, d=d, e=e, ga=ga, gb=gb, gc=gc, teacher=teacher, teacher_each=teacher_each)


SCORES = [[0.9], [0.2], [0.5], [0.2], [1.0], [0.0]]
BINARY = [[1], [0], [1], [0], [1], [0]]
CLASSES = [[0], [1], [2], [2], [1], [0]]
GROUPS = [[0], [1], [2], [0], [1], [2]]
MARGINS = [[0.5, -0.2], [1.5, 2.5], [0.1, 0.2], [3.0, -1.0], [0.0, 0.4], [0.3, 0.3]]
PASSAGES = [row + [0.7 * i] for i, row in enumerate(MARGINS)]
FIRST_MARGINS = [row[:1] for row in MARGINS]


def embedding_cases():
    """(loss, options, columns, labels): options as the C++ test reads them."""
    cases = [("CosineSimilarityLoss", {}, "ab", SCORES)]
    for options in ({}, {"scale": 5.0}, {"similarity": "dot"}):
        cases.append(("CoSENTLoss", options, "ab", SCORES))
    cases.append(("CoSENTLoss", {}, "ab", [[0.5]] * 6))
    cases += [("AnglELoss", {}, "ab", SCORES), ("AnglELoss", {"scale": 3.0}, "abcd", SCORES)]
    cases.append(("AnglELoss", {}, "abc", None))
    for distance in ("cosine", "euclidean", "manhattan"):
        margin = 0.5 if distance == "cosine" else 6.0
        for loss, options in (("ContrastiveLoss", {}), ("ContrastiveLoss", {"size_average": False}), ("OnlineContrastiveLoss", {})):
            cases.append((loss, {"distance": distance, "margin": margin, **options}, "ad", BINARY))
    cases.append(("ContrastiveLoss", {}, "ab", SCORES))
    for labels in (BINARY, [[1]] * 6, [[0]] * 6, SCORES):
        cases.append(("OnlineContrastiveLoss", {"margin": 0.9}, "ab", labels))
    for rep in (True, False):
        for difference in (True, False):
            for multiplication in (True, False):
                if rep or difference or multiplication:
                    cases.append(("SoftmaxLoss", {"rep": rep, "difference": difference, "multiplication": multiplication}, "ab", CLASSES))
    cases.append(("SoftmaxLoss", {"num_labels": 2}, "ab", BINARY))
    cases.append(("SoftmaxLoss", {"num_labels": 2}, "ab", [[0.1 * i, 1 - 0.1 * i] for i in range(6)]))
    for columns in ("ab", "abc", "abcd"):
        for options in (
            {},
            {"scale": 4.0, "similarity": "dot"},
            {"symmetric": True},
            {"query_to_query": True},
            {"doc_to_query": True},
            {"doc_to_doc": True},
            {"query_to_query": True, "doc_to_query": True, "doc_to_doc": True},
            {"hardness_mode": "in_batch_negatives", "hardness_strength": 9.0},
            {"hardness_mode": "hard_negatives", "hardness_strength": 5.0},
            {"hardness_mode": "all_negatives", "hardness_strength": 3.0, "doc_to_query": True},
        ):
            if columns != "abc" or len(options) != 1:
                cases.append(("MultipleNegativesRankingLoss", options, columns, None))
    cases.append(("MultipleNegativesSymmetricRankingLoss", {}, "ab", None))
    for distance in ("cosine", "euclidean", "manhattan"):
        cases.append(("TripletLoss", {"distance": distance}, "abc", None))
        cases.append(("TripletLoss", {"distance": distance, "margin": 0.1}, "abc", None))
    for loss in ("All", "Hard", "SemiHard", "HardSoftMargin"):
        for distance in ("cosine", "euclidean"):
            options = [{"margin": 5.0}, {"margin": 0.5}] if loss != "HardSoftMargin" else [{}]
            for option in options:
                cases.append((f"Batch{loss}TripletLoss", {"distance": distance, **option}, "e", GROUPS))
        for labels in ([[0], [0], [1], [0], [2], [1]], [[1]] * 6, [[i] for i in range(6)]):
            cases.append((f"Batch{loss}TripletLoss", {}, "e", labels))
    cases += [("MSELoss", {}, "a", "teacher"), ("MSELoss", {}, "abc", "teacher"), ("MSELoss", {}, "abc", "teacher_each")]
    for options in ({}, {"similarity": "pairwise_cos"}):
        cases.append(("MarginMSELoss", options, "abc", FIRST_MARGINS))
        cases.append(("MarginMSELoss", options, "abc", MARGINS))
        cases.append(("MarginMSELoss", options, "abcd", MARGINS))
        cases.append(("MarginMSELoss", options, "abcd", PASSAGES))
    for columns in ("ab", "abc"):
        for options in (
            {},
            {"temperature": 0.1, "margin": 0.3},
            {"temperature": 0.1, "relative_margin": True, "margin": 0.4},
            {"contrast_anchors": False},
            {"temperature": 0.05, "contrast_positives": False},
        ):
            cases.append(("GISTEmbedLoss", options, columns, None))
    sizes = {"dims": [4, 16, 8], "weights": [0.5, 2.0, 1.0]}
    for options, columns, labels in (
        ({"inner": "CosineSimilarityLoss", "dims": [16, 8, 4]}, "ab", SCORES),
        ({"inner": "CosineSimilarityLoss", **sizes}, "ab", SCORES),
        ({"inner": "MultipleNegativesRankingLoss", **sizes}, "abc", None),
        ({"inner": "MSELoss", **sizes}, "ab", "teacher"),
        ({"inner": "MSELoss", **sizes}, "abc", "teacher_each"),
        ({"inner": "SoftmaxLoss", "dims": [16], "weights": [0.7]}, "ab", CLASSES),
        ({"inner": "BatchAllTripletLoss", **sizes}, "e", GROUPS),
    ):
        cases.append(("MatryoshkaLoss", options, columns, labels))
    return cases


def similarity(name):
    return {"dot": util.dot_score, "pairwise_cos": util.pairwise_cos_sim}[name]


def make_loss(model, name, options):
    options = dict(options)
    keywords = {}
    if name == "CoSENTLoss" and "similarity" in options:
        options.pop("similarity")
        keywords["similarity_fct"] = util.pairwise_dot_score
    elif "similarity" in options:
        keywords["similarity_fct"] = similarity(options.pop("similarity"))
    if "distance" in options:
        kind = "siamese" if "Contrastive" in name else "batch" if "Batch" in name else "triplet"
        keywords["distance_metric"] = DISTANCES[kind][options.pop("distance")]
    if name == "TripletLoss" and "margin" in options:
        keywords["triplet_margin"] = options.pop("margin")
    if name in ("MatryoshkaLoss", "Matryoshka2dLoss", "AdaptiveLayerLoss"):
        keywords["loss"] = make_loss(model, options.pop("inner"), options.pop("inner_options", {}))
        if name != "AdaptiveLayerLoss":
            keywords["matryoshka_dims"] = options.pop("dims")
            keywords["matryoshka_weights"] = options.pop("weights", None)
    if name == "SoftmaxLoss":
        for key in ("rep", "difference", "multiplication"):
            if key in options:
                keywords["concatenation_sent_" + key] = options.pop(key)
        keywords.update(embedding_dimension=model.get_embedding_dimension(), num_labels=options.pop("num_labels", 3))
        torch.manual_seed(3)
    if name == "GISTEmbedLoss":
        guide = Guide() if isinstance(model, Stub) else SentenceTransformer(str(HERE / "tiny_bert"), device="cpu")
        keywords["guide"] = guide
        if options.pop("relative_margin", False):
            keywords["margin_strategy"] = "relative"
    if "MultipleNegatives" in name:
        ways = [key for key in ("query_to_query", "doc_to_query", "doc_to_doc") if options.pop(key, False)]
        if options.pop("symmetric", False):
            keywords.update(directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction")
        elif ways:
            keywords["directions"] = ("query_to_doc", *ways)
    return getattr(losses, name)(model, **keywords, **options)


def label_tensor(loss, labels, given):
    if labels is None:
        return None
    if labels == "teacher":
        return given["teacher"]
    if labels == "teacher_each":
        return given["teacher_each"].reshape(6, 3, DIMENSION)
    if len(labels[0]) == 1:
        labels = [row[0] for row in labels]
    tensor = torch.tensor(labels, dtype=torch.float32)
    return tensor.long() if "Softmax" in str(loss) and tensor.ndim == 1 else tensor


def make_embedding_cases(arrays):
    given = inputs()
    arrays.update({"in." + name: value for name, value in given.items()})
    result = []
    for number, (name, options, columns, labels) in enumerate(embedding_cases()):
        loss = make_loss(Stub(), name, options)
        parameters = [(n.removeprefix("loss."), p) for n, p in loss.named_parameters() if "classifier" in n]
        leaves = [given[c].clone().requires_grad_() for c in columns]
        features = [{"embeddings": leaf} for leaf in leaves]
        if name == "GISTEmbedLoss":
            for feature, c in zip(features, columns):
                feature["guided"] = given["g" + c]
        value = loss(features, label_tensor([name, options], labels, given))
        value.backward()
        key = f"{number:03d}"
        for c, leaf in zip(columns, leaves):
            arrays[f"{key}.{c}"] = leaf.grad
        for n, p in parameters:
            arrays[f"{key}.{n}"], arrays[f"{key}.{n}.grad"] = p.detach(), p.grad
        result.append(dict(key=key, loss=name, options=options, columns=columns, labels=labels, value=value.item()))
    return result


# Whole models.

TEXTS = [
    ["the man is eating food", "a woman is eating", "the sun is in the cafe", "a dog is playing"],
    ["a good dog", "the cat and the dog are playing in the sun", "a cat", "the weather is sunny today, man"],
    ["the weather", "sun", "a query and a title", "the passage is good , and the dog is not in the sun"],
    ["he is a man", "she is a woman", "the", "unaffable cafe"],
    ["42 dogs", "13 cats and 42 dogs", "a passage", "food"],
]


def gradients(key, parameters, arrays):
    """Of each parameter the gradient's length and every so many of its numbers."""
    for name, parameter in parameters:
        if parameter.grad is None:
            continue
        flat = parameter.grad.flatten()
        arrays[f"{key}.{name}"] = torch.cat([flat.norm().view(1), flat[:: max(1, flat.numel() // 31)]])


def without_dropout(folder, source):
    shutil.copytree(HERE / source, folder, dirs_exist_ok=True)
    path = pathlib.Path(folder) / "config.json"
    config = json.loads(path.read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    path.write_text(json.dumps(config))


def make_model_cases(arrays):
    scores = [[0.9], [0.1], [0.4], [0.6], [0.0]]
    ranking = "MultipleNegativesRankingLoss"
    cases = [
        ("CosineSimilarityLoss", {}, 2, scores, []),
        (ranking, {}, 3, None, []),
        (ranking, {}, 2, None, ["query: ", ""]),
        ("CachedMultipleNegativesRankingLoss", {"mini_batch_size": 2}, 3, None, []),
        ("CachedMultipleNegativesRankingLoss", {"mini_batch_size": 3, "symmetric": True}, 2, None, ["query: ", ""]),
        ("SoftmaxLoss", {"multiplication": True}, 2, [[0], [2], [1], [1], [0]], []),
        ("MatryoshkaLoss", {"inner": ranking, "dims": [32, 16, 8], "weights": [1.0, 0.5, 2.0]}, 3, None, []),
        ("MatryoshkaLoss", {"inner": "CachedMultipleNegativesRankingLoss", "inner_options": {"mini_batch_size": 2}, "dims": [32, 16]}, 2, None, []),
        ("MatryoshkaLoss", {"inner": "SoftmaxLoss", "dims": [32], "weights": [0.5]}, 2, [[0], [2], [1], [1], [0]], []),
        ("AdaptiveLayerLoss", {"inner": ranking, "n_layers_per_step": -1}, 3, None, []),
        ("AdaptiveLayerLoss", {"inner": "CosineSimilarityLoss", "n_layers_per_step": -1, "last_layer_weight": 2.0, "prior_layers_weight": 0.5, "kl_div_weight": 0.7, "kl_temperature": 0.5, "layer_weighting": "log"}, 2, scores, []),
        ("AdaptiveLayerLoss", {"inner": ranking, "n_layers_per_step": -1, "kl_temperature": 0, "layer_weighting": "linear"}, 2, None, []),
        ("Matryoshka2dLoss", {"inner": ranking, "dims": [32, 8], "n_dims_per_step": -1, "n_layers_per_step": -1}, 2, None, []),
        ("GISTEmbedLoss", {"temperature": 0.1, "margin": 0.02}, 3, None, []),
    ]
    result = []
    with tempfile.TemporaryDirectory() as folder:
        without_dropout(folder, "tiny_bert")
        for number, (name, options, columns, labels, prompts) in enumerate(cases):
            model = SentenceTransformer(folder, device="cpu").train()
            loss = make_loss(model, name, options)
            prefixes = prompts or [""] * columns
            texts = [[prefixes[c] + row[c] for row in TEXTS] for c in range(columns)]
            value = loss([model.preprocess(column) for column in texts], label_tensor([name, options], labels, {}))
            value.backward()
            key = f"model{number:02d}"
            named = [(n.split(".", 2)[2], p) for n, p in model.named_parameters()]
            gradients(key, named, arrays)
            for n, p in loss.named_parameters():
                if "classifier" in n:
                    n = n.removeprefix("loss.")
                    arrays[f"{key}.{n}.value"] = p.detach()
                    gradients(key, [(n, p)], arrays)
            result.append(dict(key=key, loss=name, options=options, columns=columns, labels=labels, prompts=prompts, value=value.item()))
    return result


# Cross-encoders.


class CrossStub(CrossEncoder):
    """Scores that are given: a pair is a row and a column of a table."""

    def __init__(self, table):
        nn.Module.__init__(self)
        self.table = table
        self._model_card_vars = {}

    num_labels = 1
    device = torch.device("cpu")

    def preprocess(self, pairs, **_):
        return {"places": torch.tensor([[int(a), int(b)] for a, b in pairs])}

    def __call__(self, features):
        return {"scores": self.table[features["places"][:, 0], features["places"][:, 1]].unsqueeze(1)}


LISTS = [[2.0, 0.0, 1.0, 1.0, 0.0], [0.0, 1.0], [3.0], [0.0, 0.0, 0.0], [1.0, 0.0, 4.0, 2.0]]
SCHEMES = {
    "none": cross.NoWeightingScheme,
    "ndcg_loss1": cross.NDCGLoss1Scheme,
    "ndcg_loss2": cross.NDCGLoss2Scheme,
    "lambda_rank": cross.LambdaRankScheme,
    "ndcg_loss2pp": cross.NDCGLoss2PPScheme,
}


def make_cross_loss(model, name, options):
    options = dict(options)
    if "weighting" in options:
        mu = {"mu": options.pop("mu")} if "mu" in options else {}
        options["weighting_scheme"] = SCHEMES[options.pop("weighting")](**mu)
    if "binary_log" in options:
        options["reduction_log"] = "binary" if options.pop("binary_log") else "natural"
    if options.get("activation") == "identity":
        options.pop("activation")
        options["activation_fn"] = nn.Identity()
    if "pos_weight" in options:
        options["pos_weight"] = torch.tensor(options["pos_weight"])
    return getattr(cross, name)(model, **options)


def make_table_cases(arrays):
    """LambdaLoss and ListNetLoss of documents 0, 1, ... of query i; ranking of texts of 4 anchors and 2 columns."""
    generator = torch.Generator().manual_seed(5)
    table = 2 * torch.randn(5, 8, generator=generator)
    table[0, 3] = table[0, 1]  # a tie
    table[4, 1] = 40.0
    arrays["in.table"] = table
    cases = [("ListNetLoss", {})]
    for weighting in SCHEMES:
        cases.append(("LambdaLoss", {"weighting": weighting}))
        cases.append(("LambdaLoss", {"weighting": weighting, "k": 2, "sigma": 0.7, "binary_log": False}))
    cases.append(("LambdaLoss", {"weighting": "ndcg_loss2pp", "mu": 3.0, "eps": 0.5, "k": 9}))
    for options in ({}, {"scale": 3.0}, {"activation": "identity", "scale": 0}):
        cases.append(("MultipleNegativesRankingLoss", {"num_negatives": None, **options}))
    result = []
    for number, (name, options) in enumerate(cases):
        leaf = table.clone().requires_grad_()
        loss = make_cross_loss(CrossStub(leaf), name, options)
        if name == "MultipleNegativesRankingLoss":
            columns = [[str(i + 4 * c) for i in range(4)] for c in range(2)]
            value = loss([[str(i) for i in range(4)], *columns], None)
        else:
            queries = [str(i) for i in range(len(LISTS))]
            documents = [[str(d) for d in range(len(labels))] for labels in LISTS]
            value = loss([queries, documents], [torch.tensor(labels) for labels in LISTS])
        value.backward()
        key = f"table{number:02d}"
        arrays[key] = leaf.grad
        result.append(dict(key=key, loss=name, options=options, value=value.item()))
    return result


def make_cross_cases(arrays):
    scores = [[0.9], [0.1], [0.4], [1.0], [0.0]]
    margins = [[0.5, -1.0], [1.5, 0.1], [0.2, 2.0], [-0.3, 0.3], [0.0, 1.0]]
    lists = [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0], [3.0, 1.0]]
    classes = [[0], [2], [1], [1], [0]]
    cases = [
        ("tiny_cross", "BinaryCrossEntropyLoss", {}, 2, scores, []),
        ("tiny_cross", "BinaryCrossEntropyLoss", {"pos_weight": 3.0}, 2, scores, ["query: ", ""]),
        ("tiny_cross_labels", "CrossEntropyLoss", {}, 2, classes, []),
        ("tiny_cross", "MSELoss", {}, 2, scores, []),
        ("tiny_cross", "MarginMSELoss", {}, 3, [row[:1] for row in margins], []),
        ("tiny_cross", "MarginMSELoss", {}, 3, margins, []),
        ("tiny_cross", "MultipleNegativesRankingLoss", {"num_negatives": None}, 3, None, []),
        ("tiny_cross", "LambdaLoss", {}, 3, lists, []),
        ("tiny_cross", "ListNetLoss", {}, 3, lists, []),
    ]
    result = []
    for number, (source, name, options, columns, labels, prompts) in enumerate(cases):
        with tempfile.TemporaryDirectory() as folder:
            without_dropout(folder, source)
            model = CrossEncoder(folder, device="cpu").train()
        loss = make_cross_loss(model, name, options)
        prefixes = prompts or [""] * columns
        texts = [[prefixes[c] + row[c] for row in TEXTS] for c in range(columns)]
        tensor = label_tensor(name, labels, {})
        if name in ("LambdaLoss", "ListNetLoss"):
            texts = [texts[0], [[row[c] for c in range(1, columns)] for row in TEXTS]]
            tensor = [torch.tensor(row) for row in labels]
        value = loss(texts, tensor.long() if name == "CrossEntropyLoss" else tensor)
        value.backward()
        key = f"cross{number:02d}"
        gradients(key, [(n.split(".", 2)[2], p) for n, p in model.named_parameters()], arrays)
        result.append(dict(key=key, folder=source, loss=name, options=options, columns=columns, labels=labels, prompts=prompts, value=value.item()))
    return result


def main():
    torch.set_num_threads(1)
    arrays = {}
    result = {
        "versions": VERSIONS,
        "texts": TEXTS,
        "lists": LISTS,
        "embeddings": make_embedding_cases(arrays),
        "models": make_model_cases(arrays),
        "tables": make_table_cases(arrays),
        "cross_encoders": make_cross_cases(arrays),
    }
    write_json(HERE / "losses.json", result)
    save_file({k: v.contiguous().clone() for k, v in arrays.items()}, HERE / "losses.safetensors")
    (HERE / "losses.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
