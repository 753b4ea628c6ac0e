#!/usr/bin/env bash
# Finds libtorch, or fetches it into .venv, and writes torch/libtorch_local.go,
# after which go build and go test need no environment. Repeats nothing that is
# done already. docs/setup.md says where it looks, and in which order.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

scripts/setup/tools.sh
status=0
said=$(libtorch -outside -version "${TORCH_VERSION:-}" write 2>&1) || status=$?
case $status in
0) [ -z "$said" ] || say "$said" ;;
3) # none but the project's own; it says what was passed over
	[ -z "$said" ] || say "$said"
	scripts/setup/venv.sh run .venv
	libtorch -version "${TORCH_VERSION:-$torch_default}" write >&2
	;;
*) die "${said#libtorch: }" ;;
esac
