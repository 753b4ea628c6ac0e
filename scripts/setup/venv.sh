#!/usr/bin/env bash
# usage: venv.sh run|test DIR
#
# Makes DIR a Python environment with libtorch, or completes it.
#   run   the torch wheel and the two CUDA libraries that libtorch_cpu.so cannot
#         be loaded without: all that golens itself needs. Python cannot import it.
#   test  torch with everything it needs, and scripts/requirements.txt.
# TORCH_VERSION chooses torch's version; PIP_TORCH_ARGS goes to the pip command
# that fetches it (such as --index-url of a CPU-only build; empty keeps the build
# that is there).
#
# A stamp in DIR says what was completed and is written last, so that a first
# try that was cut off is noticed: what is whole is kept, the rest made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

kind=$1 venv=$2
version=${TORCH_VERSION:-$torch_default}
args=${PIP_TORCH_ARGS:-}
requirements=scripts/requirements.txt
python=$venv/bin/python
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX # which would lead out of DIR
export PIP_USER=0

# stamped KIND: whether DIR is stamped with what is asked for now.
stamped() {
	local torch reqs
	[ -f "$venv/.golens-$1" ] && same_build || return 1
	IFS='|' read -r torch reqs <"$venv/.golens-$1" || return 1
	[ "$torch" = "$version" ] && loadable 2>/dev/null || return 1
	[[ $1 = run || ( $reqs = "$(requirements_id)" && -x $python ) ]]
}

stamp() { printf '%s|%s\n' "$version" "$(requirements_id)" >"$venv/.golens-$1"; }

# same_build: whether the torch in DIR was fetched with these PIP_TORCH_ARGS.
same_build() { [ -z "$args" ] || [ "$(cat "$venv/.golens-build" 2>/dev/null)" = "$args" ]; }

requirements_id() { sha256sum "$requirements" | cut -c 1-16; }

# base_python prints an interpreter that can make an environment.
base_python() {
	local name found=
	for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
		"$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
		found=$name
		if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
			echo "$name"
			return
		fi
	done
	[ -z "$found" ] || die "$found cannot make environments: apt install python3-venv (for a Python beside the system's: $("$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'))"
	command -v python3 >/dev/null || die "python3 not found: apt install python3 python3-venv"
	die "$(python3 --version 2>&1) does not serve, torch needs Python 3.10 or newer: apt install python3 python3-venv"
}

# make_venv leaves an environment whose pip runs.
make_venv() {
	local making=$venv/.golens-making # there until the environment is whole
	if [ ! -e "$making" ] && "$python" -c '' 2>/dev/null; then
		"$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >&2 && return
	fi
	local base
	base=$(base_python)
	if [ -e "$making" ] || [ -f "$venv/pyvenv.cfg" ]; then
		rm -rf "$venv"
	elif [ -e "$venv" ]; then
		rmdir "$venv" 2>/dev/null || die "$venv exists and is no Python environment: move it away"
	fi
	say "making a Python environment in $venv"
	mkdir -p "$venv" && touch "$making"
	"$base" -m venv "$venv" >&2 || die "$base -m venv $venv failed: apt install python3-venv"
	rm "$making"
}

# pip_install fetches beside what it installs: /tmp may be too small for torch.
pip_install() {
	mkdir -p "$venv/.tmp"
	TMPDIR=$PWD/$venv/.tmp "$python" -m pip install --no-input --disable-pip-version-check "$@" >&2 ||
		die "pip failed (see above). When the cause is gone, run the same command again: what is whole is kept. Where no version matches, there is none for $("$python" -V) on $(uname -m)"
}

check() { "$python" scripts/setup/check.py "$@"; }

# loadable: whether torch is there and the loader would find all that it needs.
loadable() {
	local found=("$venv"/lib/python3*/site-packages/torch)
	libtorch -version "$version" check "${found[-1]}"
}

# complete: whether DIR holds all that is asked for.
complete() {
	check torch "$version" && loadable || return 1
	[ "$kind" = run ] || check requirements "$requirements"
}

install_torch() {
	# shellcheck disable=SC2206 # several words are meant
	local words=($args) force=()
	# pip takes another build of one version for the same thing.
	same_build || force=(--force-reinstall --no-deps)
	if [ "$kind" = run ]; then
		pip_install --no-deps --no-compile ${force[@]+"${force[@]}"} "torch==$version" ${words[@]+"${words[@]}"}
		local needs
		mapfile -t needs < <(check small)
		if [ ${#needs[@]} -gt 0 ]; then
			pip_install --no-compile --no-warn-conflicts "${needs[@]}"
		fi
		loadable 2>/dev/null && return
		say "this torch needs more than its own wheel: fetching all that it asks for"
	elif [ ${#force[@]} -gt 0 ]; then
		pip_install "${force[@]}" "torch==$version" "${words[@]}"
	fi
	pip_install "torch==$version" ${words[@]+"${words[@]}"}
}

[[ $# -eq 2 && $kind =~ ^(run|test)$ ]] || die "usage: venv.sh run|test DIR"
stamped "$kind" && exit

exec 9<scripts/setup/venv.sh # one at a time: the lock goes with the last process that holds it
if ! flock -n 9; then
	say "waiting for another set-up in this folder to finish"
	flock 9
	stamped "$kind" && exit
fi
trap 'rm -rf "$venv/.tmp"' EXIT
rm -rf "$venv/.tmp" # of one that had no time to
make_venv
check forget-broken >&2
if ! same_build || ! complete >/dev/null 2>&1; then
	rm -f "$venv/.golens-run" "$venv/.golens-test"
	check torch "$version" || rm -f "$venv/.golens-build" # another version is another build
	say "completing $venv with torch $version (from nothing: $([ "$kind" = run ] && echo '0.55 GB to fetch, 1.3 GB on disk' || echo 'about 3 GB to fetch, 5 to 6 GB on disk'))"
	install_torch
	[ -z "$args" ] || printf '%s\n' "$args" >"$venv/.golens-build"
	[ "$kind" = run ] || pip_install -r "$requirements" "torch==$version"
	complete || die "$venv is not complete after the installation: remove it and run the same command again"
fi
stamp run
[ "$kind" = run ] || stamp test
