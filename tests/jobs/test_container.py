"""The jobs in an environment with exactly the versions of the managed XGBoost container 3.2-0.

Training is entered as in the container, through sagemaker-training.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from container import ENTRY

from .clients import DATASET, clients
from .opt_ml import SPLIT, OptMl
from .test_evaluate import PARAMETERS as EVALUATION
from .test_explain import PARAMETERS as EXPLANATION

pytestmark = pytest.mark.slow

# Of the container's own list; the rest of the lock is what these and its entry need.
VERSIONS = {
    "numpy": "2.1.0",
    "pandas": "2.2.3",
    "pyarrow": "22.0.0",
    "scikit-learn": "1.8.0",
    "scipy": "1.15.0",
    "xgboost-cpu": "3.2.0",
}
HYPERPARAMETERS = {"rounds": 40, "seed": 5, "max_depth": 4, "subsample": 0.8, "eta": 0.3}


class Container(OptMl):
    """A container: its Python, and nothing of ours on the path but what a job brings along."""

    def train(
        self, package: str, channels: Mapping[str, Path], hyperparameters: Mapping[str, Any]
    ) -> "subprocess.CompletedProcess[str]":
        """Trains by the container's entry, from a folder with a one-line program on top."""
        code = self.base / "submitted"
        code.mkdir()
        for name in (package, "regulated_ml"):
            (code / name).symlink_to(self.source / name)
        line = f"import runpy; runpy.run_module('{package}.train', run_name='__main__')\n"
        (code / "program.py").write_text(line)
        own = {"sagemaker_program": "program.py", "sagemaker_submit_directory": str(code)}
        self.lay_out_training(channels, {**hyperparameters, **own})
        for name, content in CONFIGURATION.items():
            (self.base / "input/config" / name).write_text(json.dumps(content))
        self.source = self.base  # the entry finds the code by itself
        return self.python(str(ENTRY))

    @property
    def environment(self) -> dict[str, str]:
        # Without the last one, the entry waits for the host's name to be known in the network.
        return {
            **super().environment,
            "PYTHONDONTWRITEBYTECODE": "1",
            "SM_STUDIO_LOCAL_MODE": "true",
        }


CONFIGURATION: dict[str, Any] = {
    "resourceconfig.json": {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "network_interface_name": "lo",
    },
    "inputdataconfig.json": {
        name: {"ContentType": "application/x-parquet", "TrainingInputMode": "File"}
        for name in ("train", "validation")
    },
}


@pytest.fixture
def container(tmp_path: Path, source: Path, container_python: str) -> Container:
    """A new container."""
    base = tmp_path / "container"
    base.mkdir()
    return Container(base, source, container_python)


def test_the_environment_has_the_versions_of_the_container(container: Container) -> None:
    code = f"""
import importlib.metadata, json
print(json.dumps({{name: importlib.metadata.version(name) for name in {list(VERSIONS)}}}))
"""
    assert json.loads(container.python("-c", code).stdout) == VERSIONS


def test_no_job_imports_what_the_container_lacks(container: Container, package: str) -> None:
    names = [path.stem for path in (container.source / "regulated_ml/jobs").glob("*.py")]
    modules = [f"regulated_ml.jobs.{name}" for name in names if name != "__init__"]
    modules += [f"{package}.{name}" for name in ("features", "prepare", "train")]
    for module in ("shap", "pydantic", "typer", "yaml", "matplotlib"):
        assert container.python("-c", f"import {module}").returncode == 1, module
    done = container.python("-c", "; ".join(f"import {module}" for module in modules))
    assert done.returncode == 0, done.stderr


def test_prepare_writes_the_same_rows(
    container: Container, prepared: Path, package: str, tmp_path: Path
) -> None:
    clients(3000).to_parquet(tmp_path / "table.parquet")
    done = container.processing(
        f"{package}.prepare",
        {"data/table.parquet": tmp_path / "table.parquet"},
        {"dataset": DATASET, "split": SPLIT},
    )
    assert done.returncode == 0, done.stderr
    for name in ("train", "validation", "test"):
        for file in ("features.parquet", "measurements.parquet"):
            ours, theirs = (
                pd.read_parquet(folder / name / file)
                for folder in (prepared, container.output("."))
            )
            pd.testing.assert_frame_equal(ours, theirs)
    for file in ("csv/train.csv", "train/features.json", "summary/summary.json"):
        assert (container.output(".") / file).read_bytes() == (prepared / file).read_bytes(), file


@pytest.mark.parametrize(
    "given", [{}, {"early_stopping_rounds": 5}, {"external_memory_rows": 1, "threads": 2}]
)
def test_training_through_the_containers_entry_gives_the_same_bytes(
    container: Container,
    prepared: Path,
    package: str,
    source: Path,
    tmp_path: Path,
    given: dict[str, Any],
) -> None:
    channels = {name: prepared / name for name in ("train", "validation")}
    done = container.train(package, channels, {**HYPERPARAMETERS, **given})
    assert done.returncode == 0, done.stderr
    (tmp_path / "here").mkdir()
    here = OptMl(tmp_path / "here", source)
    here.training(f"{package}.train", channels, {**HYPERPARAMETERS, **given})
    assert container.model == here.model
    for base in (container.base, here.base):
        names = [path.name for path in (base / "model").iterdir()]
        assert sorted(names) == ["metadata", "xgboost-model.ubj"]
    told = [json.loads((b / "output/data/training.json").read_text())
            for b in (container.base, here.base)]  # fmt: skip
    assert told[0] == told[1]


def test_a_users_mistake_reaches_the_failure_file(
    container: Container, prepared: Path, package: str
) -> None:
    channels = {name: prepared / name for name in ("train", "validation")}
    done = container.train(package, channels, {**HYPERPARAMETERS, "eta": 2})
    assert done.returncode != 0
    assert "eta is a number above 0 to 1, not 2" in done.stderr + done.stdout
    assert container.failure == "eta is a number above 0 to 1, not 2"


@pytest.mark.parametrize(
    ("job", "parameters"), [("evaluate", EVALUATION), ("explain", EXPLANATION)]
)
def test_models_are_judged_and_explained_alike(
    container: Container,
    prepared: Path,
    trained: Path,
    source: Path,
    tmp_path: Path,
    job: str,
    parameters: dict[str, Any],
) -> None:
    channels = {
        "model/model.tar.gz": trained / "model.tar.gz",
        "train": prepared / "train",
        "test": prepared / "test",
    }
    (tmp_path / "here").mkdir()
    places = (container, OptMl(tmp_path / "here", source))
    for place in places:
        done = place.processing(f"regulated_ml.jobs.{job}", channels, parameters)
        assert done.returncode == 0, done.stderr
    theirs, ours = (
        json.loads(next(place.output(".").rglob("*.json")).read_text()) for place in places
    )
    # The versions of SciPy differ, and with them the last digits of the logistic regression.
    assert flat(theirs) == pytest.approx(flat(ours), abs=1e-3)


def flat(content: Any, name: str = "") -> dict[str, Any]:
    """A JSON document as one mapping of paths to values."""
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)  # type: ignore[assignment]
    else:
        return {name: content}
    return {key: v for k, part in items for key, v in flat(part, f"{name}/{k}").items()}
