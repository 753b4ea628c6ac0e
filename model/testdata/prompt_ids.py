"""Prints the ids that transformers gives each text of a JSON list, without what the
tokenizer puts around it and with it."""

import json
import sys

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
json.dump([[tokenizer(text, add_special_tokens=special).input_ids for special in (False, True)] for text in json.load(sys.stdin)], sys.stdout)
