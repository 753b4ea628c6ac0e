"""Writes a checkpoint as a Hugging Face folder, rounded to float16."""

from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from .net import SHAPE
from .train import newest


def config(shape=SHAPE):
    """Returns GPT-2's configuration in a size of ours."""
    return GPT2Config(
        vocab_size=shape["vocabulary"],
        n_positions=shape["context"],
        n_embd=shape["width"],
        n_layer=shape["layers"],
        n_head=shape["heads"],
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )


def export(folder, out, kind):
    """Writes config.json and model.safetensors; returns the step they are of.

    kind is "weights", the last ones, or "average", their running mean, which
    is the better one while the learning rate is still high.
    """
    step = newest(folder)
    if not step:
        raise SystemExit(f"{folder}: no checkpoint yet: run train first")
    saved = torch.load(Path(folder) / f"weights-{step:06d}.pt", weights_only=True)
    model = GPT2LMHeadModel(config(saved["shape"]))
    state = dict(saved[kind])
    state["lm_head.weight"] = state["transformer.wte.weight"]
    model.load_state_dict(state)
    model.half().save_pretrained(out)
    (Path(out) / "model.safetensors").chmod(0o644)
    # It would only repeat config.json, which golens reads where this file is missing.
    (Path(out) / "generation_config.json").unlink(missing_ok=True)
    return step
