"""Prints the token ids of conversations as transformers' tokenizer of a folder makes them.

usage: chat.py FOLDER; reads a list in JSON of objects with messages and whole.
"""

import json
import sys

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
out = []
for x in json.load(sys.stdin):
    ids = tokenizer.apply_chat_template(x["messages"], add_generation_prompt=not x["whole"], tokenize=True, return_dict=False)
    out.append(ids)
print(json.dumps(out))
