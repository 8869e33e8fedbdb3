"""Makes the rendered folder a git repository and says what comes next; offline, no commit.

Jinja renders this file before it runs, so `tojson` alone may write an answer into it. It imports
little, not even pathlib, because its start is a tenth of the time that rendering takes.
"""

# ruff: noqa: PTH109, PTH110, PTH118, PTH119, PTH120
import os

REMOTE = {{ cookiecutter.__git_remote | tojson }}  # fmt: skip  # noqa: F821


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
    return os.spawnvpe(os.P_WAIT, "git", ["git", *arguments], environment) == 0


def here() -> str:
    """This folder as the caller would name it, quoted for a shell."""
    folder, caller = os.getcwd(), os.environ.get("PWD", "")
    if os.path.dirname(folder) == caller:
        return os.path.basename(folder)  # the slug, which needs no quotes
    from shlex import quote

    is_below = bool(caller) and folder.startswith(f"{caller}/")
    return quote(os.path.relpath(folder, caller) if is_below else folder)


remove_bytecode()
is_repository = os.path.exists(".git") or (
    git("init", "--quiet", "--initial-branch=main") and git("remote", "add", "origin", REMOTE)
)
if not is_repository:
    print("The folder is no git repository yet. Make it one with: git init --initial-branch=main")
print(f"\n  cd {here()}\n  make setup\n  make demo\n")
