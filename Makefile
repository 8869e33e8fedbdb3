# Every target is one line that also works without make; CONTRIBUTING.md says the lines.

# Python's compiled files make every later start three times faster.
unexport PYTHONDONTWRITEBYTECODE

STANDARD = {{cookiecutter.project_slug}}/src/regulated_ml
ENVIRONMENT = sh '$(STANDARD)/standard/environment.sh'
COMPILE = UV_INDEX= UV_FIND_LINKS= $(ENVIRONMENT) uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock'

.PHONY: lock
# From one index, because an extra one that has some of the files would leave out the hashes of the rest.
lock:
	@$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	@$(COMPILE) pyproject.toml --group team --constraint requirements.lock \
		--output-file '{{cookiecutter.project_slug}}/requirements.lock'
	@$(COMPILE) --group demo --constraint requirements.lock --output-file requirements-demo.lock
