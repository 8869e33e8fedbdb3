"""kill -9 while a version is registered and approved: the act is done as a whole, or not at all.

Half of the moments lie anywhere in the command, half in the few milliseconds in which it writes.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from regulated_ml.errors import UserError
from regulated_ml.tracking import registry, trail
from regulated_ml.tracking.store import RunStore

from .conftest import Registry

pytestmark = pytest.mark.slow

# Of each act; RML_KILLS asks for more.
MOMENTS = int(os.environ.get("RML_KILLS", "2"))  # read before the environment is scrubbed
COMMANDS = {"register": ("dev", "register"), "approve": ("anna", "approve", "v1")}
AFTER_THE_FOLDER = 0.4  # seconds in which an act writes its files


@pytest.mark.parametrize("act", COMMANDS)
def test_a_kill_leaves_the_whole_act_or_nothing(act: str, request: pytest.FixtureRequest) -> None:
    start: Registry = request.getfixturevalue("trained" if act == "register" else "registered")
    pristine = start.repository.parent / f"pristine-{act}"
    shutil.copytree(start.repository / "runs", pristine, symlinks=True)
    whole = _seconds(start, act)
    random.seed(4)
    counts = {True: 0, False: 0}
    for moment in range(MOMENTS):
        _restore(start, pristine)
        command = _start(start, act)
        if moment % 2:
            time.sleep(random.uniform(0, whole))
        else:
            _wait_for_the_folder(start, command)
            time.sleep(random.uniform(0, AFTER_THE_FOLDER))
        command.send_signal(signal.SIGKILL)
        command.wait()
        counts[_is_done_as_a_whole(start, act)] += 1
        # Started again it completes the act, once.
        assert _start(start, act).wait(timeout=120) == 0
        assert len(list(_acts(start, act))) == 1
        assert _is_done_as_a_whole(start, act)
    print(f"{act}: {MOMENTS} kills, {counts[True]} with the act done, {counts[False]} without")


def _start(start: Registry, act: str) -> "subprocess.Popen[bytes]":
    person, *arguments = COMMANDS[act]
    return subprocess.Popen(
        [sys.executable, "-m", "regulated_ml", "model", *arguments],
        cwd=start.repository,
        env={**os.environ, "PYTHONPATH": "src", "LOGNAME": person},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _seconds(start: Registry, act: str) -> float:
    began = time.monotonic()
    assert _start(start, act).wait(timeout=120) == 0
    return time.monotonic() - began


def _restore(start: Registry, pristine: Path) -> None:
    shutil.rmtree(start.repository / "runs")
    shutil.copytree(pristine, start.repository / "runs", symlinks=True)


def _wait_for_the_folder(start: Registry, command: "subprocess.Popen[bytes]") -> None:
    while command.poll() is None:
        if list((start.repository / "runs/.incomplete").glob("*.lock")):
            return
        time.sleep(0.002)


def _acts(start: Registry, act: str) -> Iterator[Path]:
    return (start.repository / "runs").glob(f"{act}-*/record.json")


def _is_done_as_a_whole(start: Registry, act: str) -> bool:
    """Whether the act is there; everything that is there is whole, and the trail agrees."""
    store = RunStore(start.repository / "runs", "local")
    store.settle()
    assert not trail.verify(store.trail, store.records)
    for run in store.all():
        assert not store.damage(run)
        assert not store.added(run)
    with suppress(UserError):
        version = registry.find(store.all(), "v1")
        return act == "register" or version.status == "approved"
    return False
