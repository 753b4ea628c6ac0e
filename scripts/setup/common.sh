# shellcheck shell=bash disable=SC2034
# What the set-up scripts share: sourced by them, in the project's folder.

torch_default=2.11.0 # fetched where TORCH_VERSION does not say otherwise
torch_newest=2.15.0  # the newest one tested, by make test-newest

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 1; }

# libtorch runs the finder (scripts/libtorch), whose flags and commands follow. It needs a
# built program rather than go run, which hides the exit status.
libtorch() {
	go build -o bin/libtorch ./scripts/libtorch && bin/libtorch "$@"
}
