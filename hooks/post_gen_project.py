"""Makes the rendered folder a git repository and says what comes next; offline, no commit.

Rendered by Jinja before it runs: `tojson` alone writes answers into it.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

REMOTE = {{ cookiecutter.__git_remote | tojson }}  # fmt: skip  # noqa: F821


def git(*arguments: str) -> None:
    # Variables like GIT_DIR, set while a hook of git's runs, would lead into another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *arguments], env=environment, check=True)


def initialise() -> None:
    """A repository with the branch main and the remote origin, unless there is one already."""
    if Path(".git").exists():
        return
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", REMOTE)


def here() -> str:
    """This folder, as the caller would name it."""
    folder, caller = Path.cwd(), os.environ.get("PWD", "")
    return str(folder.relative_to(caller) if caller and folder.is_relative_to(caller) else folder)


# Bytecode comes along from a template in whose folder the standard was run.
for cache in [*Path("src").rglob("__pycache__"), *Path("tests").rglob("__pycache__")]:
    shutil.rmtree(cache)
try:
    initialise()
except (OSError, subprocess.CalledProcessError) as error:
    print(f"The folder is not a git repository yet ({error}); make it one: git init")
print(f"\n  cd {shlex.quote(here())}\n  make setup\n  make demo\n")
