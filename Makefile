# What a newcomer runs: `make demo` and `make test`. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet
WORKERS ?= 2

.PHONY: help demo docs dist picture test test-oldest lint types contracts check oracle-table bench-school bench-import bench-solvers bench-recovery bench-mixed bench-peers bench-gp bench-sharing clean

help:
	@echo "make demo         the main job on the diabetes patients that scikit-learn ships"
	@echo "make test         the whole test suite"
	@echo "make check        lint, types and import contracts"
	@echo "make docs         this package's site in docs/_build/html: warnings, links and examples are checked"
	@echo "make dist         wheel and source archive, checked and tried out"
	@echo "make oracle-table every penalty and loss against cvxpy"
	@echo "make test-oldest  scikit-learn's checks and the laws on the oldest versions admitted"
	@echo "make bench-school the School benchmark (needs the data, see benchmarks/README.md)"

$(BIN)/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "skmtl needs Python 3.11 or newer"'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[cli]"
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[test]"
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[dev]"
	touch $@

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[docs]"
	touch $@

demo: $(VENV)/.demo
	$(BIN)/skmtl demo

# One thread per worker: the workers are the parallelism.
test: $(VENV)/.test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) -q

check: lint types contracts

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

# The oldest version of every dependency that pyproject.toml admits.
test-oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint oldest-versions.txt --editable ".[test]"
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(VENV)-oldest/bin/python -m pytest -n $(WORKERS) -q \
		tests/sklearn_api tests/multioutput tests/invariances tests/data tests/metrics tests/model_selection \
		tests/gaussian_process tests/kernel_ridge tests/svm tests/calibration tests/compose tests/preprocessing \
		tests/inspection tests/cold_start tests/plotting tests/report

# The site, without a network: every warning is an error, links inside it lead somewhere, examples on pages run.
docs: $(VENV)/.docs
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -b html -q docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/run_doctests.py

# Wheel and source archive, checked, and the wheel used in an environment that holds nothing else.
dist: | $(BIN)/python
	$(PIP) build twine
	rm -rf dist $(VENV)-wheel
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv $(VENV)-wheel
	wheel=$$(ls dist/*.whl) && $(VENV)-wheel/bin/python -m pip --disable-pip-version-check install --quiet "$$wheel[cli,plot]"
	cd / && $(CURDIR)/$(VENV)-wheel/bin/python $(CURDIR)/.ci/smoke.py

picture: $(VENV)/.docs
	OMP_NUM_THREADS=1 $(BIN)/python docs/readme_picture.py

bench-school: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/school.py

# Every penalty and every loss against cvxpy: relative differences of the objectives.
oracle-table: $(VENV)/.test
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python tests/oracle_table.py

bench-solvers: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/solvers.py

bench-recovery: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/recovery.py

bench-mixed: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/mixed_outcomes.py

# Environments of their own: the peers, and adelie, which wants NumPy 1. QUICK= runs the long cases too.
QUICK ?= --quick
bench-peers:
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check install --quiet --editable ".[bench]"
	$(PYTHON) -m venv $(VENV)-bench-adelie
	$(VENV)-bench-adelie/bin/python -m pip --disable-pip-version-check install --quiet --editable ".[bench-adelie]"
	$(VENV)-bench/bin/python -m pytest benchmarks/peers $(QUICK) --benchmark-json=bench-run.json
	$(VENV)-bench-adelie/bin/python -m pytest benchmarks/peers $(QUICK) -k adelie --benchmark-json=bench-adelie.json
	$(VENV)-bench/bin/python benchmarks/peers/report.py bench-run.json bench-adelie.json

# Gaussian processes against GPyTorch, BoTorch and GPy; predictive densities and restarts need the data.
bench-gp:
	$(PYTHON) -m venv $(VENV)-gp
	$(VENV)-gp/bin/python -m pip --disable-pip-version-check install --quiet --editable ".[bench-gp]"
	OMP_NUM_THREADS=1 $(VENV)-gp/bin/python benchmarks/gaussian_process/peers.py $(QUICK)
	OMP_NUM_THREADS=1 $(VENV)-gp/bin/python benchmarks/gaussian_process/quality.py $(QUICK)
	OMP_NUM_THREADS=1 $(VENV)-gp/bin/python benchmarks/gaussian_process/restarts.py $(QUICK)

# Did sharing help, and can the answer be trusted: error rates of verdicts, the fall-back, new sites, coverage.
bench-sharing: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/sharing/null_rates.py $(QUICK)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/sharing/transfer_guard.py $(QUICK)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/sharing/cold_start.py $(QUICK)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/sharing/conformal_coverage.py $(QUICK)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/sharing/calibration.py $(QUICK)

bench-import: $(VENV)/.test
	$(BIN)/python benchmarks/import_time.py

clean:
	rm -rf docs/_build docs/auto_examples docs/api/generated docs/models/_pictures
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-wheel build dist .pytest_cache .mypy_cache .ruff_cache
