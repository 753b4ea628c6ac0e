"""transformers' configurations of every family, for the Go tests of this folder.

Reads a JSON list of config texts on standard input and prints for each a line of
JSON: the numbers that a model is built from, and how many parameters it has.
"""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM


def rope(p, head_dim):
    if not p:
        return None
    old = p.get("original_max_position_embeddings", 0)
    return {"Theta": p["rope_theta"], "Dim": int(head_dim * p.get("partial_rotary_factor", 1.0)), "Type": p["rope_type"], "Factor": p.get("factor", 0),
            "Low": p.get("low_freq_factor", 0), "High": p.get("high_freq_factor", 0), "Original": old if p["rope_type"] == "llama3" else 0}


for text in json.load(sys.stdin):
    fields = json.loads(text)
    c = CONFIG_MAPPING[fields["model_type"]].from_dict(fields)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(c)
    get = lambda *names: next((getattr(c, n) for n in names if getattr(c, n, None) is not None), None)
    heads, width, eos = c.num_attention_heads, c.hidden_size, c.eos_token_id
    head_dim = get("head_dim") or width // heads
    ropes = get("rope_parameters") or {}
    nested = "full_attention" in ropes
    kinds = get("layer_types", "attention_layers")
    if kinds is None and c.model_type == "mistral":
        kinds = ["sliding_attention" if c.sliding_window else "full_attention"] * c.num_hidden_layers
    windowed = [k in ("sliding_attention", "local") for k in kinds or []]
    print(json.dumps({
        "Vocab": c.vocab_size, "Context": c.max_position_embeddings, "Width": width, "Blocks": c.num_hidden_layers, "Heads": heads,
        "Inner": get("intermediate_size", "ffn_dim", "n_inner") or 4 * width,
        "Eps": get("layer_norm_eps", "rms_norm_eps", "layer_norm_epsilon") or 1e-5,
        "Activation": get("hidden_activation", "hidden_act", "activation_function"), "Tied": c.tie_word_embeddings,
        "DType": "" if c.dtype is None else str(c.dtype).removeprefix("torch."),
        "BOS": -1 if c.bos_token_id is None else c.bos_token_id, "EOS": None if eos is None else eos if isinstance(eos, list) else [eos],
        "Parameters": sum(p.numel() for p in model.parameters()), "HeadDim": head_dim, "KVHeads": get("num_key_value_heads") or heads,
        "Window": get("sliding_window", "window_size") or 0, "Windowed": windowed if any(windowed) else None,
        "Rope": rope(ropes["full_attention"] if nested else ropes, head_dim), "LocalRope": rope(ropes["sliding_attention"], head_dim) if nested else None,
    }))
