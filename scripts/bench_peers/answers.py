"""Results of all ways in one form: those of the Python ways, {name: nested lists} by passes.NAMES."""

NAMES = ("top_ids", "top_logits", "top_probs", "entropy", "logsumexp", "kl", "agree",
         "target_logprob", "target_prob", "target_rank", "target_ties", "sequence")


def of(answer, work):
    """Returns an answer in the common form. golens writes a lens in its file format (docs/formats.md), with more members."""
    if answer.get("format", "").startswith("golens-lens"):
        answer = {name: answer[name] for name in NAMES if name in answer}
    if work == "lens":  # the last position has no next token
        answer = {name: without_last(v) if name.startswith("target_") else v for name, v in answer.items()}
    return answer


def without_last(rows):
    return [row[:-1] for row in rows]
