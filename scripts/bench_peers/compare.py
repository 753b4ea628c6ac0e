"""Whether two results are the same but for rounding.

A product of C terms in float32 is off by about u sqrt(C), with u = 2^-24, of the root
mean square of what it gives. At C = 768 that is 1.7e-6; some fifty products one behind
the other, whose errors add as in a random walk, make 1.2e-5, and the largest error of a
million numbers is five times the usual one: 6e-5. The largest logit of a vocabulary of
50,000 is four times their root mean square, which leaves LOGITS = 2e-5 of it for each,
rounded up. From an error d of every logit follow those of the statistics:

  log-sum-exp      d
  log-probability  2 d
  entropy          d times the deviation of log p, which is at most ln(V)/2 + 1: 7 d
  KL(final||row)   2 d, and d times the deviation of log f - log p under f, for which
                   8 + KL is taken
  probability      2 d of it
  rank             the share of logits within 2 d behind rank r of V normal logits is at
                   most 0.1 % of r; and 2, for small ones
  ties             2: a tie is between two roundings
  an order         free among logits within 2 d of each other

golens' x3 kernel states 2e-4 for log-sum-exp and entropy and 5e-4 for KL, which is less.
"""

import math

LOGITS = 2e-5
LEAST = 50  # what the largest logit is taken for where it is not known, or smaller
SHARE = 2e-3  # of positions, whose likeliest token or small rank may hang on rounding


def worst(one, other):
    """Returns how far two results are apart, as a multiple of what is allowed, and where."""
    if set(one) != set(other):
        return math.inf, "they do not hold the same: " + " ".join(sorted(set(one) ^ set(other)))
    d = LOGITS * max([LEAST, *map(abs, flat(one.get("top_logits", [])))])
    found = (0.0, "")
    for name in sorted(one):
        a, b = flat(one[name]), flat(other[name])
        if len(a) != len(b):
            return math.inf, f"{name}: {len(a)} numbers and {len(b)}"
        if name == "top_ids":
            apart = order(one, other, d)
        elif name == "agree" and "top_logits" in one:
            apart = agreement(one, other, d)
        else:
            apart = max((ratio(difference(x, y), allowed(name, x, d)) for x, y in zip(a, b)), default=0.0)
        if apart > found[0]:
            found = (apart, name)
    return found


def difference(x, y):
    """Returns how far two numbers are apart: infinitely where one of them is none."""
    if math.isnan(x) or math.isnan(y):
        return 0.0 if math.isnan(x) and math.isnan(y) else math.inf
    return 0.0 if x == y else abs(x - y)  # equal infinities


def ratio(difference, allowed):
    return difference if difference in (0.0, math.inf) else difference / allowed


def allowed(name, x, d):
    """Returns by how much a number may be off."""
    if name in ("top_logits", "logsumexp"):
        return d
    if name in ("logprob", "target_logprob", "loss"):
        return 2 * d
    if name == "entropy":
        return 7 * d
    if name == "kl":
        return (10 + abs(x)) * d
    if name in ("top_probs", "target_prob"):
        return 2 * d * abs(x) + 1e-30
    if name == "target_rank":
        return 2 + 1e-3 * x
    if name == "target_ties":
        return 2
    if name in ("agree", "top1", "top5", "reciprocal_rank"):
        return SHARE
    if name == "sequence":
        return 0.5  # ids are equal or not
    raise ValueError(f"nothing says how exact {name} is")


def cells(result):
    """Returns the candidates of each cell as {id: logit}, and the smallest logit kept."""
    for ids, logits in zip(lowest(result["top_ids"]), lowest(result["top_logits"])):
        yield dict(zip(ids, logits)), min(logits)


def order(one, other, d):
    """Returns how far candidates' logits are apart, by id; one that is not kept is as likely as the least at most."""
    found = 0.0
    for (a, least_a), (b, least_b) in zip(cells(one), cells(other)):
        for x, y, least in ((a, b, least_b), (b, a, least_a)):
            for token, logit in x.items():
                apart = abs(logit - y[token]) if token in y else max(0.0, logit - least)
                found = max(found, apart / (2 * d))
    return found


def agreement(one, other, d):
    """Returns 0, or infinity where agreement differs in a cell in which no near tie excuses it."""
    rows = len(one["agree"])
    a, b = flat(one["agree"]), flat(other["agree"])
    logits = lowest(one["top_logits"])
    near = [len(cell) < 2 or cell[0] - cell[1] <= 2 * d for cell in logits]
    T = len(a) // rows
    for i, (x, y) in enumerate(zip(a, b)):
        if bool(x) != bool(y) and not near[i] and not near[(rows - 1) * T + i % T]:
            return math.inf
    return 0.0


def flat(value):
    """Returns the numbers of nested lists."""
    if isinstance(value, (list, tuple)):
        return [x for part in value for x in flat(part)]
    return [float(value)]


def lowest(value):
    """Returns the innermost lists of nested lists."""
    if value and isinstance(value[0], list):
        return [x for part in value for x in lowest(part)]
    return [value]
