# Every target is one line that also works without make; CONTRIBUTING.md says the lines.
#   make test JUNIT=FILE   writes the results as JUnit XML, too
#   make test ARGS=...     hands options to pytest instead of two processes: ARGS='tests/generation -x'

# Python's compiled files make every later start three times faster.
unexport PYTHONDONTWRITEBYTECODE

RENDERED = {{cookiecutter.project_slug}}
ENVIRONMENT = sh '$(RENDERED)/src/regulated_ml/standard/environment.sh'
SAMPLE = build/$(shell sed -n 's/^ *project_slug: *//p' examples/answers.yaml)
# From one index, because an extra one that has some of the files would leave out the hashes of the rest.
COMPILE = UV_INDEX= UV_FIND_LINKS= $(ENVIRONMENT) uv pip compile --quiet --universal \
	--python-version $(or $(PYTHON_VERSION),3.11.4) --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

# What the targets start is found here when the machine has none of its own.
export UV ?= $(or $(shell command -v uv),$(CURDIR)/.tools/bin/uv)

.PHONY: help tools setup demo test lint benchmark lock lock-container manifest

help: ## Say what each target does
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1\t/p' Makefile | expand -t 16

# cookiecutter and uv alone: a few seconds, even on a new machine.
tools:
	@UV= $(ENVIRONMENT) setup --environment .tools --lock requirements-demo.lock --no-project

setup: tools ## Make the environment .venv for tests and checks
	@$(ENVIRONMENT) setup --no-project

demo: tools ## Render the sample repository into build/ and go from data to an explained model
	@rm -rf $(SAMPLE)
	@.tools/bin/cookiecutter . --no-input --config-file examples/answers.yaml --output-dir build
	@$(MAKE) --no-print-directory -C $(SAMPLE) setup demo

test: setup ## Run all tests
	@sh tests/chromium.sh
	@.venv/bin/python -m pytest $(if $(JUNIT),--junitxml='$(JUNIT)') $(or $(ARGS),-n 2 --dist loadfile)

lint: setup ## Check style and types of the standard in place, of the tests and the benchmarks
	@.venv/bin/ruff check --config pyproject.toml .
	@.venv/bin/ruff format --config pyproject.toml --check .
	@.venv/bin/mypy

benchmark: setup ## Measure speed and size against their limits
	@.venv/bin/python -m benchmarks

lock: ## Renew the lock files (UPGRADE=--upgrade takes the newest of everything)
	@$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	@$(COMPILE) pyproject.toml --group team --constraint requirements.lock \
		--output-file '$(RENDERED)/requirements.lock'
	@$(COMPILE) --group demo --constraint requirements.lock --output-file requirements-demo.lock
	@$(COMPILE) tests/sdk.in --output-file tests/sdk.lock
	@$(COMPILE) benchmarks/drift.in --output-file benchmarks/drift.lock
	@$(COMPILE) tests/checkov.in --output-file tests/checkov.lock
	@$(COMPILE) tests/kernel.in --constraint '$(RENDERED)/requirements.lock' --output-file tests/kernel.lock
	@PYTHON_VERSION=3.12 $(MAKE) --no-print-directory lock-container

lock-container: # in the Python of the managed container
	@$(COMPILE) tests/container.in --output-file tests/container.lock

manifest: ## Renew the hashes of the standard's files
	@PYTHONPATH='$(RENDERED)/src' .venv/bin/python -m regulated_ml.standard.manifest '$(RENDERED)'
