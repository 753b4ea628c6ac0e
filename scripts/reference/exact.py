"""The definitions of golens' exact mode in PyTorch: which states, which products, which statistics.

Everything is written as a notebook would write it, since the order and shapes of
the operations decide the bits. B, T, C, V and L are batch (always 1), tokens,
width, vocabulary and blocks.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForCausalLM

from reference import families

LENSES = ("notebook", "raw", "normed", "affine")
PLACES = ("resid", "resid_mid", "attn", "mlp")


# The model and its run


def load(folder, attention="sdpa", dtype="float32", aligned=False):
    """Returns the model of a folder in eval mode, its weights converted to dtype.

    Weights stay where the mapped file has them, on any multiple of their size, or
    are brought to 64-byte boundaries (aligned), where torch.jit.load puts them:
    on some CPUs the product of a single row depends on that.
    """
    if not (Path(folder) / "config.json").is_file():
        raise ValueError(f"no config.json in {folder}")
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, dtype), attn_implementation=attention, local_files_only=True, output_loading_info=True
    )
    if missing := sorted(report["missing_keys"]):  # transformers makes them up
        raise ValueError(f"weights missing in {folder}: {', '.join(missing)}")
    if aligned:
        for p in model.parameters():
            p.data = p.data.clone()
    return model.eval()


def module_at(model, point):
    """Returns the module of a dotted path, with or without a leading "transformer." or "model."."""
    names = dict(model.named_modules())
    trunk = families.parts(model).trunk
    prefix = next(name for name, module in names.items() if module is trunk) + "."
    for name in (point, prefix + point):
        if point and name in names and not isinstance(names[name], (torch.nn.ModuleList, type(trunk))):
            return names[name]
    raise ValueError(f"no module {point!r} in the model")


class Change(NamedTuple):
    """An intervention: what becomes of the output of the module at a point."""

    kind: str  # scale, zero, add or set
    point: str
    value: object = None  # a factor for scale; a tensor that broadcasts to the output for add and set

    def __call__(self, out):
        if self.kind == "scale":
            return out * self.value
        if self.kind == "zero":
            return torch.zeros_like(out)
        if self.kind == "add":
            return out + self.value.to(out.dtype)
        if self.kind == "set":
            return self.value.to(out.dtype).expand_as(out).clone()
        raise ValueError(f"unknown kind of intervention {self.kind!r}: want scale, zero, add or set")


class Run(NamedTuple):
    """What one forward pass left behind; every tensor is a copy, states are [1,T,C]."""

    embedding: torch.Tensor  # token + position embedding, as block 0 reads it
    resid: list  # each block's output
    resid_mid: list  # each block's residual stream after attention's add
    attn: list  # each attention module's output
    mlp: list  # each mlp module's output
    final: torch.Tensor  # the final norm of the last block's output
    logits: torch.Tensor  # [1,T,V] the model's own
    captured: dict  # point to the module's output
    hf_hidden: tuple  # output_hidden_states as transformers recorded them

    @property
    def hidden_states(self):
        """The L+1 states of a notebook: the last one is normed, the others are not."""
        return [self.embedding, *self.resid[:-1], self.final]


def run(model, ids, changes=(), capture=()):
    """Runs ids [1,T] with the changes in place.

    A change acts in a forward hook, before the state is recorded and before
    anything else reads it. States are recorded by hooks of our own that come after
    the changes, as published notebooks mean it. transformers records hidden_states
    by hooks too, registered at the first run that asks for them: a hook of the
    user's that came before is seen, one that came later is not, unless it changes
    the tensor in place.
    """
    handles, idle = [], set()

    def after(point, function):
        def hook(_module, _inputs, output):
            idle.discard(point)
            if isinstance(output, tuple):  # attention returns (output, weights)
                new = function(output[0])
                return None if new is None else (new, *output[1:])
            return function(output)

        idle.add(point)
        module = point if isinstance(point, torch.nn.Module) else module_at(model, point)
        handles.append(module.register_forward_hook(hook))

    def record(states):  # append returns None: the output stays
        return lambda out: states.append(out.clone() if out.dim() == 3 else out.clone()[None])  # OPT's MLP has [T,C]

    def record_input(module, states):
        hook = lambda _module, inputs: states.append(inputs[0].clone())
        handles.append(module.register_forward_pre_hook(hook))

    embedding, final, captured = [], [], {point: [] for point in capture}
    resid, resid_mid, attn, mlp = [], [], [], []
    try:
        for change in changes:
            after(change.point, change)
        for point, states in captured.items():
            after(point, record(states))
        where = families.parts(model)
        record_input(where.blocks[0], embedding)
        for block in where.blocks:
            after(block.get_submodule(where.attn), record(attn))
            if where.mid:
                record_input(block.get_submodule(where.mid), resid_mid)
            after(block.get_submodule(where.mlp), record(mlp))
            after(block, record(resid))
        if where.final is not None:
            after(where.final, record(final))
        output = model(ids, use_cache=False, output_hidden_states=True)
    finally:
        for handle in handles:
            handle.remove()
    if idle:
        raise ValueError(f"not called in a forward pass: {', '.join(sorted(map(str, idle)))}")
    captured = {point: states[0] for point, states in captured.items()}
    if where.final is None:
        final = resid[-1:]
    return Run(embedding[0], resid, resid_mid, attn, mlp, final[0], output.logits, captured, output.hidden_states)


# The lens


def read_states(run, lens, at):
    """Returns the rows a lens projects as {row: state [1,T,C]}.

    Row 0 is the embedding and row i the state after block i-1. Only the notebook
    lens has the last state normed. Places other than resid have no row 0.
    """
    if at != "resid":
        return dict(enumerate(getattr(run, at), start=1))
    if lens == "notebook":
        return dict(enumerate(run.hidden_states))
    return dict(enumerate([run.embedding, *run.resid]))


def affine(state, row):
    """Maps a state of a row as a test's lens of its own does, which is no lens of golens."""
    C = state.shape[-1]
    weight = 0.02 * torch.sin(torch.arange(C * C, dtype=torch.float32).view(C, C) + row)
    bias = 0.1 * torch.cos(torch.arange(C, dtype=torch.float32) + row)
    return state + torch.nn.functional.linear(state, weight, bias)


def project(model, state, lens, row):
    """Returns the logits [1,T,V] of one state [1,T,C] of a row; statistics are in float32 whatever the model is.

    The affine lens leaves the last row to the model, as the normed lens has it.
    """
    if lens == "affine" and row < len(families.parts(model).blocks):
        state = affine(state, row)
    if lens in ("normed", "affine"):
        state = families.parts(model).final(state)
    return families.head(model, state).float()


def top(x, k):
    """Returns the ids [1,T,k] of the k largest logits, equal logits by rising id.

    topk leaves the order among equals open, so it only finds the k-th value here.
    NaN counts as the largest, as in torch.sort.
    """
    smallest = x.topk(k).values[..., -1]
    rows = []
    for row, least in zip(x[0], smallest[0]):
        ids = (~(row < least)).nonzero()[:, 0]  # rising
        order = row[ids].sort(descending=True, stable=True).indices[:k]
        rows.append(ids[order])
    return torch.stack(rows)[None]


def statistics(x, final, k):
    """Returns one row's statistics [1,T] and [1,T,k] from its logits x; final is the model's own logits."""
    p = torch.softmax(x, -1)
    l = torch.log_softmax(x, -1)
    lf = torch.log_softmax(final, -1)
    ids = top(x, k)
    first, second = x.sort(-1, descending=True).values[..., :2].unbind(-1)
    return {
        "top_ids": ids,
        "top_logits": x.gather(-1, ids),
        "top_probs": p.gather(-1, ids),
        "margin": first - second,
        "entropy": -(l.exp() * l).sum(-1),
        "logsumexp": torch.logsumexp(x, -1),
        "kl": (lf.exp() * (lf - l)).sum(-1),
        "agree": (x.argmax(-1) == final.argmax(-1)) & ~x.isnan().any(-1) & ~final.isnan().any(-1),  # NaN agrees with nothing
    }


def target_statistics(x, ids):
    """Returns one row's statistics [1,T] of one target id at each position, ids [T]."""
    ids = ids.view(1, -1, 1)
    of_target = x.gather(-1, ids)
    return {
        "target_logprob": torch.log_softmax(x, -1).gather(-1, ids)[..., 0],
        "target_prob": torch.softmax(x, -1).gather(-1, ids)[..., 0],
        "target_rank": torch.where(of_target[..., 0].isnan(), x.shape[-1], 1 + (x > of_target).sum(-1)),  # NaN ranks last
        "in_top_10": (of_target >= x.where(~x.isnan(), x.new_tensor(-torch.inf)).topk(10).values[..., -1:])[..., 0].float(),  # 0 for NaN
        "target_ties": ((x == of_target).sum(-1) - 1).clamp(min=0),  # 0 for NaN, which equals nothing
    }


def next_targets(x, ids):
    """Statistics [T] of the text's own next token; the last position has none: NaN or 0."""
    found = target_statistics(x, torch.cat([ids[0, 1:], ids[0, :1]]))
    for array in found.values():
        array[..., -1] = float("nan") if array.is_floating_point() else 0
    return {name: array[0] for name, array in found.items()}


def word_targets(x, targets, positions):
    """Statistics [P,N] of N target ids at each of P positions."""
    each = [target_statistics(x, torch.full(x.shape[1:2], target)) for target in targets]
    return {name: torch.stack([found[name][0, positions] for found in each], -1) for name in each[0]}


def lens(model, ids, lens="notebook", at="resid", rows=None, positions=None, top=5, target=None,
         target_positions=None, changes=(), capture=(), logits=False, hf_hidden=False):
    """Returns the arrays of a logit lens of ids, R rows by P positions, by name.

    target is "next", a list of ids, or None. positions and target_positions count
    from the end where negative, and default to all and to the last.
    """
    ids = torch.tensor([ids])
    T = ids.shape[1]
    done = run(model, ids, changes, capture)
    states = read_states(done, lens, at)
    rows = list(states) if rows is None else rows
    if unknown := [row for row in rows if row not in states]:
        raise ValueError(f"rows {unknown} are not among {min(states)}..{max(states)}")
    positions = list(range(T)) if positions is None else positions
    target_positions = [T - 1] if target_positions is None else target_positions
    if outside := [p for p in positions + target_positions if not -T <= p < T]:
        raise ValueError(f"positions {outside} are outside the {T} tokens")

    final = done.logits.float()
    columns = {}  # name to one array a row
    for row in rows:  # one state at a time: a product's bits depend on its shape
        x = project(model, states[row], lens, row)
        found = {name: array[0, positions] for name, array in statistics(x, final, top).items()}
        if target == "next":
            found |= {name: array[positions] for name, array in next_targets(x, ids).items()}
        elif target is not None:
            found |= word_targets(x, target, target_positions)
        if logits:
            found["logits"] = x[0, positions]
        for name, array in found.items():
            columns.setdefault(name, []).append(array)

    arrays = {name: torch.stack(parts) for name, parts in columns.items()}
    arrays["ids"] = ids[0]
    arrays["rows"] = torch.tensor(rows)
    arrays["states"] = torch.cat([states[row] for row in rows])
    if target == "next":
        arrays["target_ids"] = torch.cat([ids[0, 1:], torch.tensor([-1])])[positions]
    elif target is not None:
        arrays["target_ids"] = torch.tensor(target)
        arrays["target_positions"] = torch.arange(T)[target_positions]
    if logits:
        arrays["model_logits"] = done.logits[0]
    return arrays | run_arrays(done, hf_hidden)


def forward(model, ids, changes=(), capture=(), hf_hidden=False):
    """Returns hidden [L+1,T,C], model_logits [T,V] and the captures of one run, without a lens."""
    ids = torch.tensor([ids])
    done = run(model, ids, changes, capture)
    return {"ids": ids[0], "model_logits": done.logits[0]} | run_arrays(done, hf_hidden)


def run_arrays(done, hf_hidden):
    arrays = {"hidden": torch.cat(done.hidden_states)}
    arrays |= {"capture." + point: state[0] for point, state in done.captured.items()}
    if hf_hidden:
        arrays["hf_hidden"] = torch.cat(done.hf_hidden)
    return arrays
