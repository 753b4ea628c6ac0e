"""Interventions of every kind as PyTorch forward hooks, and sweeps over them, as a notebook would write them."""

import numpy as np
import torch

from reference import exact
from reference.exact import module_at


def indices(at, T):
    """Returns the positions of "all", "last", a number, a list such as [0, 3] or ["2..4", "-2.."] as a list."""
    if at in (None, "all"):
        return list(range(T))
    if at == "last":
        return [T - 1]
    out = []
    for part in at:
        first, dots, last = str(part).partition("..")
        first = int(first) % T
        last = (int(last or -1) % T) if dots else first
        out += range(first, last + 1)
    return out


class Change:
    """One intervention: what becomes of the tensor [B,T,C] at a point, and where in it."""

    def __init__(self, kind, point, at=None, rows=None, head=None, columns=None, **values):
        """head is one of what the output projection reads; columns are the first and how many of the point's own output."""
        self.kind, self.point, self.at, self.rows, self.head, self.columns = kind, point, at, rows, head, columns
        for name in ("vector", "source"):
            if name in values:
                values[name] = torch.from_numpy(np.load(values[name]))
        self.values = values
        self.input = None  # of the module, for skip

    def part(self, whole, model):
        """Returns the index of what is acted on."""
        rows = list(range(whole.shape[0])) if self.rows is None else self.rows
        columns = slice(None)
        if self.columns is not None:
            columns = slice(self.columns[0], self.columns[0] + self.columns[1])
        if self.head is not None:
            size = whole.shape[-1] // model.config.num_attention_heads
            columns = slice(self.head * size, (self.head + 1) * size)
        return rows, indices(self.at, whole.shape[1]), columns

    def __call__(self, out, model):
        rows, at, columns = self.part(out, model)
        new = out.clone()
        for row in rows:
            new[row, at, columns] = self.change(out, row, at, columns)
        return new

    def change(self, out, row, at, columns):
        x = out[row, at, columns]
        if self.kind == "scale":
            return x * self.values["factor"]
        if self.kind == "zero":
            return torch.zeros_like(x)
        if self.kind == "mean":
            mean = out[[row]][..., columns].mean(1, keepdim=True)
            return mean[0].expand_as(x)
        if self.kind == "add":
            v = self.values["vector"].to(x.dtype)
            v = v[at] if v.dim() == 2 and v.shape[0] != len(at) else v
            return x + v * self.values.get("factor", 1.0)
        if self.kind == "set":
            v = self.values["vector"].to(x.dtype)
            v = v[at] if v.dim() == 2 and v.shape[0] != len(at) else v
            return v.expand_as(x)
        if self.kind == "noise":
            g = torch.Generator()
            g.manual_seed(self.values["seed"])
            noise = torch.randn(out.shape, generator=g).to(x.dtype)
            return x + noise[row, at, columns] * self.values["sd"]
        if self.kind == "project-out":
            v = self.values["vector"].to(x.dtype)
            v = v / v.norm()
            return x - (x * v).sum(-1, keepdim=True) * v
        if self.kind == "patch":
            source = self.values["source"][0]
            taken = indices(self.values["taken"], source.shape[0]) if "taken" in self.values else at
            if source.shape[1] == x.shape[-1]:  # the columns alone, perhaps of another point
                return source[taken]
            return source[taken][:, columns]
        if self.kind == "skip":
            return self.input[row, at, columns]
        raise ValueError(f"unknown kind of intervention {self.kind!r}")

    def hook(self, model):
        """Registers the hooks on a model and returns their handles."""
        if self.head is not None:  # a head gives its columns of what the output projection reads
            attention = module_at(model, self.point)
            projection = next(name for name in ("c_proj", "out_proj", "o_proj", "dense") if hasattr(attention, name))
            module = getattr(attention, projection)
            return [module.register_forward_pre_hook(lambda _m, inputs: (self(inputs[0], model), *inputs[1:]))]
        module = module_at(model, self.point)

        def before(_module, inputs):
            self.input = inputs[0].clone()

        def after(_module, _inputs, out):
            if isinstance(out, tuple):
                return (self(out[0], model), *out[1:])
            return self(out, model)

        handles = [module.register_forward_pre_hook(before)] if self.kind == "skip" else []
        return handles + [module.register_forward_hook(after)]


def run(model, ids, changes, capture=()):
    """Returns the logits [B,T,V] of ids [B,T] with the changes in place, and what was captured behind them."""
    captured, handles = {}, []

    def record(point):
        def hook(_module, _inputs, out):
            captured[point] = (out[0] if isinstance(out, tuple) else out).clone()

        return hook

    try:
        for change in changes:
            handles += change.hook(model)
        for point in capture:
            handles.append(module_at(model, point).register_forward_hook(record(point)))
        logits = model(ids, use_cache=False).logits
    finally:
        for handle in handles:
            handle.remove()
    return logits, captured


def intervene(model, ids, changes=(), capture=()):
    """One run of a batch of ids with changes: logits [B,T,V] and the captures [B,T,C]."""
    logits, captured = run(model, torch.tensor(ids), [Change(**c) for c in changes], capture)
    return {"logits": logits} | {"capture." + point: x for point, x in captured.items()}


def sweep(model, ids, variants, targets=(), pairs=()):
    """A notebook's loop over variants, each a list of changes, in front of which comes the clean run.

    Every metric has a row for each of the runs, the clean one first: logprob, prob, rank and logit
    [1+n,N] of the targets, entropy and kl (clean || run) [1+n], diff [1+n,pairs] of two targets'
    log-probabilities, at the last position; next_logprob [1+n,T-1] of the text's own words.
    """
    ids = torch.tensor([ids])
    T = ids.shape[1]
    columns, clean = {}, None
    for variant in [[], *variants]:
        logits = run(model, ids, [Change(**c) for c in variant])[0].float()
        x = logits[0, -1, :]
        l, p = torch.log_softmax(x, -1), torch.softmax(x, -1)
        clean = l if clean is None else clean
        found = {
            "last": x,
            "entropy": -(l.exp() * l).sum(-1),
            "kl": (clean.exp() * (clean - l)).sum(-1),
            "diff": torch.stack([l[a] - l[b] for a, b in pairs]) if pairs else torch.zeros(0),
            "next_logprob": torch.log_softmax(logits, -1)[0, :-1].gather(-1, ids[0, 1:, None])[:, 0] if T > 1 else torch.zeros(0),
        }
        if targets:
            found["logprob"] = torch.stack([l[t] for t in targets])
            found["prob"] = torch.stack([p[t] for t in targets])
            found["logit"] = torch.stack([x[t] for t in targets])
            found["rank"] = torch.stack([1 + (x > x[t]).sum() if x[t] == x[t] else torch.tensor(len(x)) for t in targets])
        for name, value in found.items():
            columns.setdefault(name, []).append(value)
    return {name: torch.stack(rows) for name, rows in columns.items()}


def lens_diff(model, ids, point, factor, lens="notebook"):
    """KL(clean || changed) [R,T] of every row of a lens, a point scaled by a factor."""
    ids = torch.tensor([ids])
    clean, changed = exact.run(model, ids), exact.run(model, ids, [exact.Change("scale", point, factor)])
    rows = []
    before, after = exact.read_states(clean, lens, "resid"), exact.read_states(changed, lens, "resid")
    for row in before:
        last = row == len(before) - 1 and lens == "normed"  # the model's own output has been normed once
        l = [torch.log_softmax(model.lm_head(run.final) if last else exact.project(model, states[row], lens, row), -1) for run, states in ((clean, before), (changed, after))]
        rows.append((l[0].exp() * (l[0] - l[1])).sum(-1)[0])
    return {"kl": torch.stack(rows)}
