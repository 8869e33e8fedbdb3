"""What a record says of the world outside the job: code, dependencies, person."""

import getpass
import hashlib
import os
import platform
import pwd
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name, canonicalize_version

from regulated_ml import locks
from regulated_ml.files import sha256
from regulated_ml.identifiers import visible
from regulated_ml.locks import LOCK
from regulated_ml.tracking import git
from regulated_ml.tracking.records import Commit, Dependencies, Identity

LISTED_CHANGES = 20
SKIP_WORKTREE = "S"  # a mark of `git ls-files -v`; in lower case it stands for assume-unchanged
UNDECEIVED = ("-c", "core.fsmonitor=false")  # whose program may say that nothing has changed
ALL_FILES = ("--no-renames", "--untracked-files=all")


def commit(root: Path) -> Commit:
    """The commit of the repository at `root`, and what differs from it.

    What git was told not to look at counts as changed, and so does everything where it fails:
    nobody can then say that the code is that of the commit.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None:
        return _uncommitted("no git repository: the state of the code cannot be named")
    if Path(top).resolve() != root.resolve():
        # Another repository's commit says nothing about this code.
        return _uncommitted("the folder lies inside another git repository")
    changed, hidden = _changed(root), _hidden(root)
    known = changed is not None and hidden is not None
    listed = list(dict.fromkeys((*(changed or ()), *(hidden or ()))))
    sha = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    return Commit(
        sha=sha,
        branch=_git(root, "symbolic-ref", "--short", "--quiet", "HEAD"),
        dirty=bool(listed) or not known,
        changed=tuple(listed[:LISTED_CHANGES]),
        note=_note(sha, known, hidden),
    )


def _changed(root: Path) -> list[str] | None:
    """The files that differ from the commit; None where git does not say.

    What a person's settings of git leave out is asked for all the same.
    """
    status = _git(root, *UNDECEIVED, "status", *ALL_FILES, "--porcelain=v1", "-z")
    if status is None:
        return None
    return [entry[3:] for entry in status.split("\0") if len(entry) > 3]


def _hidden(root: Path) -> list[str] | None:
    """The files that are marked so that git does not look at them; None where it does not say."""
    listed = _git(root, "ls-files", "-v", "-z")
    if listed is None:
        return None
    marked = (entry.partition(" ") for entry in listed.split("\0"))
    return [path for mark, _, path in marked if mark == SKIP_WORKTREE or mark.islower()]


def _note(sha: str | None, known: bool, hidden: list[str] | None) -> str:
    if sha is None:
        return "the repository has no commit yet"
    if not known:
        return "git does not say which files differ from it: `git status` fails"
    if hidden:
        count = "1 file" if len(hidden) == 1 else f"{len(hidden)} files"
        return f"git was told not to look at {count} (git ls-files -v shows which)"
    return ""


def commit_warnings(state: Commit) -> list[str]:
    """What a reader of the record should know about the state of the code."""
    if state.sha is None:
        return [f"The code is in no commit: {state.note}."]
    if state.dirty:
        why = f": {state.note}" if state.note else ""
        return [f"The code differs from commit {state.sha[:12]}{why}."]
    return []


def dependencies(root: Path) -> Dependencies:
    """The interpreter, the hash of the lock file and every installed distribution."""
    lock = root / LOCK
    return Dependencies(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        lock=sha256(lock) if lock.is_file() else None,
        packages=dict(_installed()),
    )


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    """Every distribution and its version; a process reads them once, 0.3 s for 200."""
    return tuple(sorted((d.name.lower(), d.version) for d in metadata.distributions()))


def dependency_warnings(root: Path, installed: Dependencies) -> list[str]:
    """Where what is installed is not what the lock file says for this interpreter."""
    lock = root / LOCK
    if not lock.is_file():
        return [f"There is no {LOCK}: the versions are not pinned."]
    pins, mistakes = locks.read(lock.read_text(encoding="utf-8"))
    there = {canonicalize_name(name): version for name, version in installed.packages.items()}
    different = [
        f"{pin.name} {there.get(pin.name, 'is missing')} (locked: {pin.version})"
        for pin in pins
        if pin.applies() and not _is(there.get(pin.name), pin)
    ]
    warnings = [f"{LOCK} cannot be relied on: {mistake}." for mistake in mistakes]
    if different:
        warnings.append(f"Installed packages differ from {LOCK}: {', '.join(different)}.")
    return warnings


def identity() -> Identity:
    """The user and the machine; what the environment claims, and what the system knows."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        account = f"uid {os.getuid()}"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = account
    # LOGNAME can hold anything: a line break would write a line of its own into a tag or a log.
    user, host, account = map(visible, (user, platform.node(), account))
    return Identity(user=user, host=host, account=account)


def source_files(folder: Path) -> list[Path]:
    """Every file below `folder` but caches: compiled Python, and hidden folders of tools."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(
            part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts
        )
    ]


def code_hash(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over names and bytes of source files, independent of the order they come in."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _is(version: str | None, pin: locks.Pin) -> bool:
    # 2026.01 and 2026.1 are one version (PEP 440); what is no version at all equals none.
    return version is not None and canonicalize_version(version) == canonicalize_version(
        pin.version
    )


def _uncommitted(note: str) -> Commit:
    return Commit(sha=None, branch=None, dirty=True, changed=(), note=note)


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None when it fails or is not there."""
    try:
        result = git.run(root, *arguments)
    except FileNotFoundError:
        return None
    return result.stdout.rstrip("\n") if result.returncode == 0 else None
