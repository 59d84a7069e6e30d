# Short names for developers. Everything works without make: `python3 app.py --help`.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix migrate translations lock

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with everything that development needs
	@$(PYTHON) app.py test --setup-only

run: ## start hub, sandbox and example partner
	@$(PYTHON) app.py demo $(ARGS)

test: ## run every test; ARGS="-k money" goes to pytest
	@$(PYTHON) app.py test $(ARGS)

check: setup ## all that must be green before a commit: style, types, import rules, tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(PYTHON) app.py test $(ARGS)

fix: setup ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

migrate: setup ## write a migration for what changed in the models: ARGS="what changed"
	@test -n "$(ARGS)" || { echo 'say what changed: make migrate ARGS="holds have an expiry"'; exit 1; }
	$(PYTHON) app.py db upgrade
	$(BIN)/alembic revision --autogenerate -m "$(ARGS)"

TRANSLATIONS := oauth_app/web/translations

translations: setup ## collect the texts of the pages and compile their translations
	mkdir -p instance
	$(BIN)/pybabel -q extract -F babel.cfg -k _l --no-location --sort-output -o instance/messages.pot .
	$(BIN)/pybabel -q update -i instance/messages.pot -d $(TRANSLATIONS) -w 120 --no-fuzzy-matching --ignore-obsolete
	$(BIN)/pybabel -q compile -d $(TRANSLATIONS)

# `ARGS=--upgrade` takes the newest versions that pyproject.toml allows. Needs uv.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)
LIBRARIES := tests/clients/libraries/requirements

lock: ## pin all packages with their hashes: requirements.txt, requirements-test.txt, and what tests/clients install
	$(COMPILE) pyproject.toml --extra demo --output-file requirements.txt
	$(COMPILE) pyproject.toml --extra demo --group test --constraint requirements.txt --output-file requirements-test.txt
	$(COMPILE) $(LIBRARIES).in --output-file $(LIBRARIES).txt
