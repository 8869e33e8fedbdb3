"""Makes the rendered folder a git repository and says what comes next; offline, no commit.

Jinja renders this file before it runs, so `tojson` alone may write an answer into it. It imports
little, not even pathlib, because its start is a tenth of the time that rendering takes.
"""

# ruff: noqa: PTH109, PTH110, PTH118, PTH119, PTH120
import os
import sys

REMOTE = {{ cookiecutter.__git_remote | tojson }}  # fmt: skip  # noqa: F821
# Set by cruft, which also renders into temporary folders, to compare versions.
CRUFT = {{ cookiecutter._commit | default("") | string | tojson }}  # fmt: skip  # noqa: F821


def remove_bytecode() -> None:
    """It comes along from a template in whose folder the standard was run."""
    for folder, names, _ in os.walk("."):
        if "__pycache__" in names:
            from shutil import rmtree

            names.remove("__pycache__")
            rmtree(os.path.join(folder, "__pycache__"))


def git(*arguments: str) -> bool:
    """Runs git and says whether it did what it was asked; what went wrong, it says itself."""
    # Variables like GIT_DIR, set while a hook of git's runs, would lead into another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = os.posix_spawnp("git", ["git", *arguments], environment)
    except FileNotFoundError:
        return False
    return os.waitpid(process, 0)[1] == 0


def print_next_steps(folder: str, caller: str) -> None:
    """The commands that come next, given from where the caller stands."""
    if os.path.dirname(folder) == caller:
        folder = os.path.basename(folder)  # the slug, which needs no quotes
    else:
        from shlex import quote

        is_below = bool(caller) and folder.startswith(f"{caller}/")
        if CRUFT and not is_below:
            return
        folder = quote(os.path.relpath(folder, caller) if is_below else folder)
    print(f"\n  cd {folder}\n  make setup\n  make demo\n")
    print("Once you are signed in to the AWS account, see whether it is ready for the jobs:\n")
    print("  .venv/bin/rml --env dev environment preflight\n")


# A folder may have a name that the terminal's encoding lacks.
sys.stdout.reconfigure(errors="backslashreplace")
remove_bytecode()
is_repository = os.path.exists(".git") or (
    git("init", "--quiet", "--initial-branch=main") and git("remote", "add", "origin", REMOTE)
)
if not is_repository:
    print("The folder is no git repository yet. Make it one with: git init --initial-branch=main")
print_next_steps(os.getcwd(), os.environ.get("PWD", ""))
