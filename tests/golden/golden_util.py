"""Golden results of sentence_transformers.util on seeded inputs."""

import json

import numpy as np
import torch
from safetensors.torch import save_file
from sentence_transformers import util
from sentence_transformers.util import quantize_embeddings

import golden_models


def clusters(generator):
    """Three tight groups of 12, 7 and 4 rows and 9 loners, shuffled."""
    rows = []
    for size in (12, 7, 4):
        centre = torch.randn(16, generator=generator)
        rows += [centre + 0.15 * torch.randn(16, generator=generator) for _ in range(size)]
    rows += [torch.randn(16, generator=generator) for _ in range(9)]
    order = torch.randperm(len(rows), generator=generator)
    return torch.stack(rows)[order]


def make_util(out):
    generator = torch.Generator().manual_seed(7)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    a, b = normal(7, 24), normal(11, 24)
    a[3] = 0
    odd_a, odd_b = normal(4, 9), normal(4, 9)
    inputs = {
        "a": a,
        "b": b,
        "same": normal(7, 24),
        "vector": normal(24),
        "a16": a.half(),
        "b16": b.half(),
        "odd_a": odd_a,
        "odd_b": odd_b,
        "queries": normal(23, 12),
        "few_queries": normal(3, 12),
        "query": normal(12),
        "corpus": normal(101, 12),
        "mining": normal(40, 12),
        "clusters": clusters(generator),
        "coordinates": torch.tensor(
            [[1.0, 0.0], [0.99, 0.05], [0.98, -0.1], [0.0, 1.0], [0.06, 0.99], [-1.0, 0.02], [0.7, 0.7]]
        ),
        "identical": torch.ones(60, 3),
        "quantize": normal(30, 20),
        "calibration": 1.5 * normal(50, 20),
        "ranges": torch.stack([torch.full((20,), -1.0), torch.linspace(0.5, 2.0, 20)]),
        "edges": torch.tensor([[-1.0, 1.0, 5.0], [15.0, 1.0, -5.0], [1.0, 1.0, 0.0]]),
        "edge_calibration": torch.tensor([[1.0, 20.0, -3.0], [4.0, 5.0, -60.0]]),
        "bits": torch.tensor([[0.0, 1.0, -1.0, 2.0, 0.0, 0.0, 0.0, 0.0, -0.0, 1e-30]]),
    }
    inputs["quantize"][:, 5] = 0.25  # a dimension without range
    arrays, cases = {"in." + name: value for name, value in inputs.items()}, []

    def add(function, arguments, **options):
        """arguments name inputs; options are the keyword arguments, tensors among them by name."""
        name = f"{len(cases):03d}.{function.__name__}"
        values = [inputs[x] for x in arguments]
        keywords = {}
        for key, value in options.items():
            if key == "score_function":
                keywords[key] = getattr(util, value)
            elif key in ("ranges", "calibration_embeddings"):
                keywords[key] = inputs[value].numpy()
            else:
                keywords[key] = value
        result = function(*values, **keywords)
        case = {"function": function.__name__, "arguments": arguments, "options": options}
        if isinstance(result, (torch.Tensor, np.ndarray)):
            arrays["out." + name] = torch.as_tensor(result).contiguous().clone()
            case["expected"] = "out." + name
        elif function is util.semantic_search:
            case["expected"] = [[[hit["corpus_id"], hit["score"]] for hit in hits] for hits in result]
        else:
            case["expected"] = result
        cases.append(case)

    for function in (util.cos_sim, util.dot_score, util.euclidean_sim, util.manhattan_sim):
        for arguments in (["a", "b"], ["b", "a"], ["a", "a"], ["vector", "b"], ["a", "vector"], ["a16", "b16"]):
            add(function, arguments)
    for function in (
        util.pairwise_cos_sim,
        util.pairwise_dot_score,
        util.pairwise_euclidean_sim,
        util.pairwise_manhattan_sim,
        util.pairwise_angle_sim,
    ):
        for arguments in (["a", "same"], ["a16", "a16"], ["odd_a", "odd_b"]):
            add(function, arguments)
    for name in ("a", "vector", "a16"):
        add(util.normalize_embeddings, [name])
    for size in (1, 5, 24):
        add(util.truncate_embeddings, ["a"], truncate_dim=size)
    add(util.truncate_embeddings, ["vector"], truncate_dim=6)

    for precision in ("float32", "int8", "uint8", "binary", "ubinary"):
        add(quantize_embeddings, ["quantize"], precision=precision)
    for precision in ("int8", "uint8"):
        add(quantize_embeddings, ["quantize"], precision=precision, ranges="ranges")
        add(quantize_embeddings, ["quantize"], precision=precision, calibration_embeddings="calibration")
        add(
            quantize_embeddings,
            ["quantize"],
            precision=precision,
            ranges="ranges",
            calibration_embeddings="calibration",
        )
        add(quantize_embeddings, ["edges"], precision=precision, calibration_embeddings="edge_calibration")
    for precision in ("binary", "ubinary"):
        add(quantize_embeddings, ["bits"], precision=precision)

    for options in (
        {},
        {"top_k": 3},
        {"query_chunk_size": 5, "corpus_chunk_size": 17},
        {"corpus_chunk_size": 1, "top_k": 2},
        {"top_k": 500},
        {"top_k": 150, "corpus_chunk_size": 40},
        {"score_function": "dot_score", "top_k": 4, "query_chunk_size": 7},
        {"score_function": "euclidean_sim", "top_k": 2, "corpus_chunk_size": 30},
    ):
        add(util.semantic_search, ["few_queries" if options.get("top_k", 0) > 100 else "queries", "corpus"], **options)
    add(util.semantic_search, ["query", "corpus"], top_k=1)
    for options in (
        {},
        {"max_pairs": 5},
        {"max_pairs": 1},
        {"top_k": 1},
        {"top_k": 2, "max_pairs": 10, "query_chunk_size": 7, "corpus_chunk_size": 11},
        {"score_function": "dot_score", "max_pairs": 20},
        {"max_pairs": 8, "query_chunk_size": 3},
    ):
        add(util.paraphrase_mining_embeddings, ["mining"], **options)
    for options in (
        {"min_community_size": 3},
        {"threshold": 0.9, "min_community_size": 2},
        {"threshold": 0.5, "min_community_size": 5, "batch_size": 4},
        {"threshold": 0.99, "min_community_size": 1},
        {},
        {"min_community_size": 33},
        {"threshold": -1.0, "min_community_size": 1},
    ):
        add(util.community_detection, ["clusters"], **options)
    for options in (
        {"threshold": 0.9, "min_community_size": 1},
        {"threshold": 0.9, "min_community_size": 2},
        {"threshold": 0.7, "min_community_size": 2},
    ):
        add(util.community_detection, ["coordinates"], **options)
    add(util.community_detection, ["identical"], threshold=0.999, min_community_size=5)

    save_file(arrays, out / "util.safetensors")
    text = json.dumps({"versions": golden_models.VERSIONS, "cases": cases}, separators=(",", ":"))
    (out / "util_cases.json").write_text(text.replace('{"function"', '\n{"function"') + "\n", encoding="ascii")
    print(f"util_cases.json: {len(cases)} cases")
