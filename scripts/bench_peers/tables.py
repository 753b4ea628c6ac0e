"""What was measured as Markdown, and its place in a document."""

import math
import statistics

from bench_peers import works

BEGIN = "<!-- Written by make bench-peers: begin -->"
END = "<!-- Written by make bench-peers: end -->"
BUSY = 0.1  # cores that other work may take before a table speaks of it


def render(machine, rows):
    """Returns all tables, in the order of the program's rows."""
    parts = [about(machine)]
    order = [*works.rows(), *works.rows(quick=True)]
    for name in sorted(rows, key=order.index):
        parts.append(section(rows[name]))
    return "\n\n".join(parts)


def about(m):
    tools = ", ".join(f"{name} {m[name]}" for name in ("torch", "transformers", "TransformerLens", "nnsight") if name in m)
    cores = f"{m['cores']} core" + "s" * (m["cores"] != 1)
    threads = f"{m['threads']} thread" + "s" * (m["threads"] != 1)
    return (f"{m['cpu']}, {cores}, {m['capability']}; {threads}; golens {m['golens']}, {tools}. "
            f"The model: {m['model']}. The ways of a table took turns in one run; "
            "a factor is the median of the rounds' factors, each of two ways in the same round.")


def section(row):
    head = f"### {row['title']}"
    if row.get("void"):
        return f"{head}\n\nVoid: {row['void']}."
    body = {"hooks": hooks, "text": memory}.get(row["kind"], times)(row)
    notes = []
    for way, found in row["ways"].items():
        if "failed" in found:
            notes.append(f"{works.WAYS[way].label} failed: {found['failed'].rstrip('.')}.")
        if "kernel" in found and way == "fast":
            notes.append(f"The fast mode's kernel is {found['kernel']}.")
    if row["kind"] in ("warm", "whole"):
        rounds = row["rounds"]
        notes.append(f"{rounds} round" + "s" * (rounds != 1) + (f" of {row['planned']}, interrupted." if rounds < row["planned"] else ".") + (
            f" Results differ by at most {row['apart']:.2g} of what rounding explains." if "apart" in row else ""))
    if row.get("others", 0) > BUSY and row["kind"] != "text":
        notes.append(f"Other work took {row['others']:.1f} cores meanwhile: the times are too long, and factors are rough.")
    return "\n\n".join([head, body, *([" ".join(notes)] if notes else [])])


def measured(row):
    return {way: found for way, found in row["ways"].items() if found.get("seconds")}


def factors(row, base, way):
    """Returns how many times as fast as the base a way was, in each round that both have."""
    a, b = row["ways"].get(base, {}).get("seconds", []), row["ways"][way]["seconds"]
    return [statistics.median(x) / statistics.median(y) for x, y in zip(a, b)]


def times(row):
    bases = [way for way in ("notebook", "vectorised") if way in measured(row)]
    head = ["", "tokens/s" if row["tokens"] else "median", "best", *(f"against {works.WAYS[b].label}" for b in bases), "peak memory"]
    lines = []
    for way, found in measured(row).items():
        each = [statistics.median(turn) for turn in found["seconds"]]
        if row["tokens"]:
            size = row["tokens"] / row["parts"]
            numbers = [f"{size * len(each) / sum(each):.0f}", f"{size / min(each):.0f}"]
        else:
            numbers = [seconds(statistics.median(each)), seconds(min(map(min, found["seconds"])))]
        lines.append([works.WAYS[way].label, *numbers, *(times_as(factors(row, b, way)) for b in bases), f"{found['peak'] / 1e6:.0f} MB"])
    return table(head, lines)


def times_as(ratios):
    return f"{statistics.median(ratios):.2f} times" if ratios else ""


def seconds(s):
    return f"{s:.2f} s" if s >= 1 else f"{s * 1000:.0f} ms" if s >= 0.1 else f"{s * 1000:.1f} ms"


def memory(row):
    ways = {way: found for way, found in row["ways"].items() if found.get("peaks")}
    lines = []
    for n in sorted({int(n) for found in ways.values() for n in found["peaks"]}):
        over = [f"weights + {(found['peaks'][str(n)] - row['weights']) / 1e6:.0f} MB" if str(n) in found["peaks"] else "" for found in ways.values()]
        lines.append([f"{n:,}", *over])
    return table(["tokens", *(works.WAYS[way].label for way in ways)], lines)


def hooks(row):
    lines = []
    for way, found in row["ways"].items():
        if "ratios" in found:
            low, high = interval(found["ratios"])
            lines.append([works.WAYS[way].label, percent(statistics.median(found["ratios"])), f"{percent(low)} to {percent(high)}", str(len(found["ratios"]))])
    return table(["", "median", "95 % interval", "pairs"], lines)


def percent(ratio):
    return f"{(ratio - 1) * 100:+.2f} %"


def interval(ratios):
    """Returns the 95 % interval of the median by order statistics, which supposes nothing of the distribution.

    Of n ratios the k-th smallest and the k-th largest enclose the median with
    probability 1 - 2 P(Binomial(n, 1/2) < k); k is the largest for which that is 95 %.
    """
    n, k, below = len(ratios), 0, 0.0
    while (below := below + math.comb(n, k) / 2**n) <= 0.025:
        k += 1
    ordered = sorted(ratios)
    return ordered[max(k, 1) - 1], ordered[-max(k, 1)]


def table(head, lines):
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def replace(document, text):
    """Returns a document with the text between the marks, which must be there once."""
    if document.count(BEGIN) != 1 or document.count(END) != 1 or document.index(BEGIN) > document.index(END):
        raise ValueError(f"the document does not have the lines {BEGIN} and {END} once each, in this order")
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"
