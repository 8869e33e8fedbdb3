#!/bin/sh
# Finds a Python that works, 3.12 first (the version of the managed container, and the smallest
# environment), and runs environment.py with it. A candidate is tried by running it, because a name
# on PATH may be a shim with nothing behind it.
here=$(dirname "$0")
unset PYTHONDONTWRITEBYTECODE

works() {
    "$1" -c 'import ssl, sys, venv; sys.exit(not (3, 11, 4) <= sys.version_info[:3] < (3, 14))' \
        >/dev/null 2>&1
}

for version in 3.12 3.13 3.11; do
    for python in ${PYTHON:-} "python$version" \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python"$version"; do
        works "$python" && exec "$python" "$here/environment.py" "$@"
    done
done
for python in python3 python; do
    works "$python" && exec "$python" "$here/environment.py" "$@"
done
echo "setup: this needs Python 3.12, 3.13 or 3.11 (from 3.11.4 on), and none was found: install one," \
    "or name it, as in PYTHON=/path/to/python3.12 make setup" >&2
exit 1
