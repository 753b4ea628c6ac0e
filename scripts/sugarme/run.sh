#!/usr/bin/env bash
# Prints the table of docs/tokenizers.md: how many of 300 hard texts get wrong ids. It needs a
# Python with tokenizers (that of make test, unless PYTHON names another) and the network, for
# the module github.com/sugarme/tokenizer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-../../.venv/bin/python}" make.py "$folder"
GOWORK=off go run . "$folder"
