#!/usr/bin/env python3
"""Golden hidden states, logits and gradients of tiny random encoders: python make_encoders.py (see README.md)."""

import json
import pathlib
import shutil
import tempfile
import zlib

import torch
import encoders_bert as bert
import encoders_gated as gated
import encoders_rope as rope
from encoder_configurations import GONE
from golden_models import VERSIONS
from safetensors.torch import load_file, save_file
from tiny_folders import randomise
from transformers import AutoModel, T5EncoderModel
from transformers import logging as transformers_logging

OUT = pathlib.Path(__file__).resolve().parent / "encoders"
MODEL_TYPES = {
    "bert": bert.bert,
    "roberta": bert.roberta,
    "xlm-roberta": bert.xlm_roberta,
    "camembert": bert.camembert,
    "mpnet": bert.mpnet,
    "distilbert": bert.distilbert,
    "electra": bert.electra,
    "albert": bert.albert,
    "deberta-v2": bert.deberta_v2,
    "nomic_bert": gated.nomic_bert,
    "gte": gated.gte,
    "new": gated.new,
    "eurobert": gated.eurobert,
    "jina_bert": gated.jina_bert,
    "modernbert": rope.modernbert,
    "qwen2": rope.qwen2,
    "qwen3": rope.qwen3,
    "gemma3_text": rope.gemma3_text,
    "t5": rope.t5,
    "llama": rope.llama,
    "mistral": rope.mistral,
}
HIDDEN_STATES_TEXT = 3  # the text whose every layer is stored
VARIATION_TEXTS = [1, 4, 5]


def changed(content, keys):
    content = {key: value for key, value in content.items() if keys.get(key) != GONE}
    content.update({key: value for key, value in keys.items() if value != GONE})
    return content


def rewrite(path, keys):
    path.write_text(json.dumps(changed(json.loads(path.read_text()), keys), indent=2, sort_keys=True) + "\n")


def random_model(entry):
    return randomise(entry.model(entry.config), zlib.crc32(entry.name.encode()), entry.spread, entry.norm_centre)


def write_folder(entry):
    """The folder as its class saves it, then in the older spelling where the entry asks for it."""
    folder = OUT / entry.name
    model = random_model(entry)
    model.save_pretrained(folder)
    if entry.older:
        rewrite(folder / "config.json", entry.older)
    if entry.old_names:
        tensors = {}
        for name, tensor in load_file(folder / "model.safetensors").items():
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            tensors[name] = tensor
        positions = torch.arange(entry.config.max_position_embeddings).unsqueeze(0)
        tensors[f"{model.base_model_prefix}.embeddings.position_ids"] = positions
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return model


def make_texts(entry):
    """Seeded ids: a first and a last token as tokenizers add them, the pad token inside where the entry wants it."""
    generator = torch.Generator().manual_seed(zlib.crc32(entry.name.encode()) + 1)
    config, texts = entry.config, []
    first, last = (getattr(config, key, None) for key in ("bos_token_id", "eos_token_id"))
    first, last = 5 if first is None else first, 6 if last is None else last
    for index, length in enumerate(entry.lengths):
        ids = torch.randint(7, config.vocab_size, (length,), generator=generator).tolist()
        ids[0] = first
        if length > 1:
            ids[-1] = last
        if entry.literal_pad and index in (HIDDEN_STATES_TEXT, 5):
            ids[2] = ids[5] = config.pad_token_id
        texts.append(ids)
    if entry.literal_pad and "SequenceClassification" in entry.model.__name__:
        texts[4][-1] = config.pad_token_id  # a head that looks for the last token passes over this one
    return texts


def make_type_ids(entry, texts):
    """Each text but the first two has types; those are called without."""
    if not entry.type_ids:
        return None
    return [None if i < 2 else [0] * (len(t) // 2) + [1] * (len(t) - len(t) // 2) for i, t in enumerate(texts)]


def load(folder, kind, attention):
    model, report = kind.from_pretrained(
        folder, attn_implementation=attention, dtype=torch.float32, output_loading_info=True
    )
    missing = [name for name in report["missing_keys"] if "pooler" not in name]
    assert not missing, (folder, missing)
    return model.eval()


def call(model, ids, types, **options):
    inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.int64)}
    if types is not None:
        inputs["token_type_ids"] = torch.tensor([types])
    return model(**inputs, **options)


def base_class(entry):
    if entry.base is not None:
        return entry.base
    return T5EncoderModel if entry.config.model_type == "t5" else AutoModel


def close(a, b, what):
    difference = (a - b).abs().max().item()
    assert difference <= 1e-5 * max(1.0, a.abs().max().item()), (what, difference)


def results(folder, entry, texts, types, indices):
    """Tensor name to the last hidden states, and the logits where the class has them, of each text alone."""
    arrays = {}
    models = {"last_hidden": base_class(entry)}
    if entry.model.__name__.endswith(("ForSequenceClassification", "ForCausalLM", "ForMaskedLM")):
        models["logits"] = entry.model
    for key, kind in models.items():
        eager = load(folder, kind, "eager")
        try:
            fused = load(folder, kind, "sdpa")
        except ValueError:  # the class has no fused attention
            fused = None
        for index in indices:
            if key == "logits" and "Sequence" not in kind.__name__ and index != HIDDEN_STATES_TEXT:
                continue  # logits over the vocabulary are large: of one text
            with torch.no_grad():
                value = call(eager, texts[index], types and types[index])[0][0]
                if fused is not None:
                    close(value, call(fused, texts[index], types and types[index])[0][0], (folder, index))
            assert value.isfinite().all(), (folder, index)
            arrays[f"text{index}/{key}"] = value
    return arrays


def hidden_states(folder, entry, texts, types):
    model, index = load(folder, base_class(entry), "eager"), HIDDEN_STATES_TEXT
    with torch.no_grad():
        output = call(model, texts[index], types and types[index], output_hidden_states=True)
    assert torch.equal(output.hidden_states[-1], output.last_hidden_state), folder
    return {f"text{index}/hidden_states.{i}": h[0] for i, h in enumerate(output.hidden_states)}


def gradients(folder, entry, texts, types):
    """Of the sum of mean-pooled hidden states times loss_weights [texts, hidden]; the names are the file's."""
    model = load(folder, base_class(entry), "eager").train()
    generator = torch.Generator().manual_seed(5)
    weights = torch.randn(len(texts), entry.config.hidden_size, generator=generator)
    loss = torch.zeros(())
    for index, ids in enumerate(texts):
        loss = loss + (call(model, ids, types and types[index])[0][0].mean(0) * weights[index]).sum()
    loss.backward()
    arrays = {"loss_weights": weights, "loss": loss.detach().reshape(1)}
    stored = load_file(folder / "model.safetensors")
    if any(name not in stored for name, _ in model.base_model.named_parameters()) and entry.model is type(model):
        return {**arrays, **gradients_as_saved(model, stored)}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            if name not in stored:
                name = f"{entry.model.base_model_prefix}.{name}"
            assert name in stored, name
            arrays[f"gradient/{name}"] = parameter.grad
    return arrays


def gradients_as_saved(model, stored):
    """Where the class has other names than its files, it saves its gradients as it saves its parameters."""
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for parameter in model.parameters():
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        model.save_pretrained(folder)
        found = load_file(pathlib.Path(folder) / "model.safetensors")
    assert found.keys() == stored.keys()
    return {f"gradient/{name}": tensor for name, tensor in found.items()}


def run(entry):
    write_folder(entry)
    folder = OUT / entry.name
    texts = make_texts(entry)
    types = make_type_ids(entry, texts)
    arrays = results(folder, entry, texts, types, range(len(texts)))
    if entry.older or entry.old_names:
        check_older(entry, texts, types, arrays)
    arrays.update(hidden_states(folder, entry, texts, types))
    if entry.gradients:
        arrays.update(gradients(folder, entry, texts, types))
    for name, keys in entry.variations.items():
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            rewrite(pathlib.Path(copy) / "config.json", keys)
            found = results(pathlib.Path(copy), entry, texts, types, VARIATION_TEXTS)
        same = [key for key in found if torch.allclose(found[key], arrays[key], rtol=0, atol=1e-4)]
        assert len(same) < len(found), (entry.name, name, "changes nothing")
        arrays.update({f"{name}/{key}": value for key, value in found.items()})
    return describe(entry, texts, types), {f"{entry.name}/{k}": v.contiguous() for k, v in arrays.items()}


def check_older(entry, texts, types, arrays):
    """The older spelling means what the configuration says."""
    with tempfile.TemporaryDirectory() as copy:
        random_model(entry).save_pretrained(copy)
        for key, value in results(pathlib.Path(copy), entry, texts, types, range(len(texts))).items():
            assert torch.equal(value, arrays[key]), (entry.name, key)


def describe(entry, texts, types):
    return {
        "name": entry.name,
        "class": entry.model.__name__,
        "texts": texts,
        "type_ids": types,
        "hidden_states_text": HIDDEN_STATES_TEXT,
        "gradients": entry.gradients,
        "variations": [
            {
                "name": name,
                "texts": VARIATION_TEXTS,
                "set": {key: value for key, value in keys.items() if value != GONE},
                "remove": [key for key, value in keys.items() if value == GONE],
            }
            for name, keys in entry.variations.items()
        ],
    }


def main():
    torch.set_num_threads(1)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for model_type, entries in MODEL_TYPES.items():
        descriptions, arrays = [], {}
        for entry in entries():
            description, found = run(entry)
            descriptions.append(description)
            arrays.update(found)
            weights = (OUT / entry.name / "model.safetensors").stat().st_size
            print(f"{entry.name}: weights {weights}, results {sum(4 * v.numel() for v in found.values())} bytes")
        save_file(arrays, OUT / f"{model_type}.safetensors")
        content = {"versions": VERSIONS, "tolerance": 1e-5, "configurations": descriptions}
        path = OUT / f"{model_type}.json"
        path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="ascii")
    total = sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file())
    print(f"{total} bytes in all")
    assert total < 6_000_000


if __name__ == "__main__":
    main()
