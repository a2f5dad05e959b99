"""Golden embeddings of Dense, Dropout and LayerNorm behind tiny_bert: python make_modules.py (see README.md)."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Normalize, Pooling
from sentence_transformers.base.modules import Dense, Transformer

HERE = Path(__file__).parent
TEXTS = ["the dog is good", "a woman", "", "the sun and the cat and the sun"]


def randomise(model):
    """Random values everywhere, so that no part is the identity."""
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)


def main():
    torch.manual_seed(11)
    modules = [
        Transformer(str(HERE / "tiny_bert")),
        Pooling(32, "mean"),
        Dense(32, 24),
        Dropout(0.1),
        LayerNorm(24),
        Dense(24, 16, bias=False, activation_function=torch.nn.GELU(), use_residual=True),
        Dense(16, 16, activation_function=torch.nn.Identity(), use_residual=True),
        Normalize(),
    ]
    for module in modules[2:]:
        randomise(module)
    model = SentenceTransformer(modules=modules, device="cpu")
    target = HERE / "modules"
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, create_model_card=False)
        for path in sorted(Path(folder).iterdir()):
            if path.is_dir() and path.name[0] > "0":
                shutil.copytree(path, target / path.name)
        shutil.copy(Path(folder) / "modules.json", target / "modules.json")
    with torch.no_grad():
        embeddings = model.encode(TEXTS, convert_to_tensor=True)
        save_file({"embeddings": embeddings.float().contiguous()}, target / "embeddings.safetensors")
    features = model.preprocess(TEXTS) if hasattr(model, "preprocess") else model.tokenize(TEXTS)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    weights = torch.randn(len(TEXTS), 16)
    (model(features)["sentence_embedding"] * weights).sum().backward()
    gradients = {"weights": weights}
    for index, module in enumerate(model):
        if index > 1:
            for name, parameter in module.named_parameters():
                gradients[f"{index}.{name}"] = parameter.grad.contiguous()
    save_file(gradients, target / "gradients.safetensors")
    (target / "texts.json").write_text(json.dumps(TEXTS) + "\n")


if __name__ == "__main__":
    main()
