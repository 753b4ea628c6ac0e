#!/usr/bin/env bash
# usage: setup.sh [env]
#
# Finds libtorch, or fetches it into .venv, and writes torch/libtorch_local.go,
# after which go build and go test need no environment. With "env" it prints the
# environment for go build -tags libtorch_env instead. It repeats nothing that is
# done already. docs/setup.md says where it looks, and in which order.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

goal=${1:-write}
tell() { if [ "$goal" = env ]; then cat; else cat >&2; fi; }

scripts/setup/tools.sh
status=0
said=$(libtorch -outside -version "${TORCH_VERSION:-}" "$goal" 2>&1) || status=$?
case $status in
0) [ -z "$said" ] || tell <<<"$said" ;;
3) # none but the project's own; it says what was passed over
	[ -z "$said" ] || say "$said"
	scripts/setup/venv.sh run .venv
	libtorch -version "${TORCH_VERSION:-$torch_default}" "$goal" | tell
	;;
*) die "${said#libtorch: }" ;;
esac
