"""Files of torch.save, for the Go tests of this folder, and what Python reads in them.

    write.py OUT    writes files into OUT and prints, for each, what
                    torch.load(weights_only=True) reads: names, types, shapes, SHA-256
"""
import collections
import hashlib
import json
import os
import pickle
import sys

import torch

out = sys.argv[1]
torch.manual_seed(7)
types = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def described(path):
    read = torch.load(path, map_location="cpu", weights_only=True)
    return {name: {"dtype": types[t.dtype], "shape": list(t.shape),
                   "sha256": hashlib.sha256(t.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b"").hexdigest()}
            for name, t in read.items()}


base = torch.randn(60, 8)
wide = torch.arange(4096, dtype=torch.float32)
states = {
    "plain": collections.OrderedDict(a=torch.randn(3, 5), b=torch.randn(7), scalar=torch.tensor(2.5), empty=torch.zeros(0, 4)),
    "types": {str(d): (torch.randn(5, 3) * 40).to(d) for d in types},
    "tied": (lambda w: collections.OrderedDict([("wte.weight", w), ("lm_head.weight", w), ("rows", w[10:20]), ("row", w[3])]))(base),
    "strides": {"t": base.t(), "every": wide[::3], "part": base[:, 2:5], "perm": torch.randn(2, 3, 4).permute(2, 0, 1), "one": torch.randn(1, 6).t(), "flat": wide[100:200].reshape(10, 10).t()},
    "parameter": {"p": torch.nn.Parameter(torch.randn(4)), "buffer": torch.tril(torch.ones(9, 9, dtype=torch.uint8)).view(1, 1, 9, 9)},
    "dict": {"x": torch.ones(2)},
    "module": torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4)).state_dict(),
    "unicode": {"gewicht.ä.权重": torch.ones(3), "": torch.zeros(2)},
    "many": {f"layer.{i}.weight": torch.full((i % 5 + 1,), float(i)) for i in range(1500)},
}
answer = {}
for name, state in states.items():
    for form, new in (("zip", True), ("legacy", False)):
        path = os.path.join(out, f"{name}-{form}.bin")
        torch.save(state, path, _use_new_zipfile_serialization=new)
        answer[os.path.basename(path)] = described(path)


class Attack:
    def __reduce__(self):
        return os.system, ("touch " + os.path.join(out, "attacked"),)


class Evil(collections.OrderedDict):
    pass


refused = {
    "system": {"a": torch.ones(1), "b": Attack()},
    "list": [torch.ones(1)],
    "tensor": torch.ones(1),
    "number": {"a": torch.ones(1), "epoch": 3},
    "training": {"epoch": 3, "state_dict": {"a": torch.ones(1)}},
    "keys": {1: torch.ones(1)},
    "whole": torch.nn.Linear(2, 2),
    "sparse": {"a": torch.eye(3).to_sparse()},
    "quantized": {"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)},
    "complex": {"a": torch.ones(2, dtype=torch.complex64)},
    "float8": {"a": torch.ones(2).to(torch.float8_e4m3fn)},
    "negative": {"a": torch.ones(2, dtype=torch.complex64).conj().imag},
    "expanded": {"a": torch.ones(1).expand(100)},
}
for name, state in refused.items():
    for form, new in (("zip", True), ("legacy", False)):
        try:
            torch.save(state, os.path.join(out, f"no-{name}-{form}.bin"), _use_new_zipfile_serialization=new)
        except Exception as e:
            os.unlink(os.path.join(out, f"no-{name}-{form}.bin"))
for protocol in (3, 4):
    torch.save({"a": torch.ones(1)}, os.path.join(out, f"no-protocol{protocol}-zip.bin"), pickle_protocol=protocol)
with open(os.path.join(out, "no-pickle-zip.bin"), "wb") as f:
    pickle.dump({"a": [1.0]}, f, protocol=2)
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), os.path.join(out, "no-script-zip.bin"))
print(json.dumps(answer))
