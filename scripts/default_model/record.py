"""The written record of a run, from its log."""

import json
import platform
from pathlib import Path

from .train import newest

CURVE_POINTS = 16


def machine():
    """Returns the processor's name and the number of cores."""
    import os

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores of an {name}"


def lines(folder):
    """Returns the log's reports up to the newest checkpoint; a step that was
    repeated after an interruption counts as it went the last time."""
    by_step = {}
    for text in (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        by_step = {s: v for s, v in by_step.items() if s < line["step"]}
        by_step[line["step"]] = line
    return [line for step, line in by_step.items() if step <= newest(folder)]


def summary(folder, text_tokens):
    """Returns the run's totals and a curve of a few points."""
    log = lines(folder)
    checks = [line for line in log if "held_out" in line]
    stride = max(1, -(-len(checks) // CURVE_POINTS))
    curve = checks[stride - 1 :: stride]
    if curve[-1] is not checks[-1]:
        curve.append(checks[-1])
    last = log[-1]
    return {
        "machine": machine(),
        "steps": last["step"],
        "tokens": last["tokens"],
        "tokens_per_step": last["tokens"] // last["step"],
        "text_tokens": text_tokens,
        "passes": last["tokens"] / text_tokens,
        "hours": last["hours"],
        "best_tokens_per_second": max(line["tokens_per_second"] for line in log),
        "curve": curve,
    }
