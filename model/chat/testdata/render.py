"""Renders conversations with chat templates as transformers does.

Reads a list in JSON of objects with template, tokens, messages and whole; prints a list
of objects with Text, or with Error, what the template refused.
"""

import json
import sys

from jinja2.exceptions import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

out = []
for x in json.load(sys.stdin):
    try:
        texts, _ = render_jinja_template(
            [x["messages"]], chat_template=x["template"], add_generation_prompt=not x["whole"], tools=None, documents=None, **x["tokens"]
        )
        out.append({"Text": texts[0]})
    except (TemplateError, TypeError, ValueError) as e:
        out.append({"Error": str(e)})
print(json.dumps(out))
