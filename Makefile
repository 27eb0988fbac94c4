# `make run` starts the dashboard, `make test` runs the checks that take minutes, `make test-all`
# every one. All set themselves up.

PYTHON ?= $(shell command -v python3.11 || echo python3)
HOST ?= 127.0.0.1
PORT ?= 8501
# Names and addresses by which tablets and phones reach the server: `ALLOWED_HOSTS=line3.plant,…`.
ifdef ALLOWED_HOSTS
export INSPECTION_ALLOWED_HOSTS := $(ALLOWED_HOSTS)
endif
BIN := .venv/bin
# Dozens of processes load the same modules: each compiled once, not by every process anew.
unexport PYTHONDONTWRITEBYTECODE

# A file's tests stay in one process: they share servers and workers. Each holds TensorFlow.
# A process that dies ends the run: pytest-xdist waits for ever for what it gives out again.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses=4 --max-worker-restart=0 \
	--dist loadfile --no-loadscope-reorder
SLOW := browser or training or postgresql or kill or processes or pages

.PHONY: run test test-all quick every lint style types format rooms clean
.DEFAULT_GOAL := run

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

# The stamp is newer than the file it was installed from: nothing to do.
REQUIREMENTS := requirements.txt requirements-serve.txt requirements-train.txt

.venv/run.stamp: $(REQUIREMENTS) | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/test.stamp: $(REQUIREMENTS) requirements-dev.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch .venv/run.stamp $@

run: .venv/run.stamp
	@$(BIN)/python -m inspection prepare
	@echo "Dashboard: http://$(HOST):$(PORT)"
	@$(BIN)/streamlit run app.py --server.address $(HOST) --server.port $(PORT)

# mypy has one core for half a minute when it begins anew: the tests run beside it.
test: style
	@$(MAKE) --no-print-directory -j2 types quick

test-all: style
	@$(MAKE) --no-print-directory -j2 types every

quick: .venv/test.stamp
	$(PYTEST) -m "not ($(SLOW))"

every: .venv/test.stamp
	$(PYTEST)

lint: style types

style: .venv/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/test.stamp
	$(BIN)/mypy

format: .venv/test.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# How many modules and lines each room has, and its longest module.
rooms:
	@find inspection models pages tests -name '*.py' -o -name '*.js' | xargs wc -l | awk '\
		$$2 != "total" { \
			room = $$2; sub("/[^/]*$$", "", room); modules[room]++; lines[room] += $$1; \
			if ($$1 > most[room]) { most[room] = $$1; name[room] = substr($$2, length(room) + 2) } } \
		END { for (room in modules) printf "%-40s %3d modules %6d lines, longest %s (%d)\n", \
			room, modules[room], lines[room], name[room], most[room] }' | sort

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache
