"""Folders as SageMaker lays them out below /opt/ml, and jobs run over them as processes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPLIT = {"validation": 0.1, "test": 0.2, "seed": 42, "time_column": None}


class OptMl:
    """A folder that stands for /opt/ml.

    Args:
        base: the folder.
        source: what is on the path of Python, as the team's repository has it.
        python: the interpreter that runs the jobs.
    """

    def __init__(self, base: Path, source: Path, python: str = sys.executable) -> None:
        self.base, self.source, self._python = base, source, python

    def processing(
        self, module: str, channels: Mapping[str, Path], parameters: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a processing job."""
        self.lay_out_processing(channels, parameters)
        return self.run(module)

    def lay_out_processing(self, channels: Mapping[str, Path], parameters: Any) -> None:
        """The inputs of a processing job: files or folders, by their place below the input."""
        inputs = self.base / "processing/input"
        _link(inputs, channels)
        _write(inputs / "parameters/parameters.json", parameters)

    def training(
        self, module: str, channels: Mapping[str, Path], hyperparameters: Mapping[str, Any]
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a training job."""
        self.lay_out_training(channels, hyperparameters)
        return self.run(module)

    def lay_out_training(
        self, channels: Mapping[str, Path], hyperparameters: Mapping[str, Any]
    ) -> None:
        """The folders and files of a training job; SageMaker passes every value as text."""
        _link(self.base / "input/data", channels)
        texts = {name: json.dumps(value) for name, value in hyperparameters.items()}
        _write(self.base / "input/config/hyperparameters.json", texts)

    def run(self, module: str) -> "subprocess.CompletedProcess[str]":
        """Runs a job's module over what has been laid out."""
        return self.python("-m", module)

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs Python as for a job."""
        return subprocess.run(
            [self._python, *arguments],
            env=self.environment,
            cwd=self.base,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a job's process is given."""
        return {
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(self.base),
            "PYTHONPATH": str(self.source),
        }

    def output(self, name: str) -> Path:
        """The folder of a processing job's output."""
        return self.base / "processing/output" / name

    @property
    def model(self) -> bytes:
        """The bytes of the trained model."""
        return (self.base / "model/xgboost-model.ubj").read_bytes()

    @property
    def failure(self) -> str:
        """What the job left for SageMaker to show."""
        return (self.base / "output/failure").read_text(encoding="utf-8").strip()


def _link(folder: Path, channels: Mapping[str, Path]) -> None:
    for place, source in channels.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).symlink_to(source.resolve())


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
