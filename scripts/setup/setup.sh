#!/usr/bin/env bash
# Finds libtorch, or fetches it into .venv, builds bin/golens, and has it build the shim for
# that libtorch. It repeats nothing that is done already. docs/setup.md says where it looks,
# and in which order.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

scripts/setup/tools.sh
status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dir=$(libtorch -outside -version "${TORCH_VERSION:-}" dir 2>"$log") || status=$?
case $status in
0) ;;
3) # none but the project's own
	scripts/setup/venv.sh run .venv
	dir=$(libtorch -version "${TORCH_VERSION:-$torch_default}" dir)
	;;
*) die "$(sed 's/^libtorch: //' "$log")" ;;
esac
say "building bin/golens (its kernels take a minute or three, the first time)"
go build -o bin/golens ./cmd/golens
bin/golens setup --libtorch "$dir" >/dev/null
