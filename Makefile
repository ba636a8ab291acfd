# What people type. `make` alone lists it.
PYTHON_IN_VENV := .venv/bin/python
LOCAL ?=
ARGS ?=
# Most of them wait for servers that limit rates, not for a core.
TESTS_AT_ONCE ?= 4
ZIP ?= .build/parlour-azure.zip

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run chat check test lint unit soak bench pictures lock schema vendor azure-zip
MAKEFLAGS += --no-print-directory

help:
	@echo "make run      serve the web page, and the platforms that are set up (builds .venv first, when needed)"
	@echo "make chat     talk here; ARGS=\"--conversation work\" returns to a conversation of that name"
	@echo "make check    is everything well? configuration, providers, store, platforms"
	@echo "make setup    only build .venv; LOCAL=0 leaves the built-in model out"
	@echo "make test     format, lint, types and tests;  make lint, make unit: parts of it"
	@echo "make soak     the tests that take long"
	@echo "make bench    the programs that measure speed and cost"
	@echo "make azure-zip    a zip for Azure App Service (docs/install.md)"
	@echo "make setup-dev    .venv with what tests need too;  make schema, make pictures, make lock, make vendor: CONTRIBUTING.md"

setup:
	@sh requirements/install.sh run $(LOCAL)

setup-dev:
	@sh requirements/install.sh dev $(LOCAL)

run: setup
	@$(PYTHON_IN_VENV) -m bots run $(ARGS)

chat: setup
	@$(PYTHON_IN_VENV) -m bots chat $(ARGS)

check: setup
	@$(PYTHON_IN_VENV) -m bots check $(ARGS)

test: lint unit

lint: setup-dev
	@$(PYTHON_IN_VENV) -m ruff format --quiet --check
	@$(PYTHON_IN_VENV) -m ruff check --quiet
	@$(PYTHON_IN_VENV) -m mypy --no-error-summary

unit: setup-dev
	@$(PYTHON_IN_VENV) -m pytest -q -m "not soak" -n $(TESTS_AT_ONCE) --dist worksteal $(ARGS)

soak: setup-dev
	@$(PYTHON_IN_VENV) -m pytest -q -m soak $(ARGS)

bench: setup-dev
	@for program in $$(ls bench/*.py | grep -v '/_'); do \
		name=$$(basename $$program .py); echo "== $$name"; $(PYTHON_IN_VENV) -m bench.$$name || exit 1; \
	done

pictures: setup-dev
	@$(PYTHON_IN_VENV) -m bench._pictures

schema: setup
	@$(PYTHON_IN_VENV) -m bots schema >config.schema.json
	@$(PYTHON_IN_VENV) -m bots schema --table >docs/keys.md

# The folder first: what lies in it is packed under the names that it has there.
azure-zip: setup
	@rm -rf .build/azure $(ZIP) && mkdir -p .build/azure/requirements
	@cp -R bots core config.yaml requirements.txt .build/azure && cp requirements/base.txt .build/azure/requirements
	@find .build/azure -name __pycache__ -prune -exec rm -rf {} +
	@cd .build/azure && ../../$(PYTHON_IN_VENV) -m zipfile -c ../azure.zip * && mv ../azure.zip $(abspath $(ZIP))
	@echo "$(ZIP)"

# Needs uv. The locked files are the same for every platform and Python version.
lock:
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header -o requirements/base.txt pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header -o requirements/local.txt --extra local pyproject.toml
	@uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header -o requirements/dev.txt --extra local --group dev pyproject.toml

# Needs npm. What the page uses of others, bundled and minified, with licences and hashes.
vendor:
	@npm install --silent --no-package-lock --prefix requirements/vendor
	@node requirements/vendor/renew.mjs
