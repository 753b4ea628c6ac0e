#!/usr/bin/env python3
"""The logit lens in PyTorch and Hugging Face transformers: what golens equals to the last bit.

This file is the readable definition of golens' exact mode and the oracle of its
tests. It runs a Hugging Face GPT-2 folder as a notebook would and writes the
arrays of docs/formats.md. Bits belong to one machine, PyTorch version and thread
count, so the arrays are made live and never shipped.

    reference.py lens --model DIR --prompt "Are cats good?" --target-next --npz out.npz
    reference.py lens --model DIR --ids 8491,11875,922,30 --lens raw --scale h.3=0.8 --npz out.npz
    reference.py serve        one JSON request a line on stdin, one JSON answer a line on stdout

B, T, C, V and L are batch (always 1), tokens, width, vocabulary and blocks.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a model is a folder here, never a download
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
import transformers
from transformers import GPT2LMHeadModel

LENSES = ("notebook", "raw", "normed")
PLACES = ("resid", "resid_mid", "attn", "mlp")


# The model and its run


def load(folder, attention="sdpa", dtype="float32"):
    """Returns the model of a folder in eval mode, its weights converted to dtype."""
    if not (Path(folder) / "config.json").is_file():
        raise ValueError(f"no config.json in {folder}")
    model = GPT2LMHeadModel.from_pretrained(
        folder, dtype=getattr(torch, dtype), attn_implementation=attention, local_files_only=True
    )
    return model.eval()


def module_at(model, point):
    """Returns the module of a dotted path, with or without the leading "transformer."."""
    names = dict(model.named_modules())
    for name in (point, "transformer." + point):
        if point and name in names and not isinstance(names[name], (torch.nn.ModuleList, type(model.transformer))):
            return names[name]
    raise ValueError(f"no module {point!r} in the model")


class Change(NamedTuple):
    """An intervention: what becomes of the output of the module at a point."""

    kind: str  # scale, zero, add or set
    point: str
    value: object = None  # a factor for scale; a tensor that broadcasts to the output for add and set

    def __call__(self, out):
        if self.kind == "scale":
            return out * self.value
        if self.kind == "zero":
            return torch.zeros_like(out)
        if self.kind == "add":
            return out + self.value.to(out.dtype)
        if self.kind == "set":
            return self.value.to(out.dtype).expand_as(out).clone()
        raise ValueError(f"unknown kind of intervention {self.kind!r}: want scale, zero, add or set")


class Run(NamedTuple):
    """What one forward pass left behind; every tensor is a copy, states are [1,T,C]."""

    embedding: torch.Tensor  # token + position embedding, as block 0 reads it
    resid: list  # each block's output
    resid_mid: list  # each block's residual stream after attention's add
    attn: list  # each attention module's output
    mlp: list  # each mlp module's output
    final: torch.Tensor  # ln_f of the last block's output
    logits: torch.Tensor  # [1,T,V] the model's own
    captured: dict  # point to the module's output
    hf_hidden: tuple  # output_hidden_states as transformers recorded them

    @property
    def hidden_states(self):
        """The L+1 states of a notebook: the last one is normed, the others are not."""
        return [self.embedding, *self.resid[:-1], self.final]


def run(model, ids, changes=(), capture=()):
    """Runs ids [1,T] with the changes in place.

    A change acts in a forward hook, before the state is recorded and before
    anything else reads it. States are recorded by hooks of our own that come after
    the changes: transformers records hidden_states by hooks as well, which it
    registers at the first run that asks for them, so that it would miss a change
    made by a later hook.
    """
    handles, idle = [], set()

    def after(point, function):
        def hook(_module, _inputs, output):
            idle.discard(point)
            if isinstance(output, tuple):  # attention returns (output, weights)
                new = function(output[0])
                return None if new is None else (new, *output[1:])
            return function(output)

        idle.add(point)
        handles.append(module_at(model, point).register_forward_hook(hook))

    def record(states):
        return lambda out: states.append(out.clone())  # append returns None: the output stays

    def record_input(point, states):
        hook = lambda _module, inputs: states.append(inputs[0].clone())
        handles.append(module_at(model, point).register_forward_pre_hook(hook))

    embedding, final, captured = [], [], {point: [] for point in capture}
    resid, resid_mid, attn, mlp = [], [], [], []
    try:
        for change in changes:
            after(change.point, change)
        for point, states in captured.items():
            after(point, record(states))
        record_input("h.0", embedding)
        for i in range(model.config.n_layer):
            after(f"h.{i}.attn", record(attn))
            record_input(f"h.{i}.ln_2", resid_mid)
            after(f"h.{i}.mlp", record(mlp))
            after(f"h.{i}", record(resid))
        after("ln_f", record(final))
        output = model(ids, use_cache=False, output_hidden_states=True)
    finally:
        for handle in handles:
            handle.remove()
    if idle:
        raise ValueError(f"not called in a forward pass: {', '.join(sorted(idle))}")
    captured = {point: states[0] for point, states in captured.items()}
    return Run(embedding[0], resid, resid_mid, attn, mlp, final[0], output.logits, captured, output.hidden_states)


# The lens


def read_states(run, lens, at):
    """Returns the rows a lens projects as {row: state [1,T,C]}.

    Row 0 is the embedding and row i the state after block i-1. Only the notebook
    lens has the last state normed. Places other than resid have no row 0.
    """
    if at != "resid":
        return dict(enumerate(getattr(run, at), start=1))
    if lens == "notebook":
        return dict(enumerate(run.hidden_states))
    return dict(enumerate([run.embedding, *run.resid]))


def project(model, state, lens):
    """Returns the logits [1,T,V] of one state [1,T,C]; statistics are in float32 whatever the model is."""
    if lens == "normed":
        state = model.transformer.ln_f(state)
    return model.lm_head(state).float()


def top(x, k):
    """Returns the ids [1,T,k] of the k largest logits, equal logits by rising id.

    topk leaves the order among equals open, so it only finds the k-th value here.
    NaN counts as the largest, as in torch.sort.
    """
    smallest = x.topk(k).values[..., -1]
    rows = []
    for row, least in zip(x[0], smallest[0]):
        ids = (~(row < least)).nonzero()[:, 0]  # rising
        order = row[ids].sort(descending=True, stable=True).indices[:k]
        rows.append(ids[order])
    return torch.stack(rows)[None]


def statistics(x, final, k):
    """Returns one row's statistics [1,T] and [1,T,k] from its logits x; final is the model's own logits."""
    p = torch.softmax(x, -1)
    l = torch.log_softmax(x, -1)
    lf = torch.log_softmax(final, -1)
    ids = top(x, k)
    return {
        "top_ids": ids,
        "top_logits": x.gather(-1, ids),
        "top_probs": p.gather(-1, ids),
        "entropy": -(l.exp() * l).sum(-1),
        "logsumexp": torch.logsumexp(x, -1),
        "kl": (lf.exp() * (lf - l)).sum(-1),
        "agree": x.argmax(-1) == final.argmax(-1),
    }


def target_statistics(x, ids):
    """Returns one row's statistics [1,T] of one target id at each position, ids [T]."""
    ids = ids.view(1, -1, 1)
    of_target = x.gather(-1, ids)
    return {
        "target_logprob": torch.log_softmax(x, -1).gather(-1, ids)[..., 0],
        "target_prob": torch.softmax(x, -1).gather(-1, ids)[..., 0],
        "target_rank": 1 + (x > of_target).sum(-1),
        "target_ties": ((x == of_target).sum(-1) - 1).clamp(min=0),  # 0 for NaN, which equals nothing
    }


def next_targets(x, ids):
    """Statistics [T] of the text's own next token; the last position has none: NaN or 0."""
    found = target_statistics(x, torch.cat([ids[0, 1:], ids[0, :1]]))
    for array in found.values():
        array[..., -1] = float("nan") if array.is_floating_point() else 0
    return {name: array[0] for name, array in found.items()}


def word_targets(x, targets, positions):
    """Statistics [P,N] of N target ids at each of P positions."""
    each = [target_statistics(x, torch.full(x.shape[1:2], target)) for target in targets]
    return {name: torch.stack([found[name][0, positions] for found in each], -1) for name in each[0]}


def lens(model, ids, lens="notebook", at="resid", rows=None, positions=None, top=5, target=None,
         target_positions=None, changes=(), capture=(), logits=False, hf_hidden=False):
    """Returns the arrays of a logit lens of ids, R rows by P positions, by name.

    target is "next", a list of ids, or None. positions and target_positions count
    from the end where negative, and default to all and to the last.
    """
    ids = torch.tensor([ids])
    T = ids.shape[1]
    done = run(model, ids, changes, capture)
    states = read_states(done, lens, at)
    rows = list(states) if rows is None else rows
    if unknown := [row for row in rows if row not in states]:
        raise ValueError(f"rows {unknown} are not among {min(states)}..{max(states)}")
    positions = list(range(T)) if positions is None else positions
    target_positions = [T - 1] if target_positions is None else target_positions
    if outside := [p for p in positions + target_positions if not -T <= p < T]:
        raise ValueError(f"positions {outside} are outside the {T} tokens")

    final = done.logits.float()
    columns = {}  # name to one array a row
    for row in rows:  # one state at a time: a product's bits depend on its shape
        x = project(model, states[row], lens)
        found = {name: array[0, positions] for name, array in statistics(x, final, top).items()}
        if target == "next":
            found |= {name: array[positions] for name, array in next_targets(x, ids).items()}
        elif target is not None:
            found |= word_targets(x, target, target_positions)
        if logits:
            found["logits"] = x[0, positions]
        for name, array in found.items():
            columns.setdefault(name, []).append(array)

    arrays = {name: torch.stack(parts) for name, parts in columns.items()}
    arrays["ids"] = ids[0]
    arrays["rows"] = torch.tensor(rows)
    arrays["states"] = torch.cat([states[row] for row in rows])
    if target == "next":
        arrays["target_ids"] = torch.cat([ids[0, 1:], torch.tensor([-1])])[positions]
    elif target is not None:
        arrays["target_ids"] = torch.tensor(target)
        arrays["target_positions"] = torch.arange(T)[target_positions]
    if logits:
        arrays["model_logits"] = done.logits[0]
    return arrays | run_arrays(done, hf_hidden)


def forward(model, ids, changes=(), capture=(), hf_hidden=False):
    """Returns hidden [L+1,T,C], model_logits [T,V] and the captures of one run, without a lens."""
    ids = torch.tensor([ids])
    done = run(model, ids, changes, capture)
    return {"ids": ids[0], "model_logits": done.logits[0]} | run_arrays(done, hf_hidden)


def run_arrays(done, hf_hidden):
    arrays = {"hidden": torch.cat(done.hidden_states)}
    arrays |= {"capture." + point: state[0] for point, state in done.captured.items()}
    if hf_hidden:
        arrays["hf_hidden"] = torch.cat(done.hf_hidden)
    return arrays


# Requests: the command line and serve ask for the same things in the same words


class Models:
    """Loaded models by folder, attention and dtype; the few used last are kept."""

    def __init__(self, keep=4):
        self.keep, self.loaded = keep, {}

    def get(self, folder, attention, dtype):
        changed = max((f.stat().st_mtime_ns for f in Path(folder).iterdir()), default=0)
        key = (str(folder), changed, attention, dtype)
        model = self.loaded.pop(key, None) or load(folder, attention, dtype)
        self.loaded[key] = model
        if len(self.loaded) > self.keep:
            del self.loaded[next(iter(self.loaded))]
        return model


def parse_change(change):
    """Turns {"kind","point","factor"|"file"} into a Change; a file is an .npy."""
    kind, point = change["kind"], change["point"]
    if kind == "scale":
        return Change(kind, point, float(change["factor"]))
    if kind in ("add", "set"):
        return Change(kind, point, torch.from_numpy(np.load(change["file"])))
    return Change(kind, point)


def answer(request, models, default_threads):
    """Returns the arrays that a request asks for, as numpy arrays by name."""
    request = dict(request)
    op = request.pop("op")
    if op == "info":
        return {}
    if op not in ("lens", "forward"):
        raise ValueError(f"unknown op {op!r}: want lens, forward or info")
    for name, allowed in {"lens": LENSES, "at": PLACES, "attention": ("sdpa", "eager")}.items():
        if name in request and request[name] not in allowed:
            raise ValueError(f"{name} {request[name]!r} is not one of {', '.join(allowed)}")
    torch.set_num_threads(request.pop("threads", default_threads))
    model = models.get(request.pop("model"), request.pop("attention", "sdpa"), request.pop("dtype", "float32"))
    ids = request.pop("ids")
    limits = model.config
    if not 0 < len(ids) <= limits.n_positions:
        raise ValueError(f"{len(ids)} tokens: the model takes 1 to {limits.n_positions}")
    if outside := [i for i in ids if not 0 <= i < limits.vocab_size]:
        raise ValueError(f"ids {outside[:5]} are outside the vocabulary of {limits.vocab_size}")
    changes = [parse_change(change) for change in request.pop("interventions", [])]
    with torch.inference_mode():
        function = lens if op == "lens" else forward
        arrays = function(model, ids, changes=changes, **request)
    return {name: (a.float() if a.is_floating_point() else a).contiguous().numpy() for name, a in arrays.items()}


def serve():
    """Answers requests until stdin ends, one JSON line each; arrays are handed over as .npy files.

    The files of an answer stay until the next request. A bad request gets {"error": ...}.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    models, threads = Models(), torch.get_num_threads()
    with tempfile.TemporaryDirectory(prefix="golens-reference-") as folder:
        for line in sys.stdin:
            if not line.strip():
                continue
            start = time.monotonic()
            for old in Path(folder).iterdir():
                old.unlink()
            try:
                arrays = answer(json.loads(line), models, threads)
                files = {}
                for i, (name, array) in enumerate(arrays.items()):
                    files[name] = f"{folder}/{i}.npy"
                    np.save(files[name], array)
                reply = {"arrays": files, "versions": versions(), "seconds": round(time.monotonic() - start, 6)}
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), file=answers)


def versions():
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


# The command line


class AddChange(argparse.Action):
    """Collects --scale, --zero, --add and --set in one list, in the order they act."""

    def __call__(self, parser, namespace, value, option=None):
        kind = option.removeprefix("--")
        point, equals, operand = value.partition("=")
        change = {"kind": kind, "point": point}
        if kind != "zero":
            if not operand:
                parser.error(f"{option} wants POINT={'FACTOR' if kind == 'scale' else 'FILE.npy'}, not {value!r}")
            change["factor" if kind == "scale" else "file"] = operand
        elif equals:
            parser.error(f"{option} wants POINT, not {value!r}")
        namespace.interventions.append(change)


def numbers(text):
    return [int(part) for part in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer JSON requests on stdin")
    p = commands.add_parser("lens", help="write the arrays of a logit lens", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.set_defaults(interventions=[])
    p.add_argument("--model", required=True, metavar="DIR", help="Hugging Face GPT-2 folder")
    text = p.add_mutually_exclusive_group(required=True)
    text.add_argument("--prompt", metavar="TEXT", help="read by the folder's own tokenizer")
    text.add_argument("--ids", type=numbers, metavar="1,2,3")
    p.add_argument("--lens", choices=LENSES, default="notebook")
    p.add_argument("--at", choices=PLACES, default="resid", help="what is projected; all but resid start at row 1")
    p.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
    p.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    p.add_argument("--threads", type=int, help="PyTorch's intra-op threads; bits depend on it")
    p.add_argument("--top", type=int, default=5, metavar="K", help="candidates a cell")
    p.add_argument("--rows", type=numbers, metavar="0,3,12", help="0 is the embedding, i the state after block i-1")
    p.add_argument("--positions", type=numbers, metavar="0,1")
    target = p.add_mutually_exclusive_group()
    target.add_argument("--target", action="append", metavar="WORD", help="first id of the word, with a space put before it; repeatable")
    target.add_argument("--target-ids", type=numbers, metavar="7,8")
    target.add_argument("--target-next", action="store_true", help="at each position the text's own next token")
    p.add_argument("--target-positions", type=numbers, metavar="-1", help="default: the last")
    p.add_argument("--scale", action=AddChange, metavar="POINT=F", help="multiply a module's output, such as h.3=0.8")
    p.add_argument("--zero", action=AddChange, metavar="POINT", help="make a module's output zero")
    p.add_argument("--add", action=AddChange, metavar="POINT=FILE.npy", help="add an array to a module's output")
    p.add_argument("--set", action=AddChange, metavar="POINT=FILE.npy", help="put an array in place of a module's output")
    p.add_argument("--capture", action="append", default=[], metavar="POINT", help="also write a module's output, as capture.POINT")
    p.add_argument("--logits", action="store_true", help="also write logits [R,T,V] and model_logits [T,V]")
    p.add_argument("--npz", required=True, metavar="OUT")
    return parser.parse_args()


def main():
    args = parse_arguments()
    if args.command == "serve":
        return serve()
    request = {name: value for name, value in vars(args).items() if value is not None}
    request["op"] = request.pop("command")
    npz = request.pop("npz")
    words = request.pop("target", None)
    if words or "prompt" in request:
        tokenizer = transformers.GPT2TokenizerFast.from_pretrained(args.model)
        if "prompt" in request:
            request["ids"] = tokenizer.encode(request.pop("prompt"))
    if words:
        request["target"] = [tokenizer.encode(" " + word)[0] for word in words]
    if target_ids := request.pop("target_ids", None):
        request["target"] = target_ids
    if request.pop("target_next"):
        request["target"] = "next"
    try:
        np.savez(npz, **answer(request, Models(), torch.get_num_threads()))
    except (ValueError, OSError) as error:
        sys.exit(f"reference: {error}")


if __name__ == "__main__":
    main()
