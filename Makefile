# Keyhole: what a person types. Everything is installed into .venv; Debian packages only where they are missing.

BIN := .venv/bin
ARGS ?=
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz check bench pictures docs format lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: .venv/.demo page ## Boot a small guest and open its console (ARGS="--port 6100")
	@$(BIN)/keyhole demo $(ARGS)

test: .venv/.dev .cache/keystone/.installed .cache/tempest/.installed .cache/demo/guest/vmlinuz page ## Install what is missing and run every test
	@$(BIN)/python tools/install_packages.py qemu-system-x86 busybox-static chromium xvfb xdotool xclip \
		tigervnc-viewer tigervnc-standalone-server tigervnc-tools libpam-wrapper systemd
	@$(MAKE) --no-print-directory check
	$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),@$(MAKE) --no-print-directory --jobs 2 --output-sync $(TEST_PARTS))
	$(BIN)/python -m tests.fuzz --seconds 60

# The tests, in parts that run side by side: those with real components by their names, and all others.
TEST_PARTS := test-k-z test-a-j test-alone
.PHONY: $(TEST_PARTS)
test-k-z test-a-j: test-%:
	$(BIN)/python -m pytest -p no:cacheprovider tests/real/test_[$*]*.py
test-alone:
	$(BIN)/python -m pytest -p no:cacheprovider --ignore tests/real

# The guest of the tests, fetched once before the parts share it.
.cache/demo/guest/vmlinuz: .venv/.dev
	@$(BIN)/python -c "from pathlib import Path; from keyhole.demo.guest_image import build_image; build_image(Path('.cache/demo'), print)"

fuzz: .venv/.dev ## Fuzz every parser for longer (SECONDS=600 each)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

check: .venv/.dev ## Style, types, import rules, generated files
	$(BIN)/ruff check src tests bench tools
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_reasons.py --check

bench: .venv/.bench .cache/nova/.installed page ## Measure beside the peers (see bench/README.md)
	$(BIN)/python -m bench $(ARGS)

pictures: .venv/.dev ## Take what the tests with a browser saw last into the documentation
	$(BIN)/python tools/publish_pictures.py

docs: .venv/.dev ## Write the generated references
	$(BIN)/python tools/generate_docs.py
	$(BIN)/python tools/generate_reasons.py

format: .venv/.dev ## Put the code into its form
	$(BIN)/ruff check --fix src tests bench tools
	$(BIN)/ruff format src tests bench tools

lock: .venv/.uv ## Choose the newest versions that fit pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group bench -o requirements-bench.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group keystone -o requirements-keystone.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group nova -o requirements-nova.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group tempest -o requirements-tempest.lock

clean: ## Remove everything that was installed or built here
	rm -rf .venv .cache dist src/keyhole/static frontend/node_modules

.PHONY: page
page:
	@$(BIN)/python tools/build_frontend.py

.venv/.uv: requirements-uv.lock
	@sh tools/make_venv.sh
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

# -q hides uv's remarks but not its errors; the second install makes `keyhole` itself importable from src/.
.venv/.demo: .venv/.uv requirements.lock pyproject.toml
	@echo "Installing Python packages into .venv ..."
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.demo requirements-dev.lock
	@echo "Installing what the tests need into .venv ..."
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

# websockify, the peer beside which Keyhole is measured.
.venv/.bench: .venv/.dev requirements-bench.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements-bench.lock
	@touch $@

# A real Keystone for the tests, apart from .venv: it needs much that Keyhole must not.
.cache/keystone/.installed: .venv/.uv requirements-keystone.lock
	@echo "Installing Keystone into .cache/keystone ..."
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .cache/keystone
	@VIRTUAL_ENV=.cache/keystone $(BIN)/uv pip install -q --require-hashes -r requirements-keystone.lock
	@touch $@

# OpenStack's own tests, apart from .venv like Keystone.
.cache/tempest/.installed: .venv/.uv requirements-tempest.lock
	@echo "Installing Tempest into .cache/tempest ..."
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .cache/tempest
	@VIRTUAL_ENV=.cache/tempest $(BIN)/uv pip install -q --require-hashes -r requirements-tempest.lock
	@touch $@

# A real Nova for the benchmarks, apart from .venv like Keystone. They do without it where it cannot be had.
.cache/nova/.installed: .venv/.uv requirements-nova.lock
	@echo "Installing Nova into .cache/nova ..."
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .cache/nova
	@VIRTUAL_ENV=.cache/nova $(BIN)/uv pip install -q --require-hashes -r requirements-nova.lock \
		&& touch $@ || echo "Nova could not be installed."
