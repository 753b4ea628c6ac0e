"""What the tables say of the machine, and how much of it other work took."""

import os
import platform

from bench_peers import environments


def describe(python, model, threads, golens, capability):
    """Returns the facts that two measurements must share to stand in one document."""
    versions = environments.versions(python, ["torch", "transformers"])
    return {"cpu": processor(), "cores": len(os.sched_getaffinity(0)), "threads": threads, "capability": capability, "model": model,
            "golens": golens, **versions}


def processor():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


class Others:
    """How many cores other work took, on average, while something was measured here.

    Ended children count as ours, so all must have been waited for when it is asked.
    """

    def __init__(self):
        self.start = self.read()

    def read(self):
        t = os.times()
        with open("/proc/stat") as f:
            user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, f.readline().split()[1:])
        busy = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
        return t.elapsed, busy, t.user + t.system + t.children_user + t.children_system

    def cores(self):
        elapsed, busy, ours = (b - a for a, b in zip(self.start, self.read()))
        return max(0.0, (busy - ours) / max(elapsed, 1e-9))
