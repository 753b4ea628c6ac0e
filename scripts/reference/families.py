"""Small random models of every family, and where each family's class has its parts.

The configurations have what real ones have: heads that share keys and values,
stretched rotary positions, windows, tied heads, biases, odd widths of heads. Every
weight is random, so that no term of the forward pass can be left out unnoticed;
the stream grows from block to block, and two of its channels are far larger than
the rest.
"""

import math
from typing import NamedTuple

import torch
import transformers
from torch import nn

LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
MILLION = dict(rope_type="default", rope_theta=1e6)
HALF = dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5)
CONTEXT = 320


def configurations(C, heads, kv, inner, blocks):
    """Returns the configurations of a size by name; each is a class and its arguments."""
    most = dict(vocab_size=1009, hidden_size=C, num_hidden_layers=blocks, num_attention_heads=heads, intermediate_size=inner,
                max_position_embeddings=CONTEXT, bos_token_id=1007, eos_token_id=1008, pad_token_id=None)
    old = dict(vocab_size=1009, n_embd=C, n_layer=blocks, n_head=heads, n_inner=inner, n_positions=CONTEXT, bos_token_id=1007, eos_token_id=1008)
    opt = dict(vocab_size=1009, hidden_size=C, num_hidden_layers=blocks, num_attention_heads=heads, ffn_dim=inner,
               max_position_embeddings=CONTEXT, pad_token_id=1, bos_token_id=2, eos_token_id=2)
    shared = most | dict(num_key_value_heads=kv)
    gemma = shared | dict(head_dim=32, query_pre_attn_scalar=24, sliding_window=8, pad_token_id=0)
    windows = dict(use_sliding_window=True, sliding_window=8, max_window_layers=1)
    t = transformers
    return {
        "gpt2": (t.GPT2Config, old),
        "gpt2-by-block": (t.GPT2Config, old | dict(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True)),
        "gpt2-unscaled": (t.GPT2Config, old | dict(scale_attn_weights=False)),
        "phi": (t.PhiConfig, most | dict(rope_parameters=HALF)),
        "phi-shared": (t.PhiConfig, shared | dict(rope_parameters=HALF | dict(partial_rotary_factor=0.25), qk_layernorm=True)),
        "neox": (t.GPTNeoXConfig, most | dict(rotary_pct=0.25)),
        "neox-sequential": (t.GPTNeoXConfig, most | dict(rotary_pct=1.0, use_parallel_residual=False, attention_bias=False)),
        "llama2": (t.LlamaConfig, most),
        "llama3": (t.LlamaConfig, shared | dict(rope_parameters=LLAMA3, rms_norm_eps=1e-5, tie_word_embeddings=True)),
        "llama-linear": (t.LlamaConfig, most | dict(num_key_value_heads=1, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
        "llama-biased": (t.LlamaConfig, shared | dict(attention_bias=True, mlp_bias=True, head_dim=32)),
        "llama-wide": (t.LlamaConfig, shared | dict(head_dim=288)),
        "mistral": (t.MistralConfig, shared | dict(sliding_window=8)),
        "mistral-whole": (t.MistralConfig, shared | dict(sliding_window=None, rope_parameters=MILLION)),
        "qwen2": (t.Qwen2Config, shared | dict(tie_word_embeddings=True, rope_parameters=MILLION)),
        "qwen2-window": (t.Qwen2Config, shared | windows),
        "qwen3": (t.Qwen3Config, shared | dict(head_dim=32, tie_word_embeddings=True, rope_parameters=MILLION)),
        "opt": (t.OPTConfig, opt | dict(word_embed_proj_dim=C)),
        "opt-projected": (t.OPTConfig, opt | dict(word_embed_proj_dim=C // 2, do_layer_norm_before=False)),
        "gptj": (t.GPTJConfig, old | dict(rotary_dim=8)),
        "gptneo": (t.GPTNeoConfig, dict(vocab_size=1009, hidden_size=C, num_layers=4, num_heads=heads, intermediate_size=inner,
                                        max_position_embeddings=CONTEXT, window_size=8, attention_types=[[["global", "local"], 2]],
                                        bos_token_id=1007, eos_token_id=1008)),
        "gemma2": (t.Gemma2Config, gemma | dict(num_hidden_layers=4, attn_logit_softcapping=50.0, final_logit_softcapping=30.0)),
        "gemma3": (t.Gemma3TextConfig, gemma | dict(num_hidden_layers=7)),
    }


SIZES = {"96": dict(C=96, heads=6, kv=2, inner=256, blocks=3), "480": dict(C=480, heads=6, kv=2, inner=1000, blocks=3)}
LARGE = {"phi-1.5": (transformers.PhiConfig, {})}  # the class's defaults are that model
PRESETS = list(LARGE) + [f"{name}-{size}" for size, sizes in SIZES.items() for name in configurations(**sizes)]


def make(preset, folder, seed, dtype, shard_size, changes):
    """Writes a random model of the preset, such as "llama3-96", as transformers saves it."""
    name, _, size = preset.rpartition("-")
    kind, arguments = LARGE.get(preset) or configurations(**SIZES[size])[name]
    model = transformers.AutoModelForCausalLM.from_config(kind(**(arguments | changes)), dtype=torch.float32)
    fill(model, seed)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard_size or "10GB")


def fill(model, seed):
    """Gives every parameter of a model random values, in the order of their names."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda p, std, mean=0.0: p.data.normal_(mean, std, generator=generator)
    where = parts(model)
    blocks = list(where.blocks)
    writes = {}  # the products that are added to the stream, and how large their outputs are
    for i, block in enumerate(blocks):
        linears = [m for n, m in block.named_modules() if n.split(".")[-1] in ("o_proj", "dense", "out_proj", "c_proj", "down_proj", "fc2", "fc_out", "dense_4h_to_h")]
        writes |= {m: 0.3 + 0.9 * i / len(blocks) for m in linears}
    for _, module in sorted(model.named_modules()):
        if isinstance(module, nn.Embedding):
            normal(module.weight, 2.4 / math.sqrt(module.weight.shape[1]))
        elif isinstance(module, (nn.Linear, transformers.pytorch_utils.Conv1D)):
            gain = writes.get(module, 2.0)
            fan = module.weight.shape[1 if isinstance(module, nn.Linear) else 0]
            normal(module.weight, gain / math.sqrt(fan))
            if module.bias is not None:
                normal(module.bias, 0.1 * gain)
        elif "norm" in type(module).__name__.lower():
            normal(module.weight, 0.15, mean=0.0 if "gemma" in type(module).__name__.lower() else 0.6)
            if getattr(module, "bias", None) is not None:
                normal(module.bias, 0.1)
    model.tie_weights()
    for block in blocks[:2]:  # two channels of the stream are far larger than the rest
        last = [m for m in block.modules() if m in writes][-1]
        rows = last.weight.data if isinstance(last, nn.Linear) else last.weight.data.T
        rows[[rows.shape[0] // 3, rows.shape[0] // 2]] *= 6.0


class Parts(NamedTuple):
    """Where a model of any family has what a lens reads."""

    trunk: nn.Module  # the module that holds the blocks
    blocks: nn.ModuleList
    attn: str  # within a block: what attention adds to the stream
    mid: str  # within a block: what reads the stream behind that addition; "" where nothing does
    mlp: str  # within a block: what the MLP adds
    final: nn.Module  # the norm of the last state; None where there is none


PARTS = {  # by model_type: trunk, blocks, attn, mid, mlp, final
    "gpt2": ("transformer", "h", "attn", "ln_2", "mlp", "ln_f"),
    "phi": ("model", "layers", "self_attn", "", "mlp", "final_layernorm"),
    "gpt_neox": ("gpt_neox", "layers", "attention", "", "mlp", "final_layer_norm"),
    "llama": ("model", "layers", "self_attn", "post_attention_layernorm", "mlp", "norm"),
    "opt": ("model.decoder", "layers", "self_attn", "", "fc2", "final_layer_norm"),
    "gptj": ("transformer", "h", "attn", "", "mlp", "ln_f"),
    "gpt_neo": ("transformer", "h", "attn", "ln_2", "mlp", "ln_f"),
    "gemma2": ("model", "layers", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm", "norm"),
}
PARTS |= {name: PARTS["llama"] for name in ("mistral", "qwen2", "qwen3")} | {"gemma3_text": PARTS["gemma2"]}


def parts(model):
    """Returns a model's Parts."""
    trunk, blocks, attn, mid, mlp, final = PARTS[model.config.model_type]
    if model.config.model_type == "gpt_neox" and not model.config.use_parallel_residual:
        mid = "post_attention_layernorm"
    trunk = model.get_submodule(trunk)
    return Parts(trunk, getattr(trunk, blocks), attn, mid, mlp, getattr(trunk, final))


def head(model, x):
    """Returns the logits [1,T,V] of a state [1,T,C], as the model makes them of its last one."""
    trunk = parts(model).trunk
    if getattr(trunk, "project_out", None) is not None:
        x = trunk.project_out(x)
    x = model.get_output_embeddings()(x)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return x if cap is None else torch.tanh(x / cap) * cap
