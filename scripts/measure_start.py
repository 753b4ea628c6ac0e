#!/usr/bin/env python3
"""Measures how fast golens answers from a cold process, and the memory it takes.

    scripts/measure_start.py [--golens bin/golens] [--runs 5] [--threads N] [--small DIR]

Runs whole processes on a 500 MB GPT-2 (12 x 768, random weights; made once into
DIR by scripts/make_models.py) whose file is in the system's cache, and on the
default model. Prints the minimum and the median of the wall times and the largest
resident memory of each. On a machine with other work, and with as many threads as
cores, the threads wait for each other and the times mean little.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
IDS = "464,835,345,466,1997,318,262,835,345,466,2279,11,345,766"  # 14 tokens


def run(command):
    """Wall seconds and peak resident bytes of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golens", default=str(ROOT / "bin" / "golens"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--small", default=os.path.expanduser("~/.cache/golens/testdata/gpt2-small"))
    args = parser.parse_args()

    weights = pathlib.Path(args.small) / "model.safetensors"
    if not weights.exists():
        subprocess.run([sys.executable, ROOT / "scripts" / "make_models.py", "gpt2-small", "--out", args.small], check=True)
    with open(weights, "rb") as f:
        while f.read(1 << 24):  # into the system's cache
            pass
    size = weights.stat().st_size

    threads = ["--threads", str(args.threads)] if args.threads else []
    lens = [args.golens, "lens", "--ids", IDS, *threads]
    small = [*lens, "--model", args.small]
    works = [
        ("500 MB model: first logits", [*small, "--layers", "12", "--top", "1"]),
        ("500 MB model: exact lens of 14 tokens, 13 rows", [*small, "--target", "next"]),
        ("default model: exact lens of 14 tokens, 13 rows", lens),
    ]
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {args.threads or 'default'} threads, {args.runs} runs")
    for name, command in works:
        seconds, memory = zip(*(run(command) for _ in range(args.runs)))
        over = f", weights + {(max(memory) - size) / 1e6:.0f} MB" if "--model" in command else ""
        print(f"{name}: {min(seconds):.2f} s at best, {statistics.median(seconds):.2f} s median; {max(memory) / 1e6:.0f} MB{over}")
        print("    " + " ".join(command))


if __name__ == "__main__":
    main()
