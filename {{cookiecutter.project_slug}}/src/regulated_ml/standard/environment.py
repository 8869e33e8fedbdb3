"""Makes the environment from the lock file, and renews the lock file.

Runs before anything is installed, so it uses the standard library only and is started by
`environment.sh`, which finds a Python. Packages come from where pip's settings say: pip reads them
itself, and for uv, which does not, they are handed over as variables. Nothing is downloaded but
packages whose hashes the lock holds; a Python never is.
"""

import argparse
import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

TOOLS_LOCK = Path(__file__).with_name("tools.lock")  # uv alone, for machines that lack it
STAMP = "made-from"  # a file inside the environment: what it was made from

# pip's setting -> uv's variable, and what joins several values there.
PIP_TO_UV = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", ""),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "default-timeout": ("UV_HTTP_TIMEOUT", ""),
    "keyring-provider": ("UV_KEYRING_PROVIDER", ""),
    "cert": ("SSL_CERT_FILE", ""),
    "client-cert": ("SSL_CLIENT_CERT", ""),
    "proxy": ("ALL_PROXY", ""),
}

# For every system and Python that is supported; without addresses or names of anybody's machine.
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11.4"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"),
    *("--custom-compile-command", "make lock"),
)

# How the project itself is installed: editable, and by the build backend that the lock holds.
PROJECT = ("--no-deps", "--no-build-isolation", "--editable")


class Target(NamedTuple):
    """An environment to make: where, from which lock, with which project (or none) on top."""

    environment: Path
    lock: Path
    project: Path | None

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.environment / "bin" / "python"


def stop(sentence: str) -> NoReturn:
    """Ends with one sentence on stderr and exit status 1."""
    sys.exit(f"setup: {sentence}")


def run(command: Sequence[str], variables: Mapping[str, str], failure: str) -> None:
    """Runs a command whose output the person sees; `failure` says what to do when it fails."""
    if subprocess.run(command, env={**os.environ, **variables}, check=False).returncode:
        stop(failure)


def pip_settings(listing: str) -> dict[str, str]:
    """pip's settings from the text of `pip config list`, in pip's own order of precedence.

    Lines read `global.index-url='...'`, `install.index-url='...'` or `:env:.index-url='...'`.
    """
    rank = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        key, separator, literal = line.partition("=")
        section, _, name = key.partition(".")
        if not separator or section not in rank:
            continue
        if name not in found or rank[section] >= found[name][0]:
            found[name] = (rank[section], str(ast.literal_eval(literal)))
    return {name: value for name, (_, value) in found.items()}


def pip_listing() -> str:
    """What `pip config list` says, by the pip of this Python, else by one on PATH; may be empty.

    It may hold passwords, so it is read and never shown.
    """
    for command in ([sys.executable, "-m", "pip"], [shutil.which("pip3") or "pip3"]):
        try:
            done = subprocess.run(
                [*command, "config", "list"], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return done.stdout
    return ""


def uv_variables(settings: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """pip's settings as variables for uv; a variable that is `present` already stays as it is.

    uv then does as pip does with several indexes: it takes the best version that any of them has.
    """
    variables = {"UV_PYTHON_DOWNLOADS": "never"}
    if "UV_INDEX_STRATEGY" not in present:
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    for name, value in settings.items():
        variable, separator = PIP_TO_UV.get(name, ("", ""))
        if variable and variable not in present:
            variables[variable] = separator.join(value.split()) if separator else value
    return variables


def base_python() -> str:
    """This Python, or the one behind it where this is that of an environment, soon cleared."""
    return str(getattr(sys, "_base_executable", sys.executable))


def find_uv(root: Path) -> str | None:
    """The uv that the variable UV names, that on PATH, or the one that `make lock` installed."""
    names = (os.environ.get("UV") or "uv", "uv", str(root / ".tools" / "bin" / "uv"))
    return next((path for name in names if (path := shutil.which(name))), None)


def stamp(target: Target) -> str:
    """What an environment is made from: when this is unchanged, there is nothing to do."""
    digest = hashlib.sha256()
    sources = [target.lock, *([target.project / "pyproject.toml"] if target.project else [])]
    for source in sources:
        digest.update(source.read_bytes())
    # Scripts and the editable project hold absolute paths, so a folder that moved is made anew.
    return f"{digest.hexdigest()} {target.environment}\n"


def is_current(target: Target) -> bool:
    """Whether the environment stands and was made, to its end, from the present files."""
    made_from = target.environment / STAMP
    if not (made_from.is_file() and target.python.exists()):
        return False
    return made_from.read_text(encoding="utf-8") == stamp(target)


def make_by_uv(target: Target, uv: str) -> None:
    """Makes the environment anew with uv."""
    variables = uv_variables(pip_settings(pip_listing()), os.environ)
    quiet = [] if sys.stderr.isatty() else ["--quiet"]  # its progress is for people
    venv = [uv, "venv", "--quiet", "--clear", "--python", base_python(), str(target.environment)]
    run(venv, variables, f"{target.environment} could not be made; the line above says why")
    install = [uv, "pip", "install", "--python", str(target.python)]
    locked = [*install, *quiet, "--require-hashes", "--requirement", str(target.lock)]
    run(locked, variables, _not_installed(target))
    if target.project:
        project = ["--quiet", *PROJECT, str(target.project)]
        run([*install, *project], variables, "the project itself could not be installed")


def make_by_pip(target: Target) -> None:
    """Makes the environment anew with Python's own venv and pip."""
    venv = [base_python(), "-m", "venv", "--clear", str(target.environment)]
    run(venv, {}, "Python's venv failed: install it (Debian: python3-venv), or uv")
    pip = [str(target.python), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    run([*pip, "--require-hashes", "-r", str(target.lock)], {}, _not_installed(target))
    if target.project:
        project = [*PROJECT, str(target.project)]
        run([*pip, *project], {}, "the project itself could not be installed")


def _not_installed(target: Target) -> str:
    return (
        f"{target.lock.name} could not be installed; the lines above say why. Packages come from "
        "where pip's settings say (pip config list), and must have the hashes in the lock file"
    )


def setup(target: Target, root: Path) -> None:
    """Makes the environment, unless it stands already."""
    if is_current(target):
        return
    if not target.lock.is_file():
        stop(f"{target.lock} is missing: restore it from git, or make it with `make lock`")
    version = ".".join(str(part) for part in sys.version_info[:3])
    uv = find_uv(root)
    if uv and Path(uv).is_relative_to(target.environment):
        uv = None  # it would clear the folder that it runs from
    by = "uv" if uv else "pip"
    print(
        f"setup: {target.environment.name} from {target.lock.name}, Python {version}, by {by}",
        flush=True,
    )
    if uv:
        make_by_uv(target, uv)
    else:
        make_by_pip(target)
    (target.environment / STAMP).write_text(stamp(target), encoding="utf-8")


def ready_uv(root: Path) -> str:
    """uv, put into `.tools` first where the machine has none."""
    if not find_uv(root):
        setup(Target(root / ".tools", TOOLS_LOCK, None), root)
    return find_uv(root) or stop("uv is missing: install it, then start again")


def lock(root: Path, upgrade: bool) -> None:
    """Renews `requirements.lock` from `pyproject.toml`; present pins stay where they may."""
    target = root / "requirements.lock"
    sources = ["pyproject.toml", "--group", "dev", *(["--upgrade"] if upgrade else [])]
    with tempfile.TemporaryDirectory(prefix=".lock-", dir=root) as folder:
        renewed = Path(folder) / target.name
        if target.exists() and not upgrade:
            shutil.copyfile(target, renewed)
        run(
            [ready_uv(root), *COMPILE, *sources, "--output-file", str(renewed)],
            uv_variables(pip_settings(pip_listing()), os.environ),
            "requirements.lock stays as it was; the lines above say which dependency is wrong",
        )
        renewed.replace(target)
    print("setup: requirements.lock is renewed; `make setup` installs it")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="environment.sh", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    makes = verbs.add_parser("setup", help="make the environment from the lock file")
    makes.add_argument("--environment", default=".venv", help="its folder")
    makes.add_argument("--lock", default="requirements.lock", help="the lock file")
    makes.add_argument("--no-project", action="store_true", help="install what is locked only")
    renews = verbs.add_parser("lock", help="renew requirements.lock from pyproject.toml")
    renews.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    verbs.add_parser("uv", help="run uv with pip's settings", add_help=False)
    options, rest = parser.parse_known_args()
    root = Path.cwd()
    if options.verb == "uv":
        settings = uv_variables(pip_settings(pip_listing()), os.environ)
        run([ready_uv(root), *rest], settings, "uv failed; the lines above say why")
    elif rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    elif options.verb == "lock":
        lock(root, options.upgrade)
    else:
        project = None if options.no_project else root
        setup(Target(root / options.environment, root / options.lock, project), root)


if __name__ == "__main__":
    main()
