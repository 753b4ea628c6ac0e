"""The rows of the tables: which works, on what, in which ways."""

import dataclasses
import random

VOCAB = 50257


@dataclasses.dataclass(frozen=True)
class Way:
    """A way of doing a work. Python ways name a module of ways/; golens' have a mode."""

    label: str
    module: str = ""
    tool: str = ""  # of environments.PACKAGES, where it has an environment of its own
    mode: str = ""
    kernel: str = ""  # of golens' fast mode, "" for its own choice


WAYS = {
    "notebook": Way("PyTorch, notebook style", "notebook"),
    "vectorised": Way("PyTorch, vectorised", "vectorised"),
    "packed": Way("PyTorch, oneDNN's packed weights", "packed"),
    "TransformerLens": Way("TransformerLens", "transformer_lens", "TransformerLens"),
    "nnsight": Way("nnsight", "nnsight", "nnsight"),
    "nnsight together": Way("nnsight, one trace", "nnsight_together", "nnsight"),
    "exact": Way("golens, exact", mode="exact"),
    "fast": Way("golens, fast", mode="fast"),
    "x3": Way("golens, fast, x3", mode="fast", kernel="x3"),  # on processors that have it
}
OURS = ("exact", "fast", "x3")


@dataclasses.dataclass(frozen=True)
class Row:
    """A table: one work in several ways.

    kind says how it is measured: "warm" in workers that have the model loaded, by turns;
    "whole" as whole processes, by turns; "text" as whole processes of golens alone, for
    their memory; "hooks" by pairs of runs within a worker. Round i of a warm row works
    on parts[i % len(parts)], and does it `repeat` times.
    """

    name: str
    title: str
    kind: str
    work: str
    parts: list
    ways: tuple
    repeat: int = 1
    rounds: int | None = None  # the program's --runs unless set
    tokens: int = 0  # of all parts, for tokens a second


# Common words that are one token each with a space in front: a text of n words has n tokens.
WORDS = ("the of and to in a is that for it was on as with he by at from his are this be an which or had not but one "
         "we have they you were their her all been has who will more no if out so up about its new time two other").split()


def prompt(n, seed=1):
    """Returns n token ids by chance, the same for the same seed."""
    draw = random.Random(seed)
    return [draw.randrange(VOCAB) for _ in range(n)]


def text(n, seed=2):
    """Returns a text of n tokens, by chance."""
    draw = random.Random(seed)
    return "".join(" " + draw.choice(WORDS) for _ in range(n))


def rows(quick=False):
    """Returns the rows by name; the quick ones have the same works on little."""
    short, long = prompt(14), prompt(24 if quick else 256)
    words = prompt(96 if quick else 16384, 3)
    chunk, parts = (32, 2) if quick else (256, 4)
    size = len(words) // parts
    sizes = [200, 600] if quick else [1000, 16384, 100000]
    new = 3 if quick else 64
    pairs = 6 if quick else 100
    L = len(long)
    everyone = ("notebook", "vectorised", "packed", "TransformerLens", "nnsight", *OURS)
    sweeps = ("notebook", "vectorised", "packed", "TransformerLens", "nnsight", "nnsight together", "exact", "fast")
    scale = {"factor": 0.8, "target": 17}
    found = [
        Row("process", "Whole process: all statistics of 14 tokens, 13 rows", "whole", "lens", [{"ids": short}], everyone),
        Row("warm", "Warm: all statistics of 14 tokens, 13 rows", "warm", "lens", [{"ids": short}], everyone, repeat=3),
        Row("text", f"Text of {len(words):,} tokens in windows of {chunk}, means of all statistics, 13 rows", "warm", "text",
            [{"ids": words[i : i + size], "chunk": chunk} for i in range(0, len(words), size)], everyone, rounds=parts, tokens=len(words)),
        Row("memory", "Peak memory of a text, whole processes", "text", "text", [{"tokens": n, "chunk": chunk} for n in sizes], OURS, rounds=1),
        Row("sweep14", "Sweep of 12 blocks, one factor, 14 tokens", "warm", "sweep", [{"ids": short, **scale}], sweeps, repeat=2),
        Row(f"sweep{L}", f"Sweep of 12 blocks, one factor, {L} tokens", "warm", "sweep", [{"ids": long, **scale}], sweeps),
        Row("hooks14", "Copies of 12 blocks' outputs against none, 14 tokens", "hooks", "hooks", [{"ids": short}], ("notebook", "exact"), repeat=pairs, rounds=1),
        Row(f"hooks{L}", f"Copies of 12 blocks' outputs against none, {L} tokens", "hooks", "hooks", [{"ids": long}], ("notebook", "exact"), repeat=pairs, rounds=1),
        Row("generate", f"{new} tokens written behind 14, with the lens of each step, 13 rows", "warm", "generate", [{"ids": short, "new": new}],
            ("notebook", "vectorised", "packed", *OURS)),
    ]
    return {row.name: row for row in found}
