# golens. `make help` lists the targets; docs/setup.md tells what they do.

PROMPT ?= The way you do anything is the way you do everything
export TORCH_VERSION PIP_TORCH_ARGS TEST_ARGS PROMPT

.PHONY: help demo build setup test test-newest test-minor picture bench-peers check sanitize clean distclean
.NOTPARALLEL:

help: ## list the targets (this text)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%s\n' '' 'Variables, all optional:' \
	  '  LIBTORCH        a folder with include/ and lib/ of libtorch, used as it is' \
	  '  PYTHON          an interpreter whose torch is used' \
	  '  TORCH_VERSION   the version of torch, 2.10 or newer (fetched: 2.11.0)' \
	  '  PIP_TORCH_ARGS  arguments for the pip that fetches torch, such as' \
	  '                  --index-url https://download.pytorch.org/whl/cpu' \
	  '  TEST_ARGS       arguments for go test, such as -run=Lens' \
	  '  PEERS_ARGS      arguments of bench-peers, such as --rows warm,sweep14' \
	  '  PROMPT          the text of the demo'

demo: build ## fetch libtorch, build, and show the logit lens of a sentence
	@mkdir -p demo
	@printf '%s\n' "bin/golens lens \"$$PROMPT\" --plot demo/lens.png"
	@bin/golens lens "$$PROMPT" --plot demo/lens.png
	@echo "the same as a figure: demo/lens.png"

build: setup ## the same as setup

setup: ## find or fetch libtorch, build bin/golens and the shim for that libtorch
	@scripts/setup/setup.sh

test: ## fetch what the tests compare with (PyTorch, transformers), run them all
	@scripts/setup/test.sh

test-newest: ## the same with the newest torch, in an environment of its own
	@scripts/setup/test.sh newest

test-minor: ## hooks, lenses, generation and sweeps with the torch of TORCH_VERSION
	@scripts/setup/test.sh minor

picture: build ## draw the README's picture with the default model
	bin/golens lens "She looked out of the window and saw that it was" --lens normed --plot docs/lens.png --quiet

bench-peers: setup ## golens beside PyTorch, TransformerLens and nnsight, into docs/performance.md
	@scripts/setup/venv.sh test .venv
	@.venv/bin/python -B scripts/bench_peers.py $(PEERS_ARGS)

check: ## gofmt, go vet, assertions that NaN passes, staticcheck, weak symbols, govulncheck
	@unformatted=$$(gofmt -l */); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go run ./scripts/nanpass ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	@scripts/setup/weak_symbols.sh
	@scripts/setup/vulnerabilities.sh

sanitize: setup ## the C++ part and the hooks under the race detector and the address sanitizer
	go test -race -timeout 30m ./torch ./hooks
	bin/golens setup --asan >/dev/null
	ASAN_OPTIONS=allocator_may_return_null=1 LSAN_OPTIONS=use_tls=0:suppressions=$(CURDIR)/torch/testdata/lsan.txt \
	  go test -asan -timeout 30m ./torch ./hooks

clean: ## remove what was built
	rm -rf bin demo

distclean: clean ## remove what was fetched as well
	rm -rf .venv .venv-newest
