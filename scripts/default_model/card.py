"""The measured part of the model card, written between two marks in README.md."""

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(head, rows):
    """Returns a Markdown table; numbers are right-aligned."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| " + " | ".join(["---"] + ["---:"] * (len(head) - 1)) + " |")
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def losses(m):
    rows = [
        (name, f"{m['loss'][key]:.3f}", f"{m['perplexity'][key]:.1f}")
        for name, key in (
            ("this model", "model"),
            ("Kneser-Ney trigram", "trigram"),
            ("Kneser-Ney bigram", "bigram"),
            ("Kneser-Ney unigram", "unigram"),
        )
    ]
    return table(("held-out text", "loss (nats per token)", "perplexity"), rows)


def works(m):
    keys = ("model", "trigram", "bigram", "unigram")
    rows = [(name, *(f"{w[k]:.3f}" for k in keys)) for name, w in m["by_work"].items()]
    return table(("held-out work", *keys), rows)


def lens(m, name):
    rows = [
        (i, f"{r['loss']:.3f}", f"{100 * r['agree']:.1f} %", f"{r['kl']:.3f}", f"{r['entropy']:.3f}")
        for i, r in enumerate(m["lens"][name])
    ]
    return table(("row", "cross-entropy", "agreement", "KL", "entropy"), rows)


def curve(m):
    rows = [
        (p["step"], f"{p['tokens'] / 1e6:.2f}", f"{p['hours']:.2f}", f"{p['loss']:.3f}", f"{p['held_out']:.3f}")
        for p in m["training"]["curve"]
    ]
    return table(("step", "million tokens", "hours", "training loss", "held-out loss"), rows)


def prompts(m):
    rows = []
    for p in m["prompts"]:
        top = ", ".join(f"`{word!r}` {chance:.2f}" for word, chance in p["top"][:3])
        rows.append((f"`{p['prompt']}`", top, f"`{p['greedy']!r}`"))
    return table(("prompt", "likeliest next", "greedy continuation"), rows).replace("---:", "---")


def measured(m):
    """Returns the Markdown of the figures in metrics.json."""
    t = m["training"]
    parts = [
        f"All figures are of the float16-rounded weights, run as float32 with transformers. "
        f"{m['scored_tokens']:,} held-out tokens are scored, in windows of {m['context']}; the n-gram models "
        f"were counted on the {t['text_tokens']:,} training tokens, score the same held-out tokens, and see "
        "the tokens before them even across the windows' cuts.",
        losses(m),
        "By work:",
        works(m),
        f"The lens, over {m['lens_tokens']:,} of these tokens (evenly spaced windows). Row 0 is the embedding, row i "
        "the state after block i; row 12 is the model's own output. Cross-entropy of the true next token, share of "
        "positions whose likeliest token is the final one, KL(final‖row) and entropy, in nats. The normed lens:",
        lens(m, "normed"),
        "The notebook lens (no norm on rows 0 to 11):",
        lens(m, "notebook"),
        f"Training took {t['hours']:.2f} hours on {t['machine']} at low priority beside other work: {t['steps']:,} steps "
        f"of {t['tokens_per_step']:,} tokens, {t['tokens'] / 1e6:.1f} million in all ({t['passes']:.2f} passes over the "
        f"text), {t['tokens'] / t['hours'] / 3600:,.0f} tokens/s on average and {t['best_tokens_per_second']:,} when "
        "nothing else ran. Held-out loss here is over 64 windows only.",
        "![Loss curve](curve.svg)",
        curve(m),
        "What it says to some well-known prompts:",
        prompts(m),
    ]
    return "\n\n".join(parts)


def update(path, m):
    """Replaces what stands between the marks in the card."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{measured(m)}\n{END}{after}", encoding="utf-8")
