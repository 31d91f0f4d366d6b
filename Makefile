# Everything from a clone: `make report`, `make test`. Needs Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 3
# Notebooks that no report runs; tests/test_same_in_lab.py runs those of reports as Lab does.
BY_HAND := notebooks/start.ipynb notebooks/explore.ipynb notebooks/what_if.ipynb

.DEFAULT_GOAL := help
.PHONY: help report test lab check lint types docs lock constraints bench soak clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "The kit needs Python 3.11 or newer; say which: make report PYTHON=python3.12"; exit 2; }
	@echo "Installing what the kit needs into $(VENV), once: two to ten minutes, in silence."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

report: $(READY)  ## render the sample book's reports into reports/
	@$(BIN)/kam report

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest -p no:nbval -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not soak" \
		--durations=30 --durations-min=5
	$(BIN)/python -m pytest -q --nbval-lax --nbval-cell-timeout 300 -n $(WORKERS) --dist loadscope $(BY_HAND)
	$(BIN)/python -m pytest -q --nbval --nbval-cell-timeout 300 -n $(WORKERS) --dist loadscope notebooks/training

lab: $(READY)  ## open JupyterLab on the start page of the notebooks
	$(BIN)/jupyter lab --LabApp.news_url=None notebooks/start.ipynb

check: lint types docs test  ## the one gate: style, types, docs, tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

docs: $(READY)  ## compare docs/tables.md, the graph and the stub with the code
	$(BIN)/python -m kamlib.dictionary --check

lock:  ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links -q -o requirements.txt
	uv pip compile pyproject.toml --extra browser --extra cluster --extra postgres --extra slides \
		--extra spark --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -q -c requirements.txt -o requirements-extras.txt

	@$(MAKE) --no-print-directory constraints

constraints:  ## write constraints.txt, the lock as pip install -c reads it
	@{ echo "# requirements.txt without hashes, for pip install -c; written by make constraints"; \
		sed -n -E '/^[A-Za-z0-9]/s/ *\\$$//p' requirements.txt; } > constraints.txt

bench: $(READY)  ## measure speed, side by side
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

soak: $(READY)  ## the long forms of the statistical and breaking tests, and properties on many examples
	$(BIN)/python -m pytest -n $(WORKERS) -m "soak or hypothesis" --hypothesis-profile=soak

clean:  ## remove what make has made
	rm -rf $(VENV) reports build dist
