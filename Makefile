# Breakwater's commands. `make` alone lists them; every one sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup run test ui desk screenshots bench bench-repair bench-gate chaos lint format lock clean clean-data

BIN := .venv/bin
PORT ?= 3000
DESK_PORT ?= 8501
ARGS ?=

help: ## list the commands
	@echo "make COMMAND [ARGS='…'] [PYTHON=/path/to/python3]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: ## set up .venv for everything below, from the locks with hashes
	@scripts/setup.sh dev

run: ## run the sample: simulated deliveries, judged, repaired, published (data/); ARGS go to `breakwater run`
	@scripts/setup.sh run
	@$(BIN)/breakwater run --sample $(ARGS) || { code=$$?; [ $$code -eq 2 ] || exit $$code; } # 2: done, and it says how it is poorer

test: ## run the tests, in random order; ARGS go to pytest (ARGS="-m 'not slow'")
	@scripts/setup.sh dev
	@$(BIN)/pytest $(ARGS)

ui: ## open Dagster's pages on http://127.0.0.1:3000, which take in new declarations; PORT=3001 for another port
	@scripts/setup.sh run
	@echo "Dagster: http://127.0.0.1:$(PORT) (ready in about half a minute; Ctrl-C ends it)"
	@echo "Its warning about dagster.yaml is mistaken: .dagster/dagster.yaml is a link to that very file."
	@DAGSTER_HOME="$(CURDIR)/.dagster" exec $(BIN)/breakwater ui --port $(PORT) -- $(ARGS)

desk: ## open the desk, where people decide what waits, on http://127.0.0.1:8501; DESK_PORT=8502 for another port, ARGS go to `breakwater desk`
	@scripts/setup.sh run
	@exec $(BIN)/breakwater desk --port $(DESK_PORT) $(ARGS)

screenshots: ## take the documentation's pictures of Dagster's pages anew (needs chromium; five minutes); ARGS="graph run" for some
	@scripts/setup.sh dev
	@$(BIN)/python -m docs.screenshots $(ARGS)

bench: ## run the benchmarks; ARGS go to `python -m benchmarks`
	@scripts/setup.sh dev
	@$(BIN)/python -m benchmarks $(ARGS)

bench-repair: ## repair published tables and score them beside published figures; ARGS="--table flights --ablate"
	@scripts/setup.sh dev
	@$(BIN)/python -m benchmarks.repairs $(ARGS)

bench-gate: ## measure whether repairs are wrong more often than promised; ARGS="--table payments flights"
	@scripts/setup.sh dev
	@$(BIN)/python -m benchmarks.gate $(ARGS)

chaos: ## run 500 rounds in an outside world that misbehaves (half an hour and more); ARGS go to `breakwater chaos`
	@scripts/setup.sh run
	@$(BIN)/breakwater chaos --rounds 500 $(ARGS)

lint: ## check style, format and types: ruff and mypy
	@scripts/setup.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: ## put the code into ruff's format
	@scripts/setup.sh dev
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

lock: ## resolve pyproject.toml into the two locks again (for maintainers: needs uv)
	@scripts/lock.sh

clean: ## remove .venv and caches; the lake and Dagster's history stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist breakwater.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: ## remove the lake, the simulated deliveries and Dagster's history
	rm -rf data .dagster
