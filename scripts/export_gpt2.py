#!/usr/bin/env python3
"""Writes a Hugging Face GPT-2 as a TorchScript archive with the sidecar that golens reads.

    export_gpt2.py NAME_OR_DIR OUT.pt [--attention sdpa|eager] [--method trace|script]

`trace` records transformers' own model (it cannot be scripted); a trace runs on the
device it was made on, the CPU. `script` compiles the plain GPT-2 below, which is
bound to no device, is easier to read in the archive, and has a module at the
residual stream after attention (resid_mid). Both give the bits of transformers on
this machine, which is checked before the files appear. Run the archive in Python
with the graph optimizer off: with it, PyTorch splits products and gives other bits.

    torch._C._set_graph_executor_optimize(False)
    logits = torch.jit.load("OUT.pt")(ids)        # ids [1,T] int64, logits [1,T,V]

Beside OUT.pt come OUT.pt.json (docs/formats.md) and, where the tokenizer is not
GPT-2's own, the folder OUT.tokenizer.
"""

import argparse
import hashlib
import json
import os
import shutil
import struct
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from torch import nn
from transformers.utils import cached_file

CHECKED = (1, 2, 14)  # lengths at which the archive is compared with transformers


# The plain model. Shapes: B texts, T tokens, C width, V vocabulary.


class Conv1D(nn.Module):
    """x @ weight + bias with weight [in,out], in one product as transformers has it."""

    def __init__(self, source):
        super().__init__()
        self.weight, self.bias = source.weight, source.bias

    def forward(self, x):
        y = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)
        return y.view(x.size(0), x.size(1), self.weight.size(1))


class Activation(nn.Module):
    """gelu_new, operation by operation; 0.79788... is sqrt(2/pi)."""

    def forward(self, x):
        return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))


class Attention(nn.Module):
    """Causal self-attention [B,T,C] over heads of head_dim; eager adds float32's lowest number where a later token would be seen."""

    eager: torch.jit.Final[bool]
    head_dim: torch.jit.Final[int]

    def __init__(self, source, config, eager):
        super().__init__()
        self.c_attn, self.c_proj = Conv1D(source.c_attn), Conv1D(source.c_proj)
        self.head_dim, self.eager = config.n_embd // config.n_head, eager

    def forward(self, x):
        B, T, C = x.size(0), x.size(1), x.size(2)
        q, k, v = self.c_attn(x).split(C, 2)
        q = q.view(B, T, -1, self.head_dim).transpose(1, 2)
        k = k.view(B, T, -1, self.head_dim).transpose(1, 2)
        v = v.view(B, T, -1, self.head_dim).transpose(1, 2)
        scale = float(self.head_dim) ** -0.5
        if self.eager:
            lowest = torch.full([T, T], -3.4028234663852886e38, dtype=x.dtype, device=x.device)
            w = torch.matmul(q, k.transpose(-1, -2)) * scale + torch.triu(lowest, 1)
            y = torch.matmul(torch.softmax(w, -1), v)
        else:
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=T > 1, scale=scale)
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class MLP(nn.Module):
    def __init__(self, source):
        super().__init__()
        self.c_fc, self.act, self.c_proj = Conv1D(source.c_fc), Activation(), Conv1D(source.c_proj)

    def forward(self, x):
        return self.c_proj(self.act(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, source, config, eager):
        super().__init__()
        self.ln_1, self.ln_2 = source.ln_1, source.ln_2
        self.attn, self.mlp = Attention(source.attn, config, eager), MLP(source.mlp)
        self.resid_mid = nn.Identity()

    def forward(self, x):
        x = self.resid_mid(self.attn(self.ln_1(x)) + x)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, source, config, eager):
        super().__init__()
        self.wte, self.wpe, self.drop = source.wte, source.wpe, nn.Identity()
        self.h = nn.ModuleList(Block(block, config, eager) for block in source.h)
        self.ln_f = source.ln_f

    def forward(self, ids):
        x = self.drop(self.wte(ids) + self.wpe(torch.arange(ids.size(1), device=ids.device)[None]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class Plain(nn.Module):
    """ids [B,T] to logits [B,T,V], on the weights of a GPT2LMHeadModel."""

    def __init__(self, source, eager):
        super().__init__()
        self.transformer = Transformer(source.transformer, source.config, eager)
        self.lm_head = source.lm_head

    def forward(self, ids):
        return self.lm_head(self.transformer(ids))


class Logits(nn.Module):
    """The model as tracing takes it: ids to logits, nothing else."""

    def __init__(self, model):
        super().__init__()
        self.transformer, self.lm_head = model.transformer, model.lm_head

    def forward(self, ids):
        return self.lm_head(self.transformer(ids, use_cache=False).last_hidden_state)


def archive(model, method, attention):
    """Returns the model as a TorchScript module."""
    if method == "script":
        return torch.jit.script(Plain(model, attention == "eager").eval())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sizes become constants: they are checked at other lengths
        # The sample has tokens that differ, more than one: the mask is part of the trace.
        return torch.jit.trace(Logits(model).eval(), torch.arange(7)[None] % model.config.vocab_size)


# What the sidecar says


def digest(model):
    """SHA-256 over the weights as save_pretrained would store them, each tensor once.

    By rising name: length of the name, name, length of the dtype, dtype, number of
    dimensions, each of them, number of bytes, and the SHA-256 of each 16 MiB of
    bytes; numbers are 64-bit little-endian.
    """
    names = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
    number = lambda n: struct.pack("<q", n)
    text = lambda s: number(len(s.encode())) + s.encode()
    h = hashlib.sha256()
    for name, t in sorted(dict(model.named_parameters()).items(), key=lambda item: item[0].encode()):  # a tied head comes once
        data = t.detach().contiguous().cpu().view(torch.uint8).numpy().reshape(-1).data
        h.update(text(name) + text(names[t.dtype]) + number(t.dim()) + b"".join(map(number, t.shape)) + number(len(data)))
        for at in range(0, len(data), 16 << 20):
            h.update(hashlib.sha256(data[at : at + (16 << 20)]).digest())
    return h.hexdigest()


# sha256 of OpenAI's files, which golens has built in
GPT2_TOKENIZER = {
    "vocab.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
}


def tokenizer(name, out):
    """Returns the sidecar's name of the model's tokenizer, None where it has none; copies one that is not GPT-2's."""
    files = {f: cached_file(name, f, _raise_exceptions_for_missing_entries=False) for f in GPT2_TOKENIZER}
    if not all(files.values()):
        return None
    if all(hashlib.sha256(Path(files[f]).read_bytes()).hexdigest() == GPT2_TOKENIZER[f] for f in files):
        return "gpt2"
    folder = out.with_suffix(".tokenizer")
    folder.mkdir(exist_ok=True)
    for f, path in files.items():
        shutil.copyfile(path, folder / f)
    return folder.name


def sidecar(model, name, out, method, attention):
    block = {"attn": "attn", "mlp": "mlp"} | ({"resid_mid": "resid_mid"} if method == "script" else {})
    text = {
        "format": "golens.torchscript",
        "version": 1,
        "names": {"embed": "transformer.drop", "blocks": "transformer.h.*", "norm": "transformer.ln_f", "head": "lm_head"},
        "block": block,
        "attention": attention,
        "dtype": "float32",
        "tokenizer": tokenizer(name, out),
        "weights_sha256": digest(model),
        "config": json.loads(Path(cached_file(name, "config.json")).read_text(encoding="utf-8")),
        "made": {"by": "export_gpt2.py", "method": method, "torch": torch.__version__, "transformers": transformers.__version__},
    }
    return {key: value for key, value in text.items() if value is not None}


# Writing


def load(name, attention):
    """Returns the model with each weight on a 64-byte boundary, where torch.jit.load puts
    it as well: on some CPUs the products of a single row depend on that."""
    model = transformers.GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32, attn_implementation=attention).eval()
    model.config.use_cache = False
    for p in model.parameters():
        p.requires_grad_(False)
        p.data = p.data.clone()
    return model


def check(path, model):
    """Fails unless the archive at path gives the model's bits, at lengths of which it was traced with none."""
    loaded = torch.jit.load(path)
    generator = torch.Generator().manual_seed(0)
    for T in CHECKED:
        ids = torch.randint(model.config.vocab_size, (1, min(T, model.config.n_positions)), generator=generator)
        if not torch.equal(loaded(ids), model(ids).logits):
            raise ValueError(f"the archive does not give the model's bits at {T} tokens: nothing was written")


def export(name, out, attention="sdpa", method="trace"):
    """Writes out and its sidecar, whole or not at all."""
    out = Path(out)
    if out.suffix != ".pt":
        raise ValueError(f"{out}: the name of an archive ends in .pt")
    model = load(name, attention)
    if model.config.activation_function != "gelu_new":
        raise ValueError(f"{name} has the activation {model.config.activation_function!r}, and golens reads gelu_new")
    making, described = out.with_suffix(".pt.making"), Path(f"{out}.json.making")
    optimize = torch._C._get_graph_executor_optimize()
    torch._C._set_graph_executor_optimize(False)
    try:
        with torch.no_grad():
            archive(model, method, attention).save(str(making))
            check(str(making), model)
        text = json.dumps(sidecar(model, name, out, method, attention), indent=2, ensure_ascii=False)
        described.write_text(text + "\n", encoding="utf-8")
        making.replace(out)
        described.replace(f"{out}.json")
    finally:
        torch._C._set_graph_executor_optimize(optimize)
        making.unlink(missing_ok=True)
        described.unlink(missing_ok=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="NAME_OR_DIR", help="Hugging Face GPT-2: a folder or a name on the hub")
    parser.add_argument("out", metavar="OUT.pt")
    parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa", help="default: sdpa")
    parser.add_argument("--method", choices=("trace", "script"), default="trace", help="default: trace")
    args = parser.parse_args(arguments)
    export(args.model, args.out, args.attention, args.method)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f"export_gpt2: {error}")
