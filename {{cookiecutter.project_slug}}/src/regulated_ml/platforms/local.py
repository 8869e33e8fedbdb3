"""Runs jobs as processes of this machine, over the folders that SageMaker would give them."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from importlib import metadata
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import write_json
from regulated_ml.platforms.archive import pack
from regulated_ml.platforms.interface import (
    LOG,
    MODEL_ARCHIVE,
    Job,
    Report,
    as_text,
    report_progress,
)

BASE = "opt-ml"  # stands for /opt/ml; lies in the destination while the job runs
SHOWN_LINES = 15  # of the log, when a job fails
# The packages that a job may import; those of the managed container.
JOB_PACKAGES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost", "xgboost-cpu")


class LocalPlatform:
    """This machine: the code below a root, no account, and our own Python unless one is named."""

    def __init__(self, root: Path, logs: Path, python: Path | None = None) -> None:
        self._source = root / "src"
        self._root = root
        self._python = str(python or sys.executable)
        self._logs = logs  # where the logs of failed jobs are kept

    def packages(self) -> dict[str, str]:
        """The Python minor version, and the version of each package that a job may import."""
        versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
        for name in JOB_PACKAGES:
            try:
                versions[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue  # xgboost and xgboost-cpu are the same package by two names
        return versions

    def start(self, job: Job, destination: Path, locks: tuple[int, ...] = ()) -> "LocalJob":
        """Lays out the job's folders and starts its process."""
        base = destination / BASE
        _lay_out(job, base)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SM_")},
            "SAGEMAKER_BASE_DIR": str(base),
            "PYTHONPATH": str(self._source),
            "PYTHONUNBUFFERED": "1",
            # Without the hash seed of the parent, a set's order could reach an output.
            "PYTHONHASHSEED": "0",
        }
        process = subprocess.Popen(
            [self._python, "-m", job.module],
            cwd=self._root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=locks,
        )
        return LocalJob(job, process, destination, self._logs, self._source)


class LocalJob:
    """A job's process, its log, and what becomes of its outputs."""

    def __init__(
        self,
        job: Job,
        process: "subprocess.Popen[str]",
        destination: Path,
        logs: Path,
        source: Path,
    ) -> None:
        self._job, self._process = job, process
        self._destination, self._logs, self._source = destination, logs, source
        self._base = destination / BASE

    def wait(self, report: Report) -> None:
        """Follows the log until the process ends, then moves the outputs to the destination."""
        log = self._destination / LOG
        last: deque[str] = deque(maxlen=SHOWN_LINES)
        with log.open("w", encoding="utf-8") as file:
            for line in self._process.stdout or ():
                file.write(line)
                if not report_progress(line, report):
                    last.append(line.rstrip())
        status = self._process.wait()
        if status:
            self._logs.mkdir(parents=True, exist_ok=True)
            kept = self._logs / f"{self._job.name}.log"
            shutil.move(log, kept)
            raise self._failure(status, last, kept)
        self._collect()

    def stop(self) -> None:
        """Kills the process; a checkpoint is whole or not there, so nothing needs time to end."""
        self._process.kill()
        self._process.wait()

    def _collect(self) -> None:
        if self._job.kind == "training":
            pack(self._base / "model", self._destination / MODEL_ARCHIVE)
            _move_all(self._base / "output/data", self._destination)
        else:
            _move_all(self._base / "processing/output", self._destination)
        shutil.rmtree(self._base)

    def _failure(self, status: int, last: deque[str], log: Path) -> UserError:
        sentence = self._base / "output/failure"
        place = _raised_at(log, self._source)
        if sentence.is_file():
            rule = place + sentence.read_text(encoding="utf-8", errors="replace").strip()
        elif status < 0:
            number = -status
            known = number in {*signal.Signals}
            rule = f"the job was stopped by {signal.Signals(number).name if known else number}"
            if number == signal.SIGKILL:
                rule += ", as happens when the machine runs out of memory"
        else:
            said = next((line for line in reversed(last) if line), "")
            rule = place + (said or f"the job ended with exit status {status}")
        fix = f"mend what it says and start again; the whole log is in {log}"
        return UserError.one(f"{self._job.step} job", self._job.module, rule, fix, ExitStatus.JOB)


def _lay_out(job: Job, base: Path) -> None:
    """The folders, channels and parameters as SageMaker provides them below /opt/ml."""
    training = job.kind == "training"
    channels = base / ("input/data" if training else "processing/input")
    outputs = ("model", "output/data") if training else ("processing/output", "output")
    for folder in (channels, *(base / output for output in outputs)):
        folder.mkdir(parents=True)
    for place, source in job.channels.items():
        (channels / place).parent.mkdir(parents=True, exist_ok=True)
        (channels / place).symlink_to(source, target_is_directory=source.is_dir())
    if training:
        write_json(base / "input/config/hyperparameters.json", as_text(job.parameters))
    else:
        write_json(channels / "parameters/parameters.json", dict(job.parameters))
    if job.checkpoints:
        job.checkpoints.mkdir(parents=True, exist_ok=True)
        (base / "checkpoints").symlink_to(job.checkpoints, target_is_directory=True)


def _raised_at(log: Path, source: Path) -> str:
    """The last place below src/ in the log's last traceback, or nothing where there is none.

    A place in the team's package goes before one in the standard's jobs, which only passed it on.
    """
    text = log.read_text(encoding="utf-8", errors="replace").rpartition("Traceback (most")[2]
    root = re.escape(str(source))
    places = re.findall(rf'File "{root}/([^"]+)", line (\d+)', text)
    own = [place for place in places if not place[0].startswith("regulated_ml/")] or places
    return f"src/{own[-1][0]} line {own[-1][1]}: " if own else ""


def _move_all(source: Path, destination: Path) -> None:
    for path in sorted(source.iterdir()):
        path.rename(destination / path.name)
