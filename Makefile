# Keyhole: what a person types. Everything is installed into .venv; Debian packages only where they are missing.

BIN := .venv/bin
ARGS ?=
SECONDS ?= 600

# The tests start hundreds of Python processes: without compiled files each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo unit test fuzz check bench pictures docs docs-site dist format lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: .venv/.demo page ## Boot a small guest and open its console (ARGS="--port 6100")
	@$(BIN)/keyhole demo $(ARGS)

unit: .venv/.dev ## Run the unit tests: no network, no root, no pages, under a minute
	$(PYTEST) $(PARALLEL) $(UNIT) $(ARGS)

test: .venv/.dev .cache/keystone/.installed .cache/tempest/.installed .cache/demo/guest/vmlinuz page ## Install what is missing and run every test
	@$(BIN)/python tools/install_packages.py qemu-system-x86 busybox-static chromium xvfb xdotool xclip \
		tcpdump tigervnc-viewer tigervnc-standalone-server tigervnc-tools libpam-wrapper systemd
	@$(MAKE) --no-print-directory check docs-site
	$(if $(ARGS),$(PYTEST) $(ARGS),@$(MAKE) --no-print-directory test-others test-elsewhere test-real)
	$(BIN)/python -m tests.fuzz --seconds 60

PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
PARALLEL := --numprocesses logical --dist loadfile
UNIT := tests/unit --ignore tests/unit/frontend -m "not programs"

# Coverage is measured where it costs little: in all tests but those with real components.
.PHONY: test-real test-others
test-others:
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -p no:cacheprovider $(PARALLEL) --ignore tests/real
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report
test-real:
	$(PYTEST) $(PARALLEL) tests/real

# The unit tests with the oldest versions of the libraries that pyproject.toml allows, and on each other Python that is
# installed here.
.PHONY: unit-lowest unit-all-pythons test-elsewhere
OTHER_PYTHONS := 3.12 3.13 3.14
unit-lowest: .venv/.dev
	$(BIN)/python -m tools.unit_elsewhere --lowest
unit-all-pythons: .venv/.dev
	$(BIN)/python -m tools.unit_elsewhere $(OTHER_PYTHONS)
test-elsewhere: .venv/.dev
	$(BIN)/python -m tools.unit_elsewhere --lowest $(OTHER_PYTHONS)

# The guest of the tests, fetched once before the parts share it.
.cache/demo/guest/vmlinuz: .venv/.dev
	@$(BIN)/python -c "from pathlib import Path; from keyhole.demo.guest_image import build_image; build_image(Path('.cache/demo'), print)"

fuzz: .venv/.dev ## Fuzz every parser for longer (SECONDS=600 each)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

check: .venv/.dev ## Style, types, import rules, prose, generated files
	$(BIN)/ruff check $(PYTHON_CODE)
	$(BIN)/ruff format --check $(PYTHON_CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m tools.check_prose
	$(BIN)/python -m tools.check_sizes
	$(BIN)/python -m tools.check_mirror
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_reasons.py --check
	$(BIN)/python tools/build_frontend.py --check

PYTHON_CODE := src tests bench tools examples

bench: .venv/.bench .cache/nova/.installed page ## Measure beside the peers (see bench/README.md)
	$(BIN)/python -m bench $(ARGS)

pictures: .venv/.dev ## Take what the tests with a browser saw last into the documentation
	$(BIN)/python tools/publish_pictures.py

docs: .venv/.dev ## Write the generated references
	$(BIN)/python tools/generate_docs.py
	$(BIN)/python tools/generate_reasons.py

docs-site: .venv/.dev ## Build the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet $(ARGS)

dist: .venv/.dev page ## Build the wheel and the source distribution, in dist/
	$(BIN)/uv build --quiet --no-build-isolation --out-dir dist

format: .venv/.dev ## Put the code into its form
	$(BIN)/ruff check --fix $(PYTHON_CODE)
	$(BIN)/ruff format $(PYTHON_CODE)

# What requirements/ holds: runtime.lock and dev.lock what Keyhole and its tests need, every extra included; uv.lock what
# installs them; rigs/ the real services that tests and benchmarks meet, each in an environment of its own.
lock: .venv/.uv ## Choose the newest versions that fit pyproject.toml (UPGRADE= keeps those that still fit)
	$(LOCK) pyproject.toml --all-extras --group build -o requirements/runtime.lock
	$(LOCK) pyproject.toml --all-extras --group dev -o requirements/dev.lock
	@for name in uv rigs/bench rigs/keystone rigs/nova rigs/tempest; do \
		$(LOCK) --group $${name#rigs/} -o requirements/$$name.lock || exit 1; done

UPGRADE ?= --upgrade
LOCK := $(BIN)/uv pip compile -q $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

clean: ## Remove everything that was installed or built here
	rm -rf .venv .cache .coverage* dist site src/keyhole/static frontend/node_modules

.PHONY: page
page:
	@$(BIN)/python tools/build_frontend.py

.venv/.uv: requirements/uv.lock
	@sh tools/make_venv.sh
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

# -q hides uv's remarks but not its errors; the second install makes `keyhole` itself importable from src/.
.venv/.demo: .venv/.uv requirements/runtime.lock pyproject.toml
	@echo "Installing Python packages into .venv ..."
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements/runtime.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.lock
	@echo "Installing what the tests need into .venv ..."
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements/dev.lock
	@touch $@

# websockify, the peer beside which Keyhole is measured.
.venv/.bench: .venv/.dev requirements/rigs/bench.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements/rigs/bench.lock
	@touch $@

# Real services, apart from .venv: a Keystone and OpenStack's own tests need much that Keyhole must not.
.cache/keystone/.installed .cache/tempest/.installed: .cache/%/.installed: .venv/.uv requirements/rigs/%.lock
	@echo "Installing $* into .cache/$* ..."
	@$(call install_rig,$*)
	@touch $@

# A real Nova, for the benchmarks, which do without it where it cannot be installed.
.cache/nova/.installed: .venv/.uv requirements/rigs/nova.lock
	@$(call install_rig,nova) && touch $@ || echo "Nova could not be installed."

install_rig = $(BIN)/uv venv -q --clear --python $(BIN)/python .cache/$(1) && \
	VIRTUAL_ENV=.cache/$(1) $(BIN)/uv pip install -q --require-hashes -r requirements/rigs/$(1).lock
