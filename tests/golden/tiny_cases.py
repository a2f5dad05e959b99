"""Golden embeddings of the tiny models: one case for each option of loading and encoding."""

import pathlib
import shutil
import tempfile

import numpy as np
from safetensors.numpy import save_file

from golden_models import VERSIONS, load, write_json

MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
TYPE = "sentence_transformers.base.modules.transformer.Transformer"
POOLING = "sentence_transformers.sentence_transformer.modules.pooling.Pooling"
TEXTS = [
    "The weather is sunny",
    "a dog and a cat play in the sun",
    "Unaffable man, eating good food!",
    "",
    "café 日本 привет",
    "x",
    "The woman is good. The man is good. The dog is good.",
    "he [SEP] she",
    "13 cats + 42 dogs = ?",
    "the " * 80,
]
LONG_PROMPT = "title: a very long prompt that is longer than the limit; query: "


def pooling(mode, dimension=32, **more):
    return {"embedding_dimension": dimension, "pooling_mode": mode, "include_prompt": True, **more}


def modules_json(*types, folders=("", "1_Pooling", "2_Normalize")):
    return [{"idx": i, "name": str(i), "path": folders[i], "type": t} for i, t in enumerate(types)]


def tiny_cases():
    """Each: folder, files to write over it, how to load and set it, the call, and its texts."""
    cases = []
    raw = {"modules.json": modules_json(TYPE, POOLING)}

    def add(
        name,
        folder="tiny_bert",
        files=None,
        method="encode",
        texts=range(len(TEXTS)),
        load=None,
        max_seq_length=None,
        **options,
    ):
        cases.append(
            {
                "name": name,
                "folder": folder,
                "files": files or {},
                "load": load or {},
                "max_seq_length": max_seq_length,
                "method": method,
                "options": options,
                "texts": texts if isinstance(texts, int) else list(texts),
            }
        )

    add("default")
    add("one_text", texts=2)
    add("tokens", method="encode_tokens", texts=[0, 3, 9])
    for mode in MODES + [["cls", "mean"], ["max", "mean_sqrt_len_tokens", "lasttoken", "weightedmean"]]:
        label = mode if isinstance(mode, str) else "+".join(mode)
        files = {**raw, "1_Pooling/config.json": pooling(mode)}
        without = {**raw, "1_Pooling/config.json": pooling(mode, include_prompt=False)}
        add(f"pooling.{label}", files=files)
        add(f"pooling_normalized.{label}", files={"1_Pooling/config.json": pooling(mode)})
        add(f"prompt.{label}", files=files, prompt="query: ")
        add(f"no_prompt.{label}", files=without, prompt="query: ")
        add(f"no_prompt_long.{label}", files=without, prompt=LONG_PROMPT, max_seq_length=8)
        add(f"no_prompt_empty.{label}", files=without, prompt="")
    old = {
        "word_embedding_dimension": 32,
        "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    add(
        "old_spelling",
        files={
            "modules.json": modules_json(
                *("sentence_transformers.models." + t for t in ("Transformer", "Pooling", "Normalize"))
            ),
            "1_Pooling/config.json": old,
        },
    )

    for name, options in {
        "truncate_dim": {"truncate_dim": 8},
        "normalize": {"normalize_embeddings": True},
        "truncate_normalize": {"truncate_dim": 5, "normalize_embeddings": True},
    }.items():
        add(name, **options)
        add(name + ".raw", files=raw, **options)
    add("load_truncate_dim", load={"truncate_dim": 7})
    add("load_truncate_dim.call_wins", load={"truncate_dim": 7}, truncate_dim=12)
    for precision in ("float32", "int8", "uint8", "binary", "ubinary"):
        add(f"precision.{precision}", texts=range(6), precision=precision)
    add("precision.int8.raw", files=raw, texts=range(6), precision="int8", truncate_dim=10, normalize_embeddings=True)
    add("precision.ubinary.odd", texts=range(6), precision="ubinary", truncate_dim=13)

    def prompts(default=None, **named):
        return {
            "config_sentence_transformers.json": {
                "prompts": named,
                "default_prompt_name": default,
                "similarity_fn_name": "cosine",
            }
        }

    for label, files in {
        "query_passage": prompts(query="query: ", passage="pass age: "),
        "default": prompts("query", query="query: ", other="title "),
        "document": prompts("document", query="query: ", document="title: "),
        "corpus": prompts(corpus="corpus: "),
        "none": prompts(),
    }.items():
        for method in ("encode", "encode_query", "encode_document"):
            add(f"prompts.{label}.{method}", files=files, method=method, texts=[0, 3])
    some = prompts("query", query="query: ", passage="pass age: ", empty="")
    for method in ("encode", "encode_query", "encode_document"):
        add(f"prompts.name.{method}", files=some, method=method, texts=[0, 3], prompt_name="passage")
        add(f"prompts.prompt.{method}", files=some, method=method, texts=[0, 3], prompt="title: ")
        add(f"prompts.both.{method}", files=some, method=method, texts=[0, 3], prompt="title: ", prompt_name="passage")
        add(f"prompts.empty.{method}", files=some, method=method, texts=[0, 3], prompt_name="empty")
        add(f"prompts.empty_text.{method}", files=some, method=method, texts=[0, 3], prompt="")

    add("max_seq_length.set", max_seq_length=8)
    add("max_seq_length.file", files={"sentence_bert_config.json": {"max_seq_length": 8, "do_lower_case": False}})
    add(
        "max_seq_length.old_file",
        files={
            "sentence_distilbert_config.json": {"max_seq_length": 6, "do_lower_case": False},
            "sentence_bert_config.json": None,
        },
    )
    for name in ("dot", "euclidean", "manhattan"):
        files = {
            "config_sentence_transformers.json": {
                "prompts": {},
                "default_prompt_name": None,
                "similarity_fn_name": name,
            }
        }
        add(f"similarity.{name}", files=files, method="similarity")
    for folder in ("tiny_bert_cased", "tiny_bert_prefixed"):
        add(f"bare.{folder}", folder=folder)
        add(f"bare.{folder}.one", folder=folder, texts=4)
        add(f"bare.{folder}.tokens", folder=folder, method="encode_tokens", texts=[2, 9])
    cased = {"modules.json": modules_json(TYPE, POOLING), "1_Pooling/config.json": pooling("mean", 30)}
    add(
        "cased.do_lower_case",
        folder="tiny_bert_cased",
        files={**cased, "sentence_bert_config.json": {"max_seq_length": 20, "do_lower_case": True}},
    )
    add(
        "cased.no_lower_case",
        folder="tiny_bert_cased",
        files={**cased, "sentence_bert_config.json": {"max_seq_length": 20, "do_lower_case": False}},
    )
    return cases


def run_case(case, out, all_texts=TEXTS):
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(out / case["folder"], copy, dirs_exist_ok=True)
        for name, content in case["files"].items():
            path = pathlib.Path(copy) / name
            path.unlink(missing_ok=True)
            if content is not None:
                write_json(path, content)
        model = load(copy, **case["load"])
    if case["max_seq_length"]:
        model.max_seq_length = case["max_seq_length"]
    case["loaded_max_seq_length"] = model.max_seq_length
    chosen = case["texts"]
    texts = all_texts[chosen] if isinstance(chosen, int) else [all_texts[i] for i in chosen]
    if case["method"] == "encode_tokens":
        return [model.encode([t], output_value="token_embeddings", **case["options"])[0].numpy() for t in texts]
    if case["method"] == "similarity":
        embeddings = model.encode(texts, batch_size=1)
        return model.similarity(embeddings, embeddings).numpy()
    return getattr(model, case["method"])(texts, batch_size=1, **case["options"])


def make_tiny_cases(out):
    arrays, cases = {}, tiny_cases()
    for case in cases:
        result = run_case(case, out)
        for index, array in enumerate(result) if isinstance(result, list) else [(None, result)]:
            key = case["name"] if index is None else f"{case['name']}.{index}"
            assert not np.isnan(array.astype(np.float32)).any(), key
            arrays[key] = np.ascontiguousarray(array)
    save_file(arrays, out / "tiny_bert.safetensors")
    write_json(out / "tiny_bert_cases.json", {"versions": VERSIONS, "texts": TEXTS, "cases": cases})
    print(f"tiny_bert_cases.json: {len(cases)} cases")
