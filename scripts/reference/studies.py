"""The five published studies, by their meaning, as their notebooks compute them.

Each function returns the arrays that golens writes for the study. The shapes of
the products are the notebooks' own: they decide the bits. compat is "published",
which keeps what the notebooks really do, or "fixed", what they meant. Prompts are
token ids.
"""

import torch
import torch.nn.functional as F

from .exact import Change, run


def hidden_states(model, ids):
    """Returns transformers' hidden_states, L+1 of [1,T,C], and the logits [1,T,V]."""
    out = model(torch.tensor([ids]), output_hidden_states=True)
    return out.hidden_states, out.logits


def lens_grid(model, prompts, compat):
    """Cohen's lecture: one log-softmax, and the likeliest word of every block and token."""
    ids = prompts[0]
    states, _ = hidden_states(model, ids)
    W = model.lm_head.weight
    scatter = torch.log_softmax(states[3][0] @ W.T, dim=-1)[3]
    pred_ids, pred_probs = [], []
    for h in states[1:]:
        probs = torch.softmax(h[0] @ W.T, dim=-1)
        best = probs.max(dim=-1)
        pred_ids.append((h[0] @ W.T).argmax(dim=-1))
        pred_probs.append(best.values)
    return {
        "ids": torch.tensor(ids),
        "scatter": scatter,
        "pred_ids": torch.stack(pred_ids),
        "pred_probs": torch.stack(pred_probs),
        "target_ids": torch.tensor(ids[1:]),
    }


def likeliest(logits):
    """Returns the probability and the id of the likeliest token, [T] each, of logits [1,T,V]."""
    probs = torch.softmax(logits, dim=-1)
    best = logits.argmax(dim=-1)
    return probs.gather(-1, best[..., None])[0, :, 0], best[0]


def generation(model, prompts, compat, end_of_text=None):
    """The Russian notebook: the lens of every step of a generation, then the normed lens of two prompts."""
    latin, cyrillic = prompts
    length = 14
    ids = torch.tensor([latin])
    config = dict(do_sample=False, max_length=length, min_length=length, pad_token_id=0, eos_token_id=end_of_text)
    out = model.generate(ids, return_dict_in_generate=True, output_hidden_states=True, **config)
    steps = []
    for states in out.hidden_states:
        rows = [likeliest(model.lm_head(h)) for h in states]
        steps.append([torch.stack(part) for part in zip(*rows)])
    arrays = {
        "ids": ids[0],
        "sequence": out.sequences[0],
        "step0_probs": steps[0][0],
        "step0_ids": steps[0][1],
        "probs": torch.cat([p for p, _ in steps[1:]], dim=1),
        "pred_ids": torch.cat([i for _, i in steps[1:]], dim=1),
    }
    for suffix, prompt in ("", cyrillic), ("_latin", latin):
        done = run(model, torch.tensor([prompt]))
        rows = [likeliest(model.lm_head(model.transformer.ln_f(h))) for h in done.resid]
        arrays["normed_probs" + suffix], arrays["normed_ids" + suffix] = (torch.stack(part) for part in zip(*rows))
    arrays["ids_cyrillic"] = torch.tensor(cyrillic)
    return arrays


def target_rank(model, prompts, compat, target):
    """The Korean notebook: the top words of three prompts; probability and rank of a target in the last."""
    W = model.lm_head.weight
    top_ids = []
    for ids in prompts:
        states, _ = hidden_states(model, ids)
        top_ids.append(torch.stack([(h @ W.T)[0, -1].topk(3).indices for h in states]))
    logits = [(h @ W.T)[0, -1] for h in states]
    return {
        "ids": torch.tensor(prompts[-1]),
        "top_ids": torch.stack(top_ids),
        "target_ids": torch.tensor([target]),
        "prob": torch.stack([torch.softmax(x, dim=-1)[target] for x in logits]),
        "rank": torch.stack([1 + (x > x[target]).sum() for x in logits]),
    }


def entropy(model, prompts, compat):
    """Devoto's notebook: the likeliest piece and the entropy of every state and token."""
    ids = prompts[0]
    states, _ = hidden_states(model, ids)
    pred_ids, entropies = [], []
    for h in states:
        logits = model.lm_head(h)
        pred_ids.append(logits.argmax(dim=-1)[0])
        if compat == "published":  # in the model's dtype
            p = torch.softmax(logits, dim=-1).clamp(1e-8, 1)
            entropies.append(-(p * torch.log(p)).sum(dim=-1)[0])
        else:
            l = torch.log_softmax(logits.float(), -1)
            entropies.append(-(l.exp() * l).sum(-1)[0])
    return {"ids": torch.tensor(ids), "pred_ids": torch.stack(pred_ids), "entropy": torch.stack(entropies)}


def cosines(x):
    """Returns the cosine similarity of all pairs of rows of x [N,C]: [N,N]."""
    return F.cosine_similarity(x[:, None, :], x[None, :, :], dim=-1)


def spaced(last, n):
    import numpy as np

    return np.linspace(0, last, n).astype(int).tolist()


def hidden_state_study(model, prompts, compat, target):
    """Cohen's LLM breakdown 4/6: geometry of the states, and the scaling of every block by 0.8."""
    first, second = prompts
    states, _ = hidden_states(model, first)
    L, T = len(states) - 1, len(first)
    published = compat == "published"
    tokens = [0, 1, 2, 3] if published else spaced(T - 1, 4)
    rows = [0, 1, 2, 3] if published else spaced(L, 4)
    arrays = {
        "ids": torch.tensor(first),
        "ids_scaling": torch.tensor(second),
        "variance": torch.stack([h[0, 8].var() for h in states]),
        "cos_layers": torch.stack([cosines(torch.stack([h[0, t] for h in states])) for t in tokens]),
        "cos_tokens": torch.stack([cosines(states[i][0]) for i in rows]),
    }
    for i, h in enumerate(states):
        cs = cosines(h[0, 1:])
        if published:
            arrays[f"laminar_{i}"] = torch.unique(torch.triu(cs, diagonal=1))[1:]
        else:
            a, b = torch.triu_indices(T - 1, T - 1, offset=1)
            arrays[f"laminar_{i}"] = cs[a, b]
    ids = torch.tensor([second])
    log_softmax = torch.log_softmax(model(ids).logits[0, -1, :], dim=-1)
    arrays["top21"] = model(ids).logits[0, -1, :].topk(21).indices
    arrays["clean"] = log_softmax[target]
    scaled = []
    for i in range(L):
        logits = run(model, ids, [Change("scale", f"h.{i}", 0.8)]).logits
        scaled.append(torch.log_softmax(logits[0, -1, :], dim=-1)[target])
    arrays["scaled"] = torch.stack(scaled)
    return arrays


STUDIES = {
    "lens-grid": lens_grid,
    "generation": generation,
    "target-rank": target_rank,
    "entropy": entropy,
    "hidden-states": hidden_state_study,
}
