#!/usr/bin/env bash
# Checks the tools that building golens needs, and names the Debian or Ubuntu
# package of each one that is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

complete=yes
missing() { say "setup: $*"; complete=; }

[ "$(uname -s)" = Linux ] || die "golens is built on Linux; this is $(uname -s)"

need_go=$(awk '$1 == "go" { print $2 }' go.mod)
go_remedy="install Go $need_go or newer (https://go.dev/dl, or the package golang-go where that is new enough; any Go from 1.21 on fetches the newer one by itself unless GOTOOLCHAIN=local)"
if ! command -v go >/dev/null; then
	missing "go not found: $go_remedy"
elif ! have_go=$(go env GOVERSION 2>&1); then
	missing "go does not run here: $have_go: $go_remedy"
else
	have_go=${have_go#go}
	[ "$(printf '%s\n' "$need_go" "${have_go%%[- ]*}" | sort -V | head -n 1)" = "$need_go" ] ||
		missing "go $have_go is too old: $go_remedy"
fi

# compiler VARIABLE DEFAULT: the compiler that Go would call.
compiler() { go env "$1" 2>/dev/null || echo "${!1:-$2}"; }

for tool in "CC gcc" "CXX g++"; do
	read -r variable package <<<"$tool"
	command=$(compiler "$variable" "$package")
	command -v "${command%% *}" >/dev/null ||
		missing "${command%% *} not found: apt install $package (or set $variable to your compiler)"
done
if [ "$complete" ]; then
	[ "$(go env CGO_ENABLED)" = 1 ] || missing "cgo is switched off (CGO_ENABLED=0), and golens links with C++: unset it"
	cxx=$(compiler CXX g++)
	# shellcheck disable=SC2086 # CXX may carry flags
	if ! out=$($cxx -std=c++20 -x c++ -fsyntax-only - <<<'#include <concepts>' 2>&1); then
		missing "$cxx does not compile C++20: apt install g++ libc6-dev, version 10 or newer: $out"
	fi
fi
[ "$complete" ] || die "besides Go, all comes by: apt install make g++ python3 python3-venv"
