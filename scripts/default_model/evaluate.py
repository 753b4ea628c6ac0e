"""Measures an exported model on the held-out works.

Everything here reads the exported folder, so the figures are those of the
float16-rounded weights that ship, loaded and run as float32. The stream of
held-out tokens is cut into windows of 256 tokens; the model predicts the token
after each, from its window alone. The n-gram models score the same tokens and
see what stands before them even across the cuts.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch.nn import functional as F
from transformers import GPT2LMHeadModel

from .kneser_ney import KneserNey

LENSES = ("notebook", "normed")

# Of a row: cross-entropy of the true next token, share of positions whose
# likeliest token is the final one, KL of the final distribution from the row's,
# and entropy; in nats.
FIGURES = ("loss", "agree", "kl", "entropy")


def windows(stream, context):
    """Returns the first place of each window of context + 1 tokens."""
    return np.arange(0, len(stream) - context, context)


@torch.no_grad()
def token_losses(model, stream, context, starts, batch=2):
    """Returns the loss (nats) of each scored token of the windows at starts.

    The scored tokens are those at the windows' places + 1 .. + context.
    """
    out = []
    for i in range(0, len(starts), batch):
        rows = np.stack([stream[s : s + context + 1] for s in starts[i : i + batch]])
        ids = torch.from_numpy(rows.astype(np.int64))
        logits = model(ids[:, :-1]).logits
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        out.append(loss.numpy())
    return np.concatenate(out)


def lens_states(model, ids, lens):
    """Yields each row's state (T,C) as the head reads it, embedding first.

    transformers' last hidden state has gone through ln_f already. The normed
    lens puts the inner ones through it too; the notebook lens does not.
    """
    states = model(ids, output_hidden_states=True).hidden_states
    for row, state in enumerate(states):
        if lens == "normed" and row < len(states) - 1:
            state = model.transformer.ln_f(state)
        yield state[0]


@torch.no_grad()
def lens_sums(model, stream, context, starts):
    """Returns, by lens, each row's FIGURES (rows, 4), summed over the tokens of
    the windows at starts."""
    sums = {lens: np.zeros((model.config.n_layer + 1, 4)) for lens in LENSES}
    for start in starts:
        ids = torch.from_numpy(stream[start : start + context + 1].astype(np.int64))
        targets = ids[1:, None]
        final = F.log_softmax(model(ids[None, :-1]).logits[0], -1)
        best, weight = final.argmax(-1), final.exp()
        for lens, total in sums.items():
            for row, state in enumerate(lens_states(model, ids[None, :-1], lens)):
                log = F.log_softmax(model.lm_head(state), -1)
                total[row] += [
                    -log.gather(1, targets).sum().item(),
                    (log.argmax(-1) == best).sum().item(),
                    (weight * (final - log)).sum().item(),
                    -(log.exp() * log).sum().item(),
                ]
    return sums


def lens_means(parts, tokens):
    """Returns, by lens, a list of each row's figures: means over tokens."""
    return {
        lens: [
            dict(zip(FIGURES, row)) for row in (sum(part[lens] for part in parts) / tokens).tolist()
        ]
        for lens in LENSES
    }


def evenly(starts, count):
    """Returns about `count` of the starts, evenly spaced."""
    return starts[np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(int)]


class Pool:
    """Processes of one thread each that measure windows of one stream: on a busy
    machine they do not wait for each other at every operation."""

    def __init__(self, path, stream, workers):
        context = multiprocessing.get_context("spawn")
        self.executor = ProcessPoolExecutor(workers, context, _open, (path, stream))

    def map(self, function, context, starts, size=16):
        """Calls function(model, stream, context, part) for parts of starts;
        returns the results in order."""
        parts = [starts[i : i + size] for i in range(0, len(starts), size)]
        jobs = [self.executor.submit(_call, function, context, part) for part in parts]
        return [job.result() for job in jobs]

    def close(self):
        """Ends the processes."""
        self.executor.shutdown()


def open_model(path):
    """Returns the exported model, its weights as float32."""
    return GPT2LMHeadModel.from_pretrained(path, dtype=torch.float32).eval()


def _open(path, stream):
    torch.set_num_threads(1)
    global _model, _stream
    _model, _stream = open_model(path), stream


def _call(function, context, starts):
    return function(_model, _stream, context, starts)


def scored(starts, context):
    """Returns the place in the stream of each scored token."""
    return (starts[:, None] + np.arange(1, context + 1)).ravel()


def baselines(train, held_out, context, vocabulary, starts):
    """Returns the n-gram models' loss of each scored token, by order."""
    places = scored(starts, context)
    padded = np.concatenate([[50256, 50256], held_out])  # two tokens before the first
    return {
        order: KneserNey(train, order, vocabulary).score(padded, places + 2)
        for order in (1, 2, 3)
    }


def by_work(listing, losses, places):
    """Returns the mean of each array of losses over each held-out work."""
    sizes = [(w["work"], int(w["tokens"])) for w in listing if w["split"] == "held-out"]
    ends = np.cumsum([size for _, size in sizes])
    which = np.searchsorted(ends, places, side="right")
    return {
        name: {key: float(loss[which == i].mean()) for key, loss in losses.items()}
        for i, (name, _) in enumerate(sizes)
    }


@torch.no_grad()
def continuations(model, bpe, prompts, top=5, length=24):
    """Returns each prompt's likeliest next words and its greedy continuation."""
    out = []
    for prompt in prompts:
        ids = bpe.encode_ordinary(prompt)
        chances = model(torch.tensor([ids])).logits[0, -1].softmax(-1).topk(top)
        words = [
            (bpe.decode([i]), p) for p, i in zip(chances.values.tolist(), chances.indices.tolist())
        ]
        for _ in range(length):
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        out.append({"prompt": prompt, "top": words, "greedy": bpe.decode(ids)[len(prompt) :]})
    return out
