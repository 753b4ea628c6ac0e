#!/bin/sh
# Fetches small models from the real Hugging Face hub and looks whether golens and
# Python's huggingface_hub agree on them. It needs the internet, 600 MB of disk, and
# bin/golens (make build); GOLENS_PYTHON, or .venv after make test, for Python's part.
#
#   scripts/check_hub.sh            everything but gpt2's 548 MB
#   scripts/check_hub.sh --large    also a download that is interrupted and resumed
set -eu
cd "$(dirname "$0")/.."
golens=$PWD/bin/golens
python=${GOLENS_PYTHON:-$PWD/.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_HUB_CACHE HUGGINGFACE_HUB_CACHE
export HF_HOME="$work"
failed=0

# check WHAT COMMAND...: the command must succeed.
check() {
	what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok      $what"
	else
		echo "FAILED  $what"
		sed 's/^/        /' "$work/out"
		failed=1
	fi
}

# says WHAT TEXT COMMAND...: the command must fail with this text.
says() {
	what=$1 text=$2
	shift 2
	if "$@" >"$work/out" 2>&1; then
		echo "FAILED  $what: it succeeded"
		failed=1
	elif grep -qF -- "$text" "$work/out"; then
		echo "ok      $what"
	else
		echo "FAILED  $what: it does not say \"$text\""
		sed 's/^/        /' "$work/out"
		failed=1
	fi
}

offline() { HF_HUB_OFFLINE=1 "$@"; }

for model in sshleifer/tiny-gpt2 EleutherAI/pythia-14m; do
	check "$model is fetched" "$golens" model fetch "$model"
	check "$model runs without the network" offline "$golens" lens "The cat" --model "$model"
	if [ -x "$python" ]; then
		check "$model is found by huggingface_hub" offline "$python" -c \
			"import sys, huggingface_hub; print(huggingface_hub.snapshot_download(sys.argv[1], local_files_only=True))" "$model"
		check "$model has the hub's checksums" "$python" -c \
			"import sys, huggingface_hub; r = huggingface_hub.HfApi().verify_repo_checksums(sys.argv[1]); print(r); sys.exit(len(r.mismatches) > 0 or r.checked_count < 2)" "$model"
	fi
done
check "a name in another case" "$golens" tokens "The cat" --model SSHLEIFER/TINY-GPT2
check "a pull request's revision" "$golens" model fetch sshleifer/tiny-gpt2@refs/pr/2
check "an old name" "$golens" tokens "The cat" --model distilgpt2
says "no such model" "has no model" "$golens" model fetch golens-no-such-model-here
says "no such revision" "has no revision" "$golens" model fetch sshleifer/tiny-gpt2@no-such-branch
says "a gated model" "gated" env HF_HUB_DISABLE_IMPLICIT_TOKEN=1 "$golens" model fetch meta-llama/Llama-3.2-1B
says "a family that golens does not have" "its weights were not fetched" "$golens" model fetch google-bert/bert-base-uncased
check "the list" "$golens" model list
cat "$work/out"

if [ "${1:-}" = --large ]; then
	timeout -s INT 5 "$golens" model fetch gpt2 || true
	check "gpt2, interrupted after 5 s, is finished" "$golens" model fetch gpt2
	cat "$work/out"
	if [ -x "$python" ]; then
		check "gpt2 has the hub's checksums" "$python" -c \
			"import sys, huggingface_hub; r = huggingface_hub.HfApi().verify_repo_checksums('gpt2'); print(r); sys.exit(len(r.mismatches) > 0 or r.checked_count < 5)"
	fi
fi
exit $failed
