"""Generation in transformers, its states step by step, and the lens of each step.

A step's states have the step's own shape: [1,T,C] for the prompt, [1,1,C] for
every token behind it, whose keys and values transformers keeps.
"""

from types import SimpleNamespace

import torch
from transformers import AutoTokenizer, GenerationConfig, GenerationMixin

from .exact import module_at, project, statistics, target_statistics
from .families import parts as parts_of


def record(model, changes):
    """Sets hooks: the changes, and behind them what records states. Returns the records and the handles."""
    where = parts_of(model)
    embedding, blocks, final, handles = [], [[] for _ in where.blocks], [], []

    def after(point, function):
        def hook(_module, _inputs, output):
            if isinstance(output, tuple):  # attention returns (output, weights)
                return (function(output[0]), *output[1:])
            return function(output)

        module = point if isinstance(point, torch.nn.Module) else module_at(model, point)
        handles.append(module.register_forward_hook(hook))

    def keep(states):
        return lambda out: (states.append(out.clone()), out)[1]

    for change in changes:
        after(change.point, change)
    handles.append(where.blocks[0].register_forward_pre_hook(lambda _module, inputs: embedding.append(inputs[0].clone())))
    for block, states in zip(where.blocks, blocks):
        after(block, keep(states))
    if where.final is None:
        final = blocks[-1]
    else:
        after(where.final, keep(final))
    return (embedding, blocks, final), handles


def generate(model, ids, new=None, min_length=None, end_of_text=None, own_end=False, settings=None, lens="notebook", top=5, read=True, changes=()):
    """Returns what greedy generation of up to `new` tokens gives, n of them, and the lens of its steps.
    Settings are further arguments of generate; the folder's own hold besides.

        sequence [T+n], logits [n,V] of each step's last position, scores [n,V] as settings left them,
        hidden [L+1,T+n-1,C] as hidden_states; and, to be read, the statistics
        [R,T+n-1] and [R,T+n-1,K], and target_* [R,T+n-1] of the token that follows
    """
    prompt = torch.tensor([ids])
    T = prompt.shape[1]
    (embedding, blocks, final), handles = record(model, changes)
    options = dict(do_sample=False, pad_token_id=0) | (settings or {})
    if new is not None:
        options["max_new_tokens"] = new
    if min_length is not None:
        options["min_length"] = min_length
    if not own_end:
        options["eos_token_id"] = end_of_text
    if options.get("stop_strings") or model.generation_config.stop_strings:
        options["tokenizer"] = AutoTokenizer.from_pretrained(model.name_or_path)
    try:
        out = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), return_dict_in_generate=True,
            output_hidden_states=True, output_logits=True, output_scores=True, **options,
        )
    finally:
        for handle in handles:
            handle.remove()
    sequence = out.sequences[0]
    n = len(sequence) - T
    columns = {}
    for step in range(n):
        last = final[step]
        states = [embedding[step], *(states[step] for states in blocks[:-1]), last]
        theirs = out.hidden_states[step] if parts_of(model).final is not None else out.hidden_states[step][:-1]
        if not changes and not all(map(torch.equal, states, theirs)):
            raise ValueError(f"step {step}: the recorded states are not transformers' hidden_states")
        columns.setdefault("hidden", []).append(torch.cat(states))
        if not read:
            continue
        rows = states if lens == "notebook" else [embedding[step], *(states[step] for states in blocks)]
        own = project(model, last, "notebook", len(rows) - 1)
        first = 0 if step == 0 else T + step - 1
        following = sequence[first + 1 : T + step + 1]
        parts = {}
        for row, state in enumerate(rows):
            x = project(model, state, lens, row)
            found = statistics(x, own, top) | target_statistics(x, following)
            for name, array in found.items():
                parts.setdefault(name, []).append(array[0])
        for name, arrays in parts.items():
            columns.setdefault(name, []).append(torch.stack(arrays))
    joined = {name: torch.cat(arrays, dim=1) for name, arrays in columns.items()}
    return {"sequence": sequence, "logits": torch.cat(out.logits), "scores": torch.cat(out.scores), **joined}


def scores(logits, ids, prompt, settings):
    """Returns what generate's processors make of logits [V] behind a text `ids`, the first `prompt` of them given,
    which tokens [V] it would draw from, and their probabilities."""
    whole = ("temperature", "repetition_penalty", "encoder_repetition_penalty")  # JSON from Go has 2 for 2.0
    config = GenerationConfig(**settings | {name: float(settings[name]) for name in whole if name in settings})
    config.update(**config._get_default_generation_params(), defaults_only=True)
    if config.eos_token_id is not None:
        config._eos_token_tensor = torch.tensor(config.eos_token_id).reshape(-1)
    else:
        config._eos_token_tensor = None
    model = SimpleNamespace(config=SimpleNamespace(is_encoder_decoder=False), _merge_criteria_processor_list=lambda own, others: own)
    text = torch.tensor([ids])
    processors = GenerationMixin._get_logits_processor(
        model, generation_config=config, input_ids_seq_length=prompt, encoder_input_ids=text[:, :prompt], device="cpu"
    )
    x = processors(text, torch.tensor([[float(value) for value in logits]]))
    return {"scores": x[0], "support": torch.isfinite(x[0]), "probs": torch.softmax(x[0], -1)}
