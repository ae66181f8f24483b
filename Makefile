# Each target does all its own set-up; `make PYTHON=python3.13 demo` chooses the Python.
PYTHON ?= python3
RUN = .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Some machines ask Python to keep nothing compiled; hundreds of short processes here need it kept.
unexport PYTHONDONTWRITEBYTECODE
# Tests mostly wait for servers, so two at once for each processor; each may have Mailmans of its own,
# so no more than eight.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? 2 * n : 8)))

.PHONY: help mailmans demo test lint bench docs-check leak-check leads named roads corpora hostile fuzz mutants histories composition lock \
	rows python \
	env-demo env-dev servers

help:
	@echo 'make demo        the whole story on real servers in a scratch folder, in a minute'
	@echo 'make test        all tests, against real servers (TESTS=... for some)'
	@echo 'make lint        ruff, mypy --strict, import contracts'
	@echo 'make mutants     each promise: its test fails when its guard is taken out'
	@echo 'make histories   random histories of sanctions on a Mailman (N=1000 SEED=7)'
	@echo 'make composition sanctions that begin and end in any order, against a plain model (N=20000)'
	@echo 'make mailmans    the contract on older Mailmans, on PostgreSQL, slow and half-dead'
	@echo 'make docs-check  what the docs say against what the code does'
	@echo 'make leak-check  what the look at letters catches and misses, as a table'
	@echo 'make leads       who is found at another address and who wrongly, as a table'
	@echo 'make named       whose name is found in a report, in whatever form, and whose wrongly, as a table'
	@echo 'make roads       the roads onto a list over a whole Mailman: open, closed, as a table'
	@echo 'make corpora     mail of the world by both roads, what became of it, as a table (CORPORA=DIR: more)'
	@echo 'make hostile     mail that is made to hurt: what each costs to read, as a table'
	@echo 'make fuzz        bytes for which something does not hold: looked for, 20 s a reader (SECONDS=20)'
	@echo 'make bench       benchmarks'
	@echo 'make rows        the tables of the docs again, after a setting, command or letter'
	@echo 'make lock        the locks in requirements/ again (UPGRADE=1: newer versions)'

python:
	@command -v $(PYTHON) >/dev/null || { echo "cocmail: no $(PYTHON) here: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 1; }

env-demo: python
	@$(PYTHON) scripts/environment.py demo mailman

env-dev: python
	@$(PYTHON) scripts/environment.py dev mailman

servers:
	@sh scripts/servers.sh

demo: env-demo
	@$(RUN)/cocmail demo $(DEMO)

test: env-dev servers
	$(RUN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

lint: env-dev servers
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy --strict cocmail $(wildcard filters)
	$(RUN)/lint-imports

docs-check: env-dev
	$(RUN)/python -m pytest tests/docs

leak-check: env-dev
	@$(RUN)/python -m tests.core.leak_check

leads: env-dev
	@$(RUN)/python -m tests.core.lead_check

named: env-dev
	@$(RUN)/python -m tests.core.named_check

roads: env-dev
	@$(RUN)/python -m tests.roads

corpora: env-dev servers
	@$(RUN)/python -m tests.corpora

hostile: env-dev
	@$(RUN)/python -m tests.hostile.reading

fuzz: env-dev
	@$(PYTHON) scripts/environment.py fuzz
	@SECONDS=$(SECONDS) TARGETS="$(TARGETS)" .venv-fuzz/bin/python -m tests.fuzz
	@EXAMPLES=$(or $(EXAMPLES),500) $(RUN)/python -m pytest -q -n 2 tests/fuzz

bench: env-dev servers
	$(RUN)/python -m benchmarks $(BENCH)

mutants: env-dev servers
	@$(RUN)/python scripts/mutants.py

histories: env-dev
	@$(RUN)/python -m tests.histories $(or $(N),100) $(or $(SEED),1)

composition: env-dev
	@COMPOSITIONS=$(or $(N),5000) $(RUN)/python -m pytest -q tests/composition

mailmans: env-dev servers
	@$(PYTHON) scripts/environment.py mailman-3.3.3 mailman-3.3.8
	@$(RUN)/python -m tests.mailmans

rows: env-dev
	@$(RUN)/python scripts/rows.py

lock: env-dev
	@sh scripts/lock.sh
