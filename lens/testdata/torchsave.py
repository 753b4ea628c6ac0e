"""Writes a checkpoint of safetensors as transformers wrote it before: pytorch_model.bin.

    torchsave.py FROM TO zip|legacy|shards
"""
import json
import os
import shutil
import sys

import torch
from safetensors.torch import load_file

source, to, form = sys.argv[1:]
state = load_file(os.path.join(source, "model.safetensors"))
names = sorted(state)
if "transformer.wte.weight" in state and "lm_head.weight" not in state:
    state["lm_head.weight"] = state["transformer.wte.weight"]  # as the files of old have it
    state["transformer.h.0.attn.bias"] = torch.tril(torch.ones(8, 8, dtype=torch.uint8)).view(1, 1, 8, 8)
shutil.copy(os.path.join(source, "config.json"), to)
if form == "shards":
    index = {}
    for i, part in enumerate((names[::2], [n for n in state if n not in names[::2]])):
        file = f"pytorch_model-{i + 1:05d}-of-00002.bin"
        torch.save({n: state[n] for n in part}, os.path.join(to, file))
        index.update({n: file for n in part})
    with open(os.path.join(to, "pytorch_model.bin.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": 1}, "weight_map": index}, f)
else:
    torch.save(state, os.path.join(to, "pytorch_model.bin"), _use_new_zipfile_serialization=form == "zip")
