"""transformers' GPT2Config, for the Go tests of this folder.

Reads a JSON list of config texts on standard input and prints for each a line
of JSON: the fields of the config that the text makes and the size of its
model, or null if transformers refuses it.
"""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

from transformers import GPT2Config, GPT2LMHeadModel
import torch

for text in json.load(sys.stdin):
    try:
        c = GPT2Config.from_dict(json.loads(text))
        with torch.device("meta"):
            model = GPT2LMHeadModel(c)
    except Exception:
        print("null")
        continue
    eos = c.eos_token_id
    print(json.dumps({
        "Vocab": c.vocab_size, "Context": c.n_positions, "Width": c.n_embd, "Blocks": c.n_layer, "Heads": c.n_head,
        "Inner": c.n_inner if c.n_inner is not None else 4 * c.n_embd, "Eps": c.layer_norm_epsilon,
        "Activation": c.activation_function, "Tied": c.tie_word_embeddings,
        "DType": "" if c.dtype is None else str(c.dtype).removeprefix("torch."),
        "BOS": -1 if c.bos_token_id is None else c.bos_token_id,
        "EOS": None if eos is None else eos if isinstance(eos, list) else [eos],
        "Parameters": sum(p.numel() for p in model.parameters()),
        "Scaled": [c.scale_attn_weights, c.scale_attn_by_inverse_layer_idx, c.reorder_and_upcast_attn, c.add_cross_attention],
    }))
