"""The format's own Python library, for the Go tests of this folder.

    oracle.py read DIR    a line of JSON for each file of DIR: is it accepted, and what does it hold
    oracle.py write FILE  writes the tensors that standard input describes
    oracle.py fixture DIR writes small.safetensors and prints its digest
    oracle.py digest FILE prints the digest of a file
"""
import ctypes
import hashlib
import json
import os
import struct
import sys

import safetensors

# safetensors.serialize takes PyTorch's names of the types.
TORCH = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
         "I64": "int64", "U8": "uint8", "BOOL": "bool"}


def read(folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        try:
            tensors = {n: [t["dtype"], list(t["shape"]), hashlib.sha256(t["data"]).hexdigest()]
                       for n, t in safetensors.deserialize(data)}
            answer = {"file": name, "ok": True, "tensors": tensors}
        except Exception as e:
            answer = {"file": name, "ok": False, "error": str(e)}
        print(json.dumps(answer))


def serialize(tensors, metadata):
    buffers = {n: ctypes.create_string_buffer(b, max(len(b), 1)) for n, (_, _, b) in tensors.items()}
    return safetensors.serialize({
        n: safetensors.TensorSpec(dtype=TORCH[d], shape=s, data_ptr=ctypes.addressof(buffers[n]), data_len=len(b))
        for n, (d, s, b) in tensors.items()}, metadata)


def write(path):
    spec = json.load(sys.stdin)
    tensors = {n: (d, s, bytes.fromhex(h)) for n, (d, s, h) in spec["tensors"].items()}
    with open(path, "wb") as f:
        f.write(serialize(tensors, spec.get("metadata")))


def digest(tensors):
    """The digest as the doc comment of Set.Digest defines it."""
    h = hashlib.sha256()
    q = lambda n: struct.pack("<q", n)
    for name in sorted(tensors, key=lambda n: n.encode()):
        dtype, shape, data = tensors[name]
        h.update(q(len(name.encode())) + name.encode() + q(len(dtype)) + dtype.encode() + q(len(shape)))
        h.update(b"".join(q(d) for d in shape) + q(len(data)))
        for at in range(0, len(data), 16 << 20):
            h.update(hashlib.sha256(data[at:at + (16 << 20)]).digest())
    return h.hexdigest()


def digest_file(path):
    with open(path, "rb") as f:
        print(digest({n: (t["dtype"], list(t["shape"]), bytes(t["data"])) for n, t in safetensors.deserialize(f.read())}))


def fixture(folder):
    tensors = {
        "wte.weight": ("F32", [3, 2], struct.pack("<6f", 0.5, -1.5, 2.25, 1e-20, float("inf"), -0.0)),
        "h.0.half": ("F16", [3], struct.pack("<3e", 1.0, -2.5, 65504.0)),
        "h.0.brain": ("BF16", [2, 1], bytes.fromhex("803f20c0")),  # 1.0, -2.5
        "scalar": ("F64", [], struct.pack("<d", 3.25)),
        "nothing": ("I64", [0, 7], b""),
        "mask": ("BOOL", [1, 3], b"\x01\x00\x01"),
        "naïve \"name\"\n": ("U8", [1], b"\x2a"),
    }
    with open(os.path.join(folder, "small.safetensors"), "wb") as f:
        f.write(serialize(tensors, {"format": "pt"}))
    print(digest(tensors))


if __name__ == "__main__":
    {"read": read, "write": write, "fixture": fixture, "digest": digest_file}[sys.argv[1]](sys.argv[2])
