"""A process that does works in one way, for processes.py.

    worker.py WAY --model DIR --threads N [--once REQUEST]

It reads requests, a line of JSON each, from standard input, and answers each with a
line of JSON on standard output: {"seconds": [...], "answer": {...}}, or {"error":
text}. The first line that it writes says that the model is loaded. While it
waits for a line it does nothing. With --once it does one request and ends, so that the
process as a whole can be timed.

A request names a work of bench_peers.ways, its arguments, and how often it is done:
{"work": "lens", "arguments": {"ids": [...]}, "repeat": 3}. The work "hooks" makes
`repeat` pairs of runs, with and without copies of the blocks' outputs, by turns, and
answers with their ratios.
"""

import argparse
import importlib
import json
import os
import pathlib
import sys
import time

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", WANDB_MODE="disabled")

import torch

WAYS = ("notebook", "vectorised", "packed", "transformer_lens", "nnsight", "nnsight_together")


def timed(function):
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


def pairs(way, ids, repeat):
    """Returns for each of `repeat` pairs how long the hooked run took, as a multiple of the bare one."""
    found = []
    for i in range(repeat):
        order = (False, True) if i % 2 else (True, False)
        seconds = {hooked: timed(lambda: way.run(ids, hooked))[0] for hooked in order}
        found.append(seconds[True] / seconds[False])
    return found


def do(way, request):
    arguments, repeat = request["arguments"], request.get("repeat", 1)
    with torch.inference_mode():
        if request["work"] == "hooks":
            return {"ratios": pairs(way, arguments["ids"], repeat), "answer": {}}
        work = getattr(way, request["work"])
        seconds = []
        for _ in range(repeat):
            found = None  # is not there twice
            taken, found = timed(lambda: work(**arguments))
            seconds.append(taken)
    return {"seconds": seconds, "answer": {name: listed(v) for name, v in found.items()}}


def listed(value):
    return value.tolist() if isinstance(value, torch.Tensor) else value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--once", metavar="REQUEST")
    args = parser.parse_args()

    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    torch.set_num_threads(args.threads)
    way = importlib.import_module("bench_peers.ways." + args.way).Way(args.model)

    def answer(found):
        print(json.dumps(found), file=answers, flush=True)

    if args.once:
        return answer(do(way, json.loads(args.once)))
    answer({"ready": True})
    for line in sys.stdin:
        try:
            answer(do(way, json.loads(line)))
        except Exception as e:
            answer({"error": f"{type(e).__name__}: {e}"})


if __name__ == "__main__":
    main()
