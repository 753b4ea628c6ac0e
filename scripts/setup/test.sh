#!/usr/bin/env bash
# usage: test.sh [newest|minor]
#
# Runs all tests, with libtorch and the Python references from one environment,
# since equal bits need one binary: that of $PYTHON where it has all that the
# references import, else the project's .venv. With "newest" it is .venv-newest,
# which holds the newest torch that is tested. With "minor" it is .venv-$TORCH_VERSION, and
# the tests are a few: hooks, lenses, generation, sweeps, families. TEST_ARGS goes to go test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

scripts/setup/tools.sh
python=
if [ "${1:-}" = newest ]; then
	unset PYTHONPATH PYTHONHOME
	python=$PWD/.venv-newest/bin/python
	TORCH_VERSION=$torch_newest scripts/setup/venv.sh test .venv-newest
elif [ "${1:-}" = minor ]; then
	unset PYTHONPATH PYTHONHOME
	[ -n "${TORCH_VERSION:-}" ] || die "say which torch: make test-minor TORCH_VERSION=2.13.0"
	python=$PWD/.venv-$TORCH_VERSION/bin/python
	scripts/setup/venv.sh test ".venv-$TORCH_VERSION"
else
	if [ -n "${PYTHON:-}" ]; then
		if "$PYTHON" scripts/setup/check.py references; then
			python=$(realpath -s "$(command -v "$PYTHON")")
		else
			say "PYTHON=$PYTHON lacks what the tests need: the project's .venv serves instead"
		fi
	fi
	if [ -z "$python" ]; then
		unset PYTHONPATH PYTHONHOME
		python=$PWD/.venv/bin/python
		scripts/setup/venv.sh test .venv
	fi
	scripts/setup/setup.sh # so that go build and go test work by themselves afterwards
fi
export GOLENS_PYTHON=$python

# Both sides use this one libtorch.
LIBTORCH=$(libtorch -python "$python" dir)
export LIBTORCH
unset PYTHON
go build -o bin/golens ./cmd/golens
bin/golens setup >&2
say "testing with $(libtorch find)"
packages=(./...)
if [ "${1:-}" = minor ]; then
	packages=(./torch ./hooks ./lens ./sweep ./model)
	TEST_ARGS="-run ^(TestScalingStudy|TestMetrics|TestSites|TestChoices|TestInterventions|TestGenerate|TestFamilies|TestFamilyHooks|TestHook.*|TestCall.*|TestPatch.*|TestActions|TestTensor.*|TestModule.*)\$ ${TEST_ARGS:-}"
elif [ "${1:-}" = newest ]; then
	# What knows nothing of libtorch, or only measures, has been tested with the other one.
	export GOLENS_TESTED_ONCE=1
	mapfile -t packages < <(go list ./... | grep -vE '/(report|report/.*|figure|figure/.*|model/(token|config|chat|lora|hub|hub/.*|safetensors|checkpoint|pickle|torchsave|torchscript)|torch/kernel|bench|internal/(peer|layers|similar|atomicfile|checkpoint|fakehub|approx|synthetic|golden))$')
else
	go vet ./...
fi
# No result is taken from the cache, which does not know the Python scripts. Two
# packages at a time, since each keeps a core or two busy, and threads that wait for
# each other sleep instead of spinning: numbers do not change, a busy machine gains.
export OMP_WAIT_POLICY=PASSIVE
# shellcheck disable=SC2086 # several words are meant
go test -count=1 -p 2 -timeout 40m ${TEST_ARGS:-} "${packages[@]}"

if [ "${1:-}" != newest ] && [ -z "${TEST_ARGS:-}" ]; then
	say "the tests of the default model's training"
	(cd scripts && "$python" -B -m unittest -q default_model.tests)
fi
