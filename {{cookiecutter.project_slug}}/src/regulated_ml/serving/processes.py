"""The processes of local endpoints: started beside the one that serves, ended when they may.

Each endpoint has a folder with one folder for each process that it ever had. A process holds a lock
in its own, so whether it lives is told without trusting a number that the system gives out again.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import regulated_ml
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.platforms.interface import Report
from regulated_ml.serving.server import ALIVE, GRACE, LOG, OPTIONS, READY, ServerOptions

SOURCE = Path(regulated_ml.__file__).parents[1]
PATIENCE = 60.0  # seconds until a process that does not answer is given up
BETWEEN = 0.05  # seconds between looking and looking again


class Running(NamedTuple):
    """A process that serves."""

    endpoint: str
    version: int
    port: int
    pid: int
    folder: Path


def names(home: Path) -> list[str]:
    """The endpoints that have a folder below `home`, served or not."""
    return sorted(path.name for path in home.glob("*") if path.is_dir())


def serving(home: Path, endpoint: str) -> Running | None:
    """The process that serves an endpoint; the newest, while it takes over from another."""
    return next(iter(_alive(home / endpoint)), None)


def told(running: Running) -> ServerOptions:
    """What a process was told when it was started."""
    return ServerOptions.from_json(read_json(running.folder / OPTIONS))


def start(home: Path, options: ServerOptions, report: Report) -> Running:
    """Starts a process, waits until it serves, and ends the one that has served before.

    Raises:
        UserError: it ended, or did not answer in time; the one before goes on serving.
    """
    before = list(_alive(home / options.endpoint))
    folder = _new_folder(home / options.endpoint)
    write_json(folder / OPTIONS, options.as_json())
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "regulated_ml.serving", str(folder)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # outlives the terminal
        )
    report(0, None, "starting the endpoint")
    given_up = time.monotonic() + PATIENCE
    while not (folder / READY).is_file():
        if process.poll() is not None or time.monotonic() > given_up:
            process.kill()
            process.wait()
            raise _failure(options, folder, in_time=time.monotonic() <= given_up)
        time.sleep(BETWEEN)
    for each in before:
        stop(each, report)
    return _running(folder)


def stop(running: Running, report: Report) -> None:
    """Ends a process; what it was asked already is answered first."""
    report(0, None, "waiting for requests under way")
    os.kill(running.pid, signal.SIGTERM)
    given_up = time.monotonic() + GRACE + BETWEEN
    while _lives(running.folder):
        if time.monotonic() > given_up:
            os.kill(running.pid, signal.SIGKILL)
        time.sleep(BETWEEN)
    shutil.rmtree(running.folder / "scratch", ignore_errors=True)


def _alive(folder: Path) -> Iterator[Running]:
    """The processes of an endpoint that serve, the newest first."""
    for each in sorted(folder.glob("*/"), reverse=True):
        if (each / READY).is_file() and _lives(each):
            yield _running(each)


def _running(folder: Path) -> Running:
    content = read_json(folder / READY)
    return Running(folder.parent.name, content["version"], content["port"], content["pid"], folder)


def _lives(folder: Path) -> bool:
    try:
        with (folder / ALIVE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _new_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    last = max((int(path.name) for path in folder.glob("[0-9]*/")), default=0)
    new = folder / f"{last + 1:06}"
    new.mkdir()
    return new


def _failure(options: ServerOptions, folder: Path, *, in_time: bool) -> UserError:
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((text for line in reversed(lines) if (text := _error(line))), "")
    rule = said if in_time and said else f"it did not serve within {PATIENCE:.0f} s"
    fix = f"mend what it says; what served before goes on. Its log: {folder / LOG}"
    return UserError.one("endpoint", options.endpoint, rule, fix, ExitStatus.RESOURCE)


def _error(line: str) -> str:
    """The message of an error in the log, or the last line of a traceback before there was one."""
    try:
        content = json.loads(line)
    except ValueError:
        return line.strip()
    return str(content["message"]) if content.get("level") == "error" else ""
