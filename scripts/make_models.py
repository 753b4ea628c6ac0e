#!/usr/bin/env python3
"""Writes small random checkpoints, as Hugging Face folders, for tests and timings.

Of GPT-2 there are several sizes; of every family one in two widths, such as
llama3-96 (reference/families.py).

Every bias and norm is random, so that no term of the forward pass can be left
out unnoticed. The sizes of the weights follow trained models a little: the
residual stream grows from block to block, two of its channels are far larger
than the rest, and the logits are peaked. The same arguments give the same bytes
on one machine. The file's layout has options, since the checkpoints on the hub
differ in theirs: prefix, stored masks, stored head, number type, shards.

    make_models.py 12x96 --out DIR
    make_models.py 3x768 --out DIR --dtype bfloat16 --shard-size 100MB
    make_models.py 4x64-untied --out DIR --no-prefix --masks uint8
    make_models.py 12x96 --out DIR --config n_inner=200 --config layer_norm_epsilon=1e-3
"""

import argparse
import json
import math
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from reference import families

PRESETS = {
    "12x96": dict(n_layer=12, n_embd=96, n_head=6, vocab_size=50257, n_positions=256),
    "4x64-untied": dict(n_layer=4, n_embd=64, n_head=4, vocab_size=1009, n_positions=256, tie_word_embeddings=False),
    "3x768": dict(n_layer=3, n_embd=768, n_head=12, vocab_size=50257, n_positions=1024),
    "gpt2-small": dict(n_layer=12, n_embd=768, n_head=12, vocab_size=50257, n_positions=1024),
}

DEFAULTS = dict(
    architectures=["GPT2LMHeadModel"],
    model_type="gpt2",
    activation_function="gelu_new",
    layer_norm_epsilon=1e-5,
    initializer_range=0.02,
    n_inner=None,
    attn_pdrop=0.1,
    embd_pdrop=0.1,
    resid_pdrop=0.1,
    scale_attn_weights=True,
    tie_word_embeddings=True,
)

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
MASKS = {"float32": torch.float32, "uint8": torch.uint8, "bool": torch.bool}


def weights(config, seed, twins=0):
    """Returns the tensors of a GPT-2 in float32 by their full names, in the model's order."""
    generator = torch.Generator().manual_seed(seed)
    C, V, L = config["n_embd"], config["vocab_size"], config["n_layer"]
    inner = config["n_inner"] or 4 * C
    tensors = {}

    def normal(name, shape, std, mean=0.0):
        t = torch.empty(shape).normal_(mean, std, generator=generator)
        tensors[name] = t
        return t

    def norm(name, gain):
        normal(name + ".weight", (C,), 0.25 * gain, mean=gain)
        normal(name + ".bias", (C,), 0.1)

    def linear(name, rows, columns, gain):  # Conv1D: x (.., rows) @ weight (rows, columns) + bias
        normal(name + ".weight", (rows, columns), gain / math.sqrt(rows))
        normal(name + ".bias", (columns,), 0.1 * gain)

    normal("transformer.wte.weight", (V, C), 2.4 / math.sqrt(C))
    normal("transformer.wpe.weight", (config["n_positions"], C), 0.8 / math.sqrt(C))
    for i in range(L):
        block = f"transformer.h.{i}."
        growth = 0.3 + 0.9 * i / L
        norm(block + "ln_1", 0.6)
        linear(block + "attn.c_attn", C, 3 * C, 2.0)
        linear(block + "attn.c_proj", C, C, growth)
        norm(block + "ln_2", 0.6)
        linear(block + "mlp.c_fc", C, inner, 2.0)
        linear(block + "mlp.c_proj", inner, C, growth)
        if i < 2:  # two channels of the residual stream are far larger than the rest
            tensors[block + "mlp.c_proj.bias"][[C // 3, C // 2]] += math.sqrt(C) * torch.tensor([0.3, -0.2])
    norm("transformer.ln_f", 1.5)
    tensors["transformer.ln_f.weight"][[C // 3, C // 2]] *= 0.2
    if not config["tie_word_embeddings"]:
        normal("lm_head.weight", (V, C), 2.4 / math.sqrt(C))
    head = tensors.get("lm_head.weight", tensors["transformer.wte.weight"])
    head[1 : 2 * twins : 2] = head[0 : 2 * twins : 2]
    return tensors


def lay_out(tensors, config, args):
    """Returns the tensors as the file stores them: names, dtype, extra entries."""
    if args.store_head and "lm_head.weight" not in tensors:
        tensors["lm_head.weight"] = tensors["transformer.wte.weight"].clone()
    tensors = {name: t.to(DTYPES[args.dtype]) for name, t in tensors.items()}
    if args.masks:
        n = config["n_positions"]
        mask = torch.ones(n, n).tril().to(MASKS[args.masks]).view(1, 1, n, n)
        for i in range(config["n_layer"]):
            tensors[f"transformer.h.{i}.attn.bias"] = mask.clone()
            tensors[f"transformer.h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    if args.no_prefix:
        tensors = {name.removeprefix("transformer."): t for name, t in tensors.items()}
    return tensors


def save(tensors, folder, shard_size):
    """Writes model.safetensors, or shards of at most shard_size bytes with their index."""
    metadata = {"format": "pt"}
    if not shard_size:
        save_file(tensors, folder / "model.safetensors", metadata)
        return
    shards, size = [{}], 0
    for name, t in tensors.items():
        if shards[-1] and size + t.nbytes > shard_size:
            shards.append({})
            size = 0
        shards[-1][name] = t
        size += t.nbytes
    index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": {}}
    for i, shard in enumerate(shards):
        file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata)
        index["weight_map"].update(dict.fromkeys(shard, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def byte_count(text):
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
    for unit, factor in units.items():
        if text.upper().endswith(unit):
            return int(float(text[:-2]) * factor)
    return int(text)


def setting(text):
    """Parses key=value of --config; the value is JSON, or a bare word."""
    key, _, value = text.partition("=")
    if not key or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not key=value")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=[*PRESETS, *families.PRESETS])
    parser.add_argument("--out", type=Path, required=True, help="folder to write; made if it is not there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--twins", type=int, default=0, metavar="N",
                        help="make the first N pairs of the head's rows equal (0 and 1, 2 and 3, ..), so that logits tie")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="number type of the stored weights")
    parser.add_argument("--config", type=setting, action="append", default=[], metavar="KEY=VALUE",
                        help="an entry of config.json, repeatable; sizes are followed by the weights")
    parser.add_argument("--no-prefix", action="store_true", help="names without the leading transformer.")
    parser.add_argument("--masks", choices=MASKS, help="also store attn.bias and attn.masked_bias, as old checkpoints do")
    parser.add_argument("--store-head", action="store_true", help="also store the tied lm_head.weight")
    parser.add_argument("--shard-size", type=byte_count, metavar="SIZE", help="split into shards, such as 20MB, with an index")
    parser.add_argument("--vocab", type=Path, metavar="DIR", help="copy vocab.json and merges.txt from this folder")
    args = parser.parse_args(arguments)
    if args.preset in families.PRESETS:
        if args.twins or args.no_prefix or args.masks or args.store_head or args.vocab:
            parser.error(f"{args.preset} is as transformers saves it: --seed, --dtype, --config and --shard-size alone go with it")
        return families.make(args.preset, args.out, args.seed, DTYPES[args.dtype], args.shard_size, dict(args.config))

    config = DEFAULTS | PRESETS[args.preset] | dict(args.config)
    config["bos_token_id"] = config["eos_token_id"] = config["vocab_size"] - 1
    config["dtype"] = args.dtype
    if config["n_embd"] % config["n_head"]:
        sys.exit(f"make_models: n_embd {config['n_embd']} is not a multiple of n_head {config['n_head']}")

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save(lay_out(weights(config, args.seed, args.twins), config, args), args.out, args.shard_size)
    for name in ("vocab.json", "merges.txt") if args.vocab else ():
        shutil.copy(args.vocab / name, args.out / name)


if __name__ == "__main__":
    main()
