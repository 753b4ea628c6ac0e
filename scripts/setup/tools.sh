#!/usr/bin/env bash
# Checks the tools that building golens needs, and names the Debian or Ubuntu
# package of each one that is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

[ "$(uname -s)" = Linux ] || die "golens is built on Linux; this is $(uname -s)"

need_go=$(awk '$1 == "go" { print $2 }' go.mod)
go_remedy="install Go $need_go or newer (https://go.dev/dl, or the package golang-go where it is new enough; any Go from 1.21 on fetches the newer one by itself unless GOTOOLCHAIN=local)"
command -v go >/dev/null || die "go not found: $go_remedy"
have_go=$(go env GOVERSION 2>&1) || die "go does not run here: $have_go: $go_remedy"
have_go=${have_go#go}
[ "$(printf '%s\n' "$need_go" "${have_go%%[- ]*}" | sort -V | head -n 1)" = "$need_go" ] ||
	die "go $have_go is too old: $go_remedy"

for tool in "CC gcc" "CXX g++"; do
	read -r variable package <<<"$tool"
	command=$(go env "$variable")
	command -v "${command%% *}" >/dev/null ||
		die "${command%% *} not found: apt install $package (or set $variable to your compiler)"
done
[ "$(go env CGO_ENABLED)" = 1 ] || die "cgo is switched off (CGO_ENABLED=0), and golens links with C++: unset it"
cxx=$(go env CXX)
# shellcheck disable=SC2086 # CXX may carry flags
if ! out=$($cxx -std=c++20 -x c++ -fsyntax-only - <<<'#include <concepts>' 2>&1); then
	say "$out"
	die "$cxx does not compile C++20: apt install g++ libc6-dev, version 10 or newer"
fi
