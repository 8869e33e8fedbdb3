"""Git as the runs need it: a commit checked out beside the work tree, a tag, a push.

Every call is a process without a shell, and without the variables GIT_* of a hook that may have
started us. What git says goes to the reader, so its language is English whatever the machine's is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.tracking.locking import exclusive

BESIDE = "rml-reproduce-"  # begins the name of a temporary folder with work trees
HELD = "held"  # a file in it, locked for as long as its process lives
# What a hook does after a checkout is meant for a person's work, and would change what is compared.
WITHOUT_HOOKS = ("-c", "core.hooksPath=/dev/null")
SAID_LINES = 3  # of git's own words, in an error


def run(
    root: Path,
    *arguments: str,
    text: str = "",
    locks: tuple[int, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """What git does and says in a folder, whatever its exit status; it never asks the terminal.

    `text` is its standard input. `locks` are descriptors that are held for as long as it lives.

    Raises:
        FileNotFoundError: git is not installed.
    """
    return subprocess.run(
        ["git", "-C", str(root), *arguments],
        input=text,
        env={**_environment(), **(environment or {})},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",  # a file's name may be in another encoding
        pass_fds=locks,
        check=False,
    )


def file_in(root: Path, commit: str, path: str) -> bytes | None:
    """The bytes of a file as a commit has it; None where git is not there or has none."""
    show = ["git", "-C", str(root), "show", f"{commit}:{path}"]
    try:
        done = subprocess.run(show, env=_environment(), capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', os.defpath)}"
    asked = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": "", "PATH": programs}
    return {**own, **asked}


class Git:
    """The repository that a folder is the top of.

    Raises:
        UserError: git is not installed, or the folder is not the top of a repository.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if shutil.which("git") is None:
            fix = "install git, and start again"
            raise UserError.one("git", "", "git is not installed", fix, ExitStatus.RESOURCE)
        done = self.run("rev-parse", "--show-toplevel")
        if done.returncode or Path(done.stdout.strip()).resolve() != root.resolve():
            why = said(done) if done.returncode else "it lies inside another repository"
            rule = f"the folder is no git repository of its own: {why}"
            fix = "work in a clone of the team's repository: it has the commits of the runs"
            raise UserError.one("git", root, rule, fix)

    def run(
        self,
        *arguments: str,
        text: str = "",
        locks: tuple[int, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """What git does and says, whatever its exit status."""
        return run(self.root, *arguments, text=text, locks=locks, environment=environment)

    def output(self, *arguments: str) -> str | None:
        """What git prints, or None where it fails."""
        done = self.run(*arguments)
        return done.stdout.rstrip("\n") if done.returncode == 0 else None

    def has(self, commit: str) -> bool:
        """Whether the commit is here, with its files."""
        return self.output("cat-file", "-e", f"{commit}^{{tree}}") is not None

    @property
    def is_shallow(self) -> bool:
        """Whether the clone was made without its history."""
        return self.output("rev-parse", "--is-shallow-repository") == "true"

    def lost(self, commit: str) -> UserError:
        """What is said of a commit that is not here."""
        if self.is_shallow:
            rule = "the clone was made without its history, and the commit of the run is not in it"
            fix = "git fetch --unshallow"
        else:
            rule = "the commit of the run is not in this clone"
            fix = "git fetch --all; a commit that was never pushed is on the machine of the run"
        return UserError.one("commit", commit, rule, fix)

    @contextmanager
    def beside(self) -> Iterator["WorkTrees"]:
        """Work trees of commits in a temporary folder, which is gone after the block.

        What a killed process left behind is removed first.
        """
        self._sweep()
        with tempfile.TemporaryDirectory(prefix=BESIDE) as name:
            folder = Path(name).resolve()
            with exclusive(folder / HELD) as lock:
                try:
                    yield WorkTrees(self, folder, lock)
                finally:
                    shutil.rmtree(folder / WorkTrees.FOLDER, ignore_errors=True)
                    self.run("worktree", "prune")

    def _sweep(self) -> None:
        """Removes temporary folders of processes that no longer live."""
        listed = self.output("worktree", "list", "--porcelain") or ""
        paths = [Path(line[9:]) for line in listed.splitlines() if line.startswith("worktree ")]
        for folder in {path.parent.parent for path in paths}:
            if folder.name.startswith(BESIDE) and not _is_held(folder / HELD):
                shutil.rmtree(folder, ignore_errors=True)
        self.run("worktree", "prune")


class WorkTrees:
    """Commits checked out below a temporary folder, each once."""

    FOLDER = "trees"

    def __init__(self, git: Git, folder: Path, lock: int) -> None:
        self._git = git
        self.folder = folder  # for whatever else goes with the block
        self.lock = lock  # descriptor; a child that inherits it keeps the folder from being swept

    def of(self, commit: str) -> Path:
        """The files of a commit as they are in git, and nothing else.

        Raises:
            UserError: the commit is not in this clone, or git cannot check it out.
        """
        path = self.folder / self.FOLDER / commit
        if path.exists():
            return path
        if not self._git.has(commit):
            raise self._git.lost(commit)
        add = (*WITHOUT_HOOKS, "worktree", "add", "--quiet", "--detach")
        done = self._git.run(*add, str(path), commit)
        if done.returncode:
            rule = f"git cannot check the commit out: {said(done)}"
            raise UserError.one("commit", commit, rule, "mend what git says, and start again")
        return path


def said(done: "subprocess.CompletedProcess[str]") -> str:
    """The last lines of what git said, in one line, without its advice."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    words = [line for line in lines if not line.startswith("hint:")]
    return "; ".join(words[-SAID_LINES:]) or f"it ended with status {done.returncode}"


def _is_held(lock: Path) -> bool:
    """Whether the process that locked a file lives."""
    import fcntl

    try:
        with lock.open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # its process was killed before it locked anything, or the folder is gone
    return False
