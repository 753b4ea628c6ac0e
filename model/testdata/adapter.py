"""Writes random LoRA adapters of models, and the models with them merged by peft.

usage: adapter.py OUT WORK, where WORK is a list in JSON of objects with base (a folder),
lora (arguments of LoraConfig), stored (the type of the adapter's file) and dtypes (what
the model is merged in). Work i leaves OUT/i/adapter and OUT/i/merged-DTYPE.
"""

import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
torch.manual_seed(7)
for i, work in enumerate(json.loads(sys.argv[2])):
    out = Path(sys.argv[1]) / str(i)
    plain = transformers.AutoModelForCausalLM.from_pretrained(work["base"], dtype=torch.float32)
    model = peft.get_peft_model(plain, peft.LoraConfig(task_type="CAUSAL_LM", **work["lora"]))
    for name, p in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(p, std=0.2)
    model.save_pretrained(out / "adapter")
    path = out / "adapter" / "adapter_model.safetensors"
    save_file({k: v.to(getattr(torch, work["stored"])) for k, v in load_file(path).items()}, path, {"format": "pt"})
    for dtype in work["dtypes"]:
        base = transformers.AutoModelForCausalLM.from_pretrained(work["base"], dtype=getattr(torch, dtype))
        peft.PeftModel.from_pretrained(base, out / "adapter").merge_and_unload().save_pretrained(out / f"merged-{dtype}")
