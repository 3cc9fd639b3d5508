# All work on lsfs starts here; `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE # each process would compile all that it imports

.PHONY: help setup demo test lint bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything into .venv (a moment when nothing has changed; NEURAL=1: torch too)
	@scripts/setup.sh

demo: setup ## mount a sample drive and ask it questions
	@demo/run.sh

lint: setup ## style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint ## lint, then all tests (make test PYTEST="-k name -x" narrows them)
	@$(BIN)/pytest -n auto --dist loadfile $(PYTEST)

bench: setup ## run a benchmark: make bench BENCH="retrieval FOLDER"; alone, lists them
ifdef BENCH
	@$(BIN)/python -m benchmarks.$(BENCH)
else
	@echo 'Name one, with its data: make bench BENCH="NAME ARGUMENTS"'
	@sed -nE 's/^    python -m benchmarks\.(.*)/  \1/p' benchmarks/*.py
endif

clean: ## remove caches and build output; .venv and the cache of built wheels stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build demo/drive
	@find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 -r rm -rf
