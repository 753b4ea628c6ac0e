#!/usr/bin/env python3
"""The logit lens in PyTorch and Hugging Face transformers: what golens equals to the last bit.

This is the oracle of golens' tests; reference/exact.py beside it holds the
definitions. It runs a Hugging Face folder and writes the arrays of
docs/formats.md, and some that only tests need: states (what was projected),
model_logits (the model's own output) and capture.POINT. Bits belong to one
machine, PyTorch version and thread count, so the arrays are made live and never
shipped.

    reference.py lens --model DIR --prompt "Are cats good?" --target-next --npz out.npz
    reference.py lens --model DIR --ids 8491,11875,922,30 --lens raw --scale h.3=0.8 --npz out.npz
    reference.py serve        one JSON request a line on stdin, one JSON answer a line on stdout
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a model is a folder here, never a download
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
import transformers

import make_models
from reference import archives, exact, generation, studies, sweeps


# Requests: the command line and serve ask for the same things in the same words


class Models:
    """Loaded models by folder, attention and dtype; the few used last are kept."""

    def __init__(self, keep=4):
        self.keep, self.loaded = keep, {}

    def get(self, folder, attention, dtype, aligned=False):
        changed = max((f.stat().st_mtime_ns for f in Path(folder).iterdir()), default=0)
        key = (str(folder), changed, attention, dtype, aligned)
        model = self.loaded.pop(key, None) or exact.load(folder, attention, dtype, aligned)
        self.loaded[key] = model
        if len(self.loaded) > self.keep:
            del self.loaded[next(iter(self.loaded))]
        return model


def parse_change(change):
    """Turns {"kind","point","factor"|"file"} into a Change; a file is an .npy."""
    kind, point = change["kind"], change["point"]
    if kind == "scale":
        return exact.Change(kind, point, float(change["factor"]))
    if kind in ("add", "set"):
        return exact.Change(kind, point, torch.from_numpy(np.load(change["file"])))
    return exact.Change(kind, point)


def answer(request, models, default_threads):
    """Returns the arrays that a request asks for, as numpy arrays by name."""
    request = dict(request)
    op = request.pop("op")
    if op == "info":
        return {}
    if op == "checkpoint":
        make_models.main(request["arguments"])
        return {}
    if op == "archive":
        torch.set_num_threads(request.pop("threads", default_threads))
        archives.make(**request)
        return {}
    if op == "run_archive":
        torch.set_num_threads(request.pop("threads", default_threads))
        return {name: array.numpy() for name, array in archives.run(**request).items()}
    if op == "study":
        torch.set_num_threads(request.pop("threads", default_threads))
        model = models.get(request.pop("model"), request.pop("attention", "sdpa"), request.pop("dtype", "float32"))
        with torch.inference_mode():
            arrays = studies.STUDIES[request.pop("name")](model, **request)
        return {name: (array.float() if array.is_floating_point() else array).contiguous().numpy() for name, array in arrays.items()}
    if op in ("intervene", "sweep", "lens_diff"):
        torch.set_num_threads(request.pop("threads", default_threads))
        model = models.get(request.pop("model"), request.pop("attention", "sdpa"), request.pop("dtype", "float32"))
        with torch.inference_mode():
            arrays = getattr(sweeps, op)(model, **request)
        return {name: array.contiguous().numpy() for name, array in arrays.items()}
    if op == "scores":
        return {name: array.numpy() for name, array in generation.scores(**request).items()}
    if op not in ("lens", "forward", "generate"):
        raise ValueError(f"unknown op {op!r}: want lens, forward, generate, scores, study, intervene, sweep, lens_diff, checkpoint, archive, run_archive or info")
    for name, allowed in {"lens": exact.LENSES, "at": exact.PLACES, "attention": ("sdpa", "eager")}.items():
        if name in request and request[name] not in allowed:
            raise ValueError(f"{name} {request[name]!r} is not one of {', '.join(allowed)}")
    torch.set_num_threads(request.pop("threads", default_threads))
    model = models.get(request.pop("model"), request.pop("attention", "sdpa"), request.pop("dtype", "float32"), request.pop("aligned", False))
    ids = request.pop("ids")
    limits = model.config
    if not 0 < len(ids) <= limits.max_position_embeddings:
        raise ValueError(f"{len(ids)} tokens: the model takes 1 to {limits.max_position_embeddings}")
    if outside := [i for i in ids if not 0 <= i < limits.vocab_size]:
        raise ValueError(f"ids {outside[:5]} are outside the vocabulary of {limits.vocab_size}")
    changes = [parse_change(change) for change in request.pop("interventions", [])]
    with torch.inference_mode():
        function = {"lens": exact.lens, "forward": exact.forward, "generate": generation.generate}[op]
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
            except (Exception, SystemExit) as error:
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
    p = commands.add_parser("lens", help="write the arrays of a logit lens")
    p.set_defaults(interventions=[])
    p.add_argument("--model", required=True, metavar="DIR", help="Hugging Face folder")
    text = p.add_mutually_exclusive_group(required=True)
    text.add_argument("--prompt", metavar="TEXT", help="read by the folder's own tokenizer")
    text.add_argument("--ids", type=numbers, metavar="1,2,3")
    p.add_argument("--lens", choices=exact.LENSES, default="notebook", help="default: notebook")
    p.add_argument("--at", choices=exact.PLACES, default="resid", help="what is projected; all but resid start at row 1; default: resid")
    p.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa", help="default: sdpa")
    p.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32", help="default: float32")
    p.add_argument("--threads", type=int, help="PyTorch's intra-op threads; bits depend on it")
    p.add_argument("--top", type=int, default=5, metavar="K", help="candidates a cell; default: 5")
    p.add_argument("--rows", type=numbers, metavar="0,3,12", help="0 is the embedding, i the state after block i-1")
    p.add_argument("--positions", type=numbers, metavar="0,1")
    target = p.add_mutually_exclusive_group()
    target.add_argument("--target", action="append", metavar="WORD", help="first id of the word with one space before it; repeatable")
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


def request_of(args):
    """Returns the command line as a request."""
    request = {name: value for name, value in vars(args).items() if value is not None}
    request["op"] = request.pop("command")
    request.pop("npz")
    prompt, words = request.pop("prompt", None), request.pop("target", None)
    if prompt is not None or words:
        if not any((Path(args.model) / name).is_file() for name in ("vocab.json", "tokenizer.json")):
            raise ValueError(f"no tokenizer in {args.model}: give --ids and --target-ids")
        tokenizer = transformers.AutoTokenizer.from_pretrained(args.model, local_files_only=True)
    if prompt is not None:
        request["ids"] = tokenizer.encode(prompt)
    if words:
        request["target"] = [tokenizer.encode(" " + word.removeprefix(" "))[0] for word in words]
    if target_ids := request.pop("target_ids", None):
        request["target"] = target_ids
    if request.pop("target_next"):
        request["target"] = "next"
    return request


def main():
    args = parse_arguments()
    if args.command == "serve":
        return serve()
    try:
        np.savez(args.npz, **answer(request_of(args), Models(), torch.get_num_threads()))
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f"reference: {error}")


if __name__ == "__main__":
    main()
