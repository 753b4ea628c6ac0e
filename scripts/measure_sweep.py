#!/usr/bin/env python3
"""Measures the scaling study: golens beside the notebook's way and the best plain PyTorch.

    scripts/measure_sweep.py [--tokens 14,22,256] [--rounds 5] [--threads 1] [--model DIR]

Works, on a GPT-2 of 12 x 768 with random weights (made once into DIR), everything
loaded and warm, one after the other in every round, so that they see the same
machine:

  notebook   13 whole forwards of transformers, 12 of them with a forward hook that
             scales a block's output; log_softmax of logits[0, -1, :]
  batched    the same in plain PyTorch as well as we can: the residual stream of the
             clean run is kept, a batch grows by one variant behind each block, and
             the head reads the last positions only, in one product
  exact      golens sweep, every number with the notebook's bits
  fast       golens sweep --mode fast

It prints the best and the median seconds, and both as ratios to the notebook. Only
ratios of one run compare. golens' part is BenchmarkScaling of sweep/bench_test.go; its
test binary is built first. Numbers of the Python ways are compared with one another.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from reference import exact

ROOT = pathlib.Path(__file__).resolve().parent.parent
FACTOR, TARGET = 0.8, 17


def notebook(model, ids):
    """Log-probabilities of the target [13]: the clean run's, and with each block scaled."""
    found = [torch.log_softmax(model(ids, use_cache=False).logits[0, -1, :], -1)[TARGET]]
    for block in model.transformer.h:
        handle = block.register_forward_hook(lambda _m, _i, out: out * FACTOR)
        found.append(torch.log_softmax(model(ids, use_cache=False).logits[0, -1, :], -1)[TARGET])
        handle.remove()
    return torch.stack(found)


def batched(model, ids):
    """The same from one growing batch: row 0 is the clean run, row i has block i-1 scaled."""
    body = model.transformer
    x = body.wte(ids) + body.wpe(torch.arange(ids.shape[1]))[None]
    for block in body.h:
        x = block(x)
        x = torch.cat([x, x[:1] * FACTOR])
    last = body.ln_f(x[:, -1])
    return torch.log_softmax(model.lm_head(last), -1)[:, TARGET]


def seconds(function, *args):
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def golens(binary, folder, tokens, threads):
    """Seconds of one sweep in each mode, in a process of its own that has warmed up."""
    env = dict(os.environ, GOLENS_BENCH_MODEL=folder, GOLENS_BENCH_TOKENS=str(tokens), GOLENS_BENCH_THREADS=str(threads))
    out = subprocess.run([binary, "-test.run", "^$", "-test.bench", "BenchmarkScaling", "-test.benchtime", "3x"],
                         env=env, cwd=ROOT / "sweep", check=True, capture_output=True, text=True).stdout
    found = {mode: float(ns) / 1e9 for mode, ns in re.findall(r"BenchmarkScaling/(exact|fast)\S*\s+\d+\s+([\d.]+) ns/op", out)}
    if set(found) != {"exact", "fast"}:
        sys.exit(f"no times in what the benchmark printed:\n{out}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", default="14,22,256", type=lambda s: [int(n) for n in s.split(",")])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", default=os.path.expanduser("~/.cache/golens/testdata/gpt2-small"))
    args = parser.parse_args()

    if not (pathlib.Path(args.model) / "model.safetensors").exists():
        subprocess.run([sys.executable, ROOT / "scripts" / "make_models.py", "gpt2-small", "--out", args.model], check=True)
    torch.set_num_threads(args.threads)
    model = exact.load(args.model)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        binary = os.path.join(folder, "sweep.test")
        subprocess.run(["go", "test", "-c", "-o", binary, "./sweep"], cwd=ROOT, check=True)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {args.threads} threads, {args.rounds} rounds, torch {torch.__version__}")
        for T in args.tokens:
            ids = torch.randint(0, model.config.vocab_size, (1, T), generator=torch.Generator().manual_seed(1))
            apart = (notebook(model, ids) - batched(model, ids)).abs().max()  # warms up, too
            if not apart < 1e-3:
                sys.exit(f"the two ways in PyTorch differ by {apart:.2g}")
            times = {name: [] for name in ("notebook", "batched", "exact", "fast")}
            for _ in range(args.rounds):
                times["notebook"].append(seconds(notebook, model, ids))
                times["batched"].append(seconds(batched, model, ids))
                for mode, s in golens(binary, args.model, T, args.threads).items():
                    times[mode].append(s)
            for name, found in times.items():
                best, median = min(found), statistics.median(found)
                print(f"T = {T:4d}  {name:8s}  {best:7.3f} s at best, {median:7.3f} s median;  "
                      f"{min(times['notebook']) / best:5.2f} and {statistics.median(times['notebook']) / median:5.2f} times as fast as the notebook")


if __name__ == "__main__":
    main()
