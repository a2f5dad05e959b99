#!/usr/bin/env python3
"""Golden weights of a short training run by Python's trainer: python make_training.py (see README.md).

The data is one batch, so that no shuffling matters, and there is no dropout."""

import json
import pathlib
import shutil
import tempfile

import torch
from datasets import Dataset
from golden_models import VERSIONS, write_json
from safetensors.torch import save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

HERE = pathlib.Path(__file__).resolve().parent
PAIRS = [
    ("a man plays a guitar", "a man plays an instrument", 0.9),
    ("the cat sleeps", "a dog runs in the park", 0.1),
    ("rain falls on the town", "it is raining", 0.8),
    ("she cooks rice", "she reads a book about the sea", 0.2),
    ("two children play", "children are playing outside", 0.75),
    ("the train is late", "", 0.3),
]
ARGUMENTS = dict(max_steps=6, per_device_train_batch_size=len(PAIRS), learning_rate=1e-3, weight_decay=0.05, warmup_steps=2, max_grad_norm=0.5)


def train(schedule, folder):
    shutil.copytree(HERE / "tiny_bert", folder / "model")
    config = json.loads((folder / "model/config.json").read_text())
    config["hidden_dropout_prob"] = config["attention_probs_dropout_prob"] = 0.0
    (folder / "model/config.json").write_text(json.dumps(config))
    model = SentenceTransformer(str(folder / "model"), device="cpu")
    first, second, labels = zip(*PAIRS)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(folder / "out"), logging_steps=1, save_strategy="no", report_to="none", use_cpu=True, lr_scheduler_type=schedule, **ARGUMENTS
        ),
        train_dataset=Dataset.from_dict({"first": first, "second": second, "label": labels}),
        loss=CosineSimilarityLoss(model),
    )
    trainer.train()
    log = [{k: line[k] for k in ("loss", "grad_norm", "learning_rate")} for line in trainer.state.log_history if "loss" in line]
    return log, model[0].auto_model.state_dict()


def main():
    runs, tensors = {}, {}
    for schedule in ("linear", "cosine", "constant_with_warmup"):
        with tempfile.TemporaryDirectory() as folder:
            runs[schedule], weights = train(schedule, pathlib.Path(folder))
        keep = weights if schedule == "linear" else {k: v for k, v in weights.items() if "layer.1.output" in k}
        tensors.update({f"{schedule}.{name}": value.contiguous().clone() for name, value in keep.items() if value.dtype == torch.float32})
    write_json(HERE / "training.json", {"versions": VERSIONS, "pairs": PAIRS, "arguments": ARGUMENTS, "runs": runs})
    save_file(tensors, HERE / "training.safetensors")


if __name__ == "__main__":
    main()
