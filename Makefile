# Environments, made again only when their locks change. Python 3.11 to 3.13 and make are all they need.
PYTHON ?= $(firstword $(wildcard .venv/bin/python) $(foreach v,3.11 3.12 3.13,$(shell command -v python$(v) 2>/dev/null)) python3)
BIN := .venv/bin
# The build of torch: auto takes that with CUDA where there is a GPU, else that for CPUs; cpu or cuda overrules it.
TORCH ?= auto
# Processes of the default suite and of the slow one, some of which wait for servers; a file is run by one of them, so that what its tests share is made once.
WORKERS ?= 3
SLOW_WORKERS ?= 2
# What reads exports: each an environment of its own. EASYR1 names a checkout of EasyR1, which is on no index; without it its tests are skipped.
CONSUMERS ?= datasets trl verl llama-factory ms-swift fiftyone
INSTALL = @$(PYTHON) locks/install.py --torch $(TORCH)

export DAGSTER_HOME := $(CURDIR)
export DO_NOT_TRACK := 1

.PHONY: setup setup-dry-run setup-test setup-vllm setup-vlmevalkit setup-delivery setup-consumers run ui test test-slow test-long test-consumers lint format docs lock audit clean help

help: ## Say what each target does.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: ## Make the environment; say first what is downloaded.
	$(INSTALL) wethink

setup-dry-run: ## Say what each environment would download, and do nothing.
	$(INSTALL) --dry-run wethink tests vllm vlmevalkit delivery $(CONSUMERS:%=consumer-%)

setup-test:
	$(INSTALL) tests

setup-vllm: ## Make the environment of vLLM servers on a machine without GPU (.venv-vllm).
	$(INSTALL) vllm

setup-vlmevalkit: ## Make the environment of VLMEvalKit, which scores the real benchmarks (.venv-vlmevalkit).
	$(INSTALL) vlmevalkit

setup-delivery: ## Make the environment that audits the locks and checks the files of deploy/ (.venv-delivery).
	$(INSTALL) delivery

setup-consumers: ## Make the environments of the programs that read exports (.venv-consumer-NAME; CONSUMERS= names some).
	$(INSTALL) $(CONSUMERS:%=consumer-%)

run: setup ## Grow the dataset: draw or read images, synthesize, cut a version.
	$(BIN)/wethink run

ui: setup ## Serve the Dagster UI on http://127.0.0.1:3000.
	@# dg dev takes a project's pyproject.toml and a package more; dagster dev serves any folder, and warns that it is older.
	PYTHONWARNINGS='ignore:Function `dev_command` is superseded' $(BIN)/dagster dev -h 127.0.0.1 -p 3000

test: setup-test ## Run the default test suite.
	$(BIN)/python -m pytest -m "not slow and not long and not consumers" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-slow: setup-test ## Run the tests that take longer.
	$(BIN)/python -m pytest -m "slow and not long and not consumers" -n $(SLOW_WORKERS) --dist loadfile --no-loadscope-reorder

test-long: setup-test ## Run the tests that take too long for CI: whole tutorials, a thousand changes of exports, chains of many rows.
	$(BIN)/python -m pytest -m long -n $(SLOW_WORKERS) --dist loadfile

test-consumers: setup-test setup-consumers ## Run the tests that read exports with their consumers' own loaders.
	$(BIN)/python -m pytest -m consumers

lint: setup-test ## Check style, types and import rules.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup-test ## Write docs/commands.md, settings.md and api.md anew from the code, and build the site of all pages in site/.
	$(BIN)/python docs/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: setup ## Resolve the locks anew and record the sizes of what they name.
	$(PYTHON) locks/resolve.py

audit: setup-delivery ## Look for known faults of what the locks pin, and write their bills of material to sbom/.
	$(PYTHON) locks/audit.py

clean: ## Remove the environment and what Dagster keeps; the store stays.
	rm -rf site sbom .venv .venv-vllm .venv-vlmevalkit .venv-delivery .venv-consumer-* .test-models .dagster storage
