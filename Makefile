# On a fresh machine with git, make and python3, `make demo` and `make test` do everything.
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin

.PHONY: demo test check fix bench quality docs clean

demo: .venv/run.done ## make a retailer with known trouble, diagnose it, name the page
	@$(BIN)/fourwalls demo --out demo

test: .venv/dev.done ## all checks and tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: .venv/dev.done ## style, types, structure
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/mypy

fix: .venv/dev.done ## let the tools mend what they can
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

bench: .venv/rivals.done ## time and memory as ratios to one hand-written query
	@$(BIN)/python -m benchmarks.diagnose

quality: .venv/dev.done ## decision quality on known worlds
	@$(BIN)/python -m benchmarks.quality

docs: .venv/dev.done ## write the pages that are made from code
	@$(BIN)/python -m docs.generate

clean: ## forget the environment and what was made
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/uv.done:
	@$(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/run.done: .venv/uv.done requirements.lock pyproject.toml
	@test -e .venv/dev.done || $(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/rivals.done: .venv/dev.done requirements-rivals.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-rivals.lock
	@touch $@

.venv/dev.done: .venv/uv.done requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.done
