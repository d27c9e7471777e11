# The everyday commands of Cordée. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export FLASK_APP := app:create_app

.PHONY: help demo test test-all check bench translations pseudo pins permissions
.DEFAULT_GOAL := help

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.ready ## start the demo house on http://localhost:8000 (PORT and DATABASE_URL change where)
	@CORDEE_DEMO=1 PUBLIC_URL=http://localhost:$(PORT) $(BIN)/flask demo
	@echo "Staff:    http://localhost:$(PORT)/login"
	@echo "Partners: http://localhost:$(PORT)/partner/signin"
	@echo "Mails:    http://localhost:$(PORT)/demo/mails"
	@CORDEE_DEMO=1 PUBLIC_URL=http://localhost:$(PORT) $(BIN)/gunicorn --bind 127.0.0.1:$(PORT) --worker-class gthread --threads 8 --log-level warning "app:create_app()"

test: $(VENV)/.ready-dev ## run every test, on SQLite and PostgreSQL, browser included
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(TESTS)

test-all: $(VENV)/.ready-dev ## the same, with every page in both languages, two widths, light and dark
	CORDEE_WHOLE=1 $(BIN)/python -m pytest -n 2 --dist loadgroup $(TESTS)

check: $(VENV)/.ready-dev ## look at the code: ruff, mypy, import contracts, catalogues
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/python -m tests.house.catalogues

bench: $(VENV)/.ready-dev ## measure lists and start-up against bare queries and stock Flask-AppBuilder
	$(BIN)/python -m bench $(BENCH)

translations: $(VENV)/.ready-dev ## extract, update and compile the catalogues, then check them
	$(BIN)/pybabel -q extract -F babel.cfg -k _ -k lazy_gettext -k gettext -k ngettext:1,2 --no-wrap --sort-by-file --omit-header -o translations/messages.pot .
	$(BIN)/python -m tests.house.catalogues --update

pseudo: $(VENV)/.ready ## start the demo in the pseudo-language: what stands without brackets has escaped translation
	@CORDEE_PSEUDO=1 $(MAKE) --no-print-directory demo

pins: ## resolve requirements.in and requirements-dev.in into pinned files
	uv pip compile -q requirements.in -o requirements.txt --no-header --no-annotate --universal --python-version 3.11
	uv pip compile -q requirements-dev.in -o requirements-dev.txt --no-header --no-annotate --universal --python-version 3.11 -c requirements.txt

permissions: $(VENV)/.ready ## print who may do what
	@CORDEE_DEMO=1 $(BIN)/flask permissions
