#!/usr/bin/env python3
"""Writes tests/golden/torch_files: small checkpoints as torch.save makes them, and what is in them.

Run with the Python that has torch and safetensors: make_torch_files.py
"""
import json
import os
import shutil
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "torch_files")


def values(dtype, *shape):
    count = 1
    for size in shape:
        count *= size
    numbers = (torch.arange(count) * 7 + 3) % 101
    if dtype.is_floating_point or dtype.is_complex:
        return (numbers.to(torch.float64) / 8 - 5).to(dtype).reshape(shape)
    return (numbers % 2 == 0).reshape(shape) if dtype is torch.bool else numbers.to(dtype).reshape(shape)


TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32,
         torch.int16, torch.int8, torch.uint8, torch.bool]


def types():
    return {str(dtype).removeprefix("torch."): values(dtype, 3, 5) for dtype in TYPES}


def views():
    base = values(torch.float32, 6, 8)
    tied = values(torch.float32, 4, 4)
    return OrderedDict(
        whole=base,
        transposed=base.t(),
        slice=base[1:4, 2:7],
        steps=base[::2, ::3],
        row=base[5],
        expanded=values(torch.float32, 1, 3).expand(4, 3),
        scalar=torch.tensor(2.5),
        empty=torch.empty(0, 4),
        tied=tied,
        tied_too=tied,
        own=values(torch.float32, 2, 3),
    )


def expected(tensors):
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def save(name, tensors, **options):
    torch.save(tensors, os.path.join(FOLDER, name), **options)


def deflated(source, target, byteorder=None):
    with zipfile.ZipFile(os.path.join(FOLDER, source)) as old, \
            zipfile.ZipFile(os.path.join(FOLDER, target), "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if byteorder and name.endswith("/byteorder"):
                content = byteorder
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            new.writestr(info, content, zipfile.ZIP_DEFLATED)


class Odd:
    """What a hostile or careless checkpoint has beside tensors."""

    def __reduce__(self):
        return os.system, ("echo never",)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    save("types.bin", types())
    save("types_old.bin", types(), _use_new_zipfile_serialization=False)
    save_file(expected(types()), os.path.join(FOLDER, "types.safetensors"))
    save("views.bin", views())
    save("views_old.bin", views(), _use_new_zipfile_serialization=False)
    save_file(expected(views()), os.path.join(FOLDER, "views.safetensors"))
    deflated("views.bin", "views_deflated.bin")
    deflated("types.bin", "types_big.bin", b"big")

    rare = {"uint16": torch.tensor([1, 65535], dtype=torch.uint16),
            "float8": torch.tensor([1.0, -2.0]).to(torch.float8_e4m3fn),
            "complex": torch.tensor([1 + 2j])}
    save("rare.bin", rare)

    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    state = module.state_dict()  # an OrderedDict with _metadata
    state["parameter"] = torch.nn.Parameter(values(torch.float32, 2, 2))
    save("module.bin", state)
    save_file(expected(state), os.path.join(FOLDER, "module.safetensors"))

    save("odd.bin", {"weight": values(torch.float32, 2), "odd": Odd()})
    save("nested.bin", {"state_dict": {"weight": values(torch.float32, 2)}, "epoch": 3})
    save("module_object.bin", torch.nn.Linear(1, 1))

    # The tiny BERT in both layouts, whole and in parts.
    bert = load_file(os.path.join(HERE, "tiny_bert", "model.safetensors"))
    bert["embeddings.position_ids"] = torch.arange(40).expand((1, -1))
    save("bert.bin", bert)
    names = sorted(bert)
    parts = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
    os.makedirs(os.path.join(FOLDER, "bert_parts"))
    for file, part in parts.items():
        save(os.path.join("bert_parts", file), {name: bert[name] for name in part})
    index = {"metadata": {"total_size": sum(t.nbytes for t in bert.values())},
             "weight_map": {name: file for file, part in parts.items() for name in part}}
    with open(os.path.join(FOLDER, "bert_parts", "pytorch_model.bin.index.json"), "w") as out:
        json.dump(index, out, indent=1, sort_keys=True)
        out.write("\n")


if __name__ == "__main__":
    main()
