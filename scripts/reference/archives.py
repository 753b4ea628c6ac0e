"""TorchScript archives as users make them, and what PyTorch makes of an archive."""

import warnings

import torch
from torch import nn

import export_gpt2
from reference import exact


class Wrapper(nn.Module):
    """What people write round a model to have it traced."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        return self.model(ids).logits


class Biased(nn.Module):
    """A small model of its own kind: other names, a head with a bias, a tuple of results."""

    def __init__(self, V=31, C=8, L=2):
        super().__init__()
        self.tokens, self.start = nn.Embedding(V, C), nn.Identity()
        self.stack = nn.ModuleList(nn.Sequential(nn.Linear(C, C), nn.Tanh()) for _ in range(L))
        self.last, self.out = nn.LayerNorm(C), nn.Linear(C, V)

    def forward(self, ids):
        x = self.start(self.tokens(ids))
        for part in self.stack:
            x = x + part(x)
        return self.out(self.last(x)), x


class Doubled(nn.Module):
    """A model that does something to its logits behind the head."""

    def __init__(self, model):
        super().__init__()
        self.transformer, self.lm_head = model.transformer, model.lm_head

    def forward(self, ids):
        return 2.0 * self.lm_head(self.transformer(ids))


def make(kind, out, model=None, attention="sdpa"):
    """Writes an archive of a kind to out.

    trace, script: export_gpt2.py's, with sidecar. The rest has none: dict (a trace
    of transformers' model as it is), wrapped (a trace of it in a module), plain (a
    scripted one), biased, doubled, frozen, optimized, half, state (torch.save).
    """
    if kind in ("trace", "script"):
        return export_gpt2.main([model, out, "--attention", attention, "--method", kind])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "biased":
            torch.manual_seed(1)
            return torch.jit.script(Biased().eval()).save(out)
        source = exact.load(model, attention)
        source.config.use_cache = False
        ids = torch.arange(5)[None]
        if kind == "state":
            return torch.save(source.state_dict(), out)
        if kind == "dict":
            return torch.jit.trace(source, (ids,), strict=False).save(out)
        if kind == "wrapped":
            return torch.jit.trace(Wrapper(source).eval(), (ids,)).save(out)
        plain = export_gpt2.Plain(source, attention == "eager").eval()
        if kind == "half":
            return torch.jit.script(plain.half()).save(out)
        if kind == "doubled":
            return torch.jit.script(Doubled(plain).eval()).save(out)
        scripted = torch.jit.script(plain)
        if kind == "frozen":
            scripted = torch.jit.freeze(scripted)
        elif kind == "optimized":
            scripted = torch.jit.optimize_for_inference(scripted)
        elif kind != "plain":
            raise ValueError(f"no kind of archive is called {kind!r}")
        scripted.save(out)


def run(path, ids):
    """Returns the logits [T,V] of an archive in PyTorch, with the graph optimizer off."""
    optimize = torch._C._get_graph_executor_optimize()
    torch._C._set_graph_executor_optimize(False)
    try:
        with torch.inference_mode():
            out = torch.jit.load(path)(torch.tensor([ids]))
    finally:
        torch._C._set_graph_executor_optimize(optimize)
    while not isinstance(out, torch.Tensor):
        out = next(iter(out.values())) if isinstance(out, dict) else out[0]
    return {"logits": out[0]}
