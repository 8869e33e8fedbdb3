"""MLflow's database of a repository: each record once, whatever happens; and an address by ARN."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws import Moto, seed
from commands import rml

from regulated_ml.errors import ExitStatus

pytestmark = pytest.mark.slow

pytest.importorskip("mlflow")
SERVER = "arn:aws:sagemaker:eu-central-1:123456789012:mlflow-tracking-server/team"
# Printed as JSON by a process that knows MLflow alone.
SEEN = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("credit-default")
runs = client.search_runs([experiment.experiment_id])
models = client.search_logged_models([experiment.experiment_id])
rows = [{
    "name": run.info.run_name, "id": run.info.run_id, "status": run.info.status,
    "start": run.info.start_time, "end": run.info.end_time,
    "params": run.data.params, "metrics": run.data.metrics, "tags": run.data.tags,
    "artifacts": run.info.artifact_uri,
    "files": sorted(each.path for each in client.list_artifacts(run.info.run_id)),
    "data": [[each.dataset.name, each.dataset.digest] for each in run.inputs.dataset_inputs],
    "loss": [each.value for each in client.get_metric_history(run.info.run_id, "loss_train")],
} for run in runs]
found = [{"place": model.artifact_location, "run": model.source_run_id,
          "metrics": {each.key: each.value for each in model.metrics or ()}} for model in models]
print(json.dumps({"runs": rows, "models": found}))
"""


def seen(address: str) -> Any:
    """What a store of MLflow shows."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN, address], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def local(repository: Path) -> str:
    return f"sqlite:///{repository}/runs/.mlflow/mlflow.db"


def published(repository: Path, *options: str, **environment: str) -> dict[str, Any]:
    """What `rml runs publish` says of MLflow."""
    done = rml(repository, "runs", "publish", "--json", *options, **environment)
    assert "Traceback" not in done.stderr
    rows, _ = json.JSONDecoder().raw_decode(done.stdout)
    (row,) = [row for row in rows if row["tracker"].startswith("MLflow")]
    return {**row, "status": done.returncode}


def records(repository: Path) -> dict[str, dict[str, Any]]:
    """The records by their steps."""
    found = (json.loads(path.read_text()) for path in (repository / "runs").glob("*/record.json"))
    return {record["step"]: record for record in found}


@pytest.fixture
def own(finished: Path, tmp_path: Path) -> Path:
    """A repository of the test's own in which all steps have run."""
    return Path(shutil.copytree(finished, tmp_path / finished.name, symlinks=True))


@pytest.mark.long
def test_every_record_is_a_run_once_wherever_the_repository_lies(own: Path) -> None:
    waiting = published(own, "--status")
    assert len(waiting["queued"]) == 4
    assert not (own / "runs/.mlflow").exists()
    assert len(published(own)["sent"]) == 4
    shown = seen(local(own))
    known = records(own)
    runs = {run["tags"]["rml.step"]: run for run in shown["runs"]}
    assert {run["name"] for run in shown["runs"]} == {each["id"] for each in known.values()}
    assert {run["status"] for run in shown["runs"]} == {"FINISHED"}
    train, evaluate = runs["train"], runs["evaluate"]
    assert train["params"]["eta"] == "0.2"
    assert evaluate["metrics"]["auc"] == known["evaluate"]["metrics"]["auc"]
    assert evaluate["tags"]["mlflow.parentRunId"] == train["id"]
    assert train["tags"]["mlflow.source.git.commit"] == known["train"]["commit"]["sha"]
    history = json.loads((own / "runs" / train["name"] / "training.json").read_text())["history"]
    assert train["loss"] == history["train"]
    assert ["default-of-credit-card-clients", known["train"]["data"]["fingerprint"][:36]] in train[
        "data"
    ]
    assert train["files"] == ["model.tar.gz", "record.json", "training.json"]
    # The same file, not a copy of it.
    copy = Path(train["artifacts"].removeprefix("file://")) / "model.tar.gz"
    assert copy.samefile(own / "runs" / train["name"] / "model.tar.gz")
    assert not copy.stat().st_mode & 0o222  # nor does anybody write into it under this name
    _model(shown, known, train["id"])
    assert rml(own, "runs", "verify").returncode == 0
    assert published(own)["sent"] == []
    _left_open(own)
    moved = own.rename(own.with_name("moved"))
    assert len(published(moved)["sent"]) == 4
    assert len(seen(local(moved))["runs"]) == 4


def _model(shown: Any, known: Any, run: str) -> None:
    """The model has a signature and an example, and predicts what XGBoost does."""
    import numpy as np

    (model,) = shown["models"]
    assert model["run"] == run
    assert model["metrics"]["auc"] == known["evaluate"]["metrics"]["auc"]
    place = Path(model["place"].removeprefix("file://"))
    description = yaml.safe_load((place / "MLmodel").read_text())
    inputs = json.loads(description["signature"]["inputs"])
    example = json.loads((place / "input_example.json").read_text())
    assert [each["name"] for each in inputs] == example["columns"]
    assert "LIMIT_BAL" in example["columns"] and "SEX" not in example["columns"]
    import xgboost

    booster = xgboost.Booster(model_file=place / "model.ubj")
    rows = xgboost.DMatrix(np.array(example["data"]), feature_names=example["columns"])
    assert 0 < float(booster.predict(rows)[0]) < 1


def _left_open(repository: Path) -> None:
    """A run that a kill has left without an end is made anew, and its model with it."""
    (mark,) = (repository / "runs/.mlflow/published").glob("train-*")
    mark.unlink()
    address = local(repository)
    code = (
        "import sys; from mlflow import MlflowClient; c = MlflowClient(sys.argv[1]);"
        "r = c.search_runs(['1'], \"tags.`rml.step` = 'train'\")[0];"
        "c.update_run(r.info.run_id, 'RUNNING')"
    )
    subprocess.run([sys.executable, "-c", code, address], check=True, capture_output=True)
    assert len(published(repository)["sent"]) == 1
    shown = seen(address)
    (train,) = [run for run in shown["runs"] if run["tags"]["rml.step"] == "train"]
    assert train["status"] == "FINISHED"
    (model,) = shown["models"]
    assert model["run"] == train["id"]


def test_a_model_that_is_not_the_records_is_not_opened_and_stops_no_other(own: Path) -> None:
    (archive,) = (own / "runs").glob("train-*/model.tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("xgboost-model.ubj")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    result = published(own)
    assert result["status"] == ExitStatus.RESOURCE
    assert result["queued"] == [archive.parent.name]
    assert len(result["sent"]) == 3
    assert "its bytes are not those of the run's record" in result["problems"][0]["rule"]


def test_a_lost_file_keeps_its_record_waiting_and_stops_no_other(own: Path) -> None:
    (lost,) = (own / "runs").glob("prepare-*/summary/summary.json")
    lost.unlink()
    result = published(own)
    assert (result["status"], len(result["sent"])) == (ExitStatus.RESOURCE, 3)
    assert result["queued"] == [lost.parent.parent.name]
    assert result["problems"][0]["value"] == "summary/summary.json"
    assert not [run for run in seen(local(own))["runs"] if run["status"] != "FINISHED"]


def test_without_mlflow_the_records_wait_and_a_sentence_says_so(own: Path) -> None:
    hidden = own / "hidden"
    hidden.mkdir()
    # Stands before the package, as on a machine that does not have it.
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'mlflow' else find(name, *a)\n"
    )
    path = f"{own / 'src'}{os.pathsep}{hidden}"
    result = published(own, PYTHONPATH=path)
    assert result["status"] == ExitStatus.RESOURCE
    assert len(result["queued"]) == 4
    done = rml(own, "ui", "--port", "0", PYTHONPATH=path)
    assert done.returncode == ExitStatus.RESOURCE
    assert "the package mlflow is not installed" in done.stderr


# --- by ARN ---


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real server of MLflow, which is to stand behind an ARN."""
    folder = tmp_path / "server"
    folder.mkdir()
    log = (folder / "log").open("w")
    port = 5731
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
            # In the place of a bucket: on AWS the client writes there by itself, too.
            *("--no-serve-artifacts", "--default-artifact-root", (folder / "artifacts").as_uri()),
        ],
        env={
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        cwd=folder,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/health").close()
            break
        except OSError:
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
    yield url
    os.killpg(process.pid, 15)
    process.wait()


def plugin_double(folder: Path, url: str) -> Path:
    """A double of the package sagemaker-mlflow: it takes an ARN, and goes to `url`."""
    folder.mkdir()
    (folder / "plugin_double.py").write_text(
        "from mlflow.store.tracking.rest_store import RestStore\n"
        "from mlflow.utils.rest_utils import MlflowHostCreds\n"
        f"def store(store_uri, artifact_uri=None):\n    assert store_uri == {SERVER!r}\n"
        f"    return RestStore(lambda: MlflowHostCreds({url!r}))\n"
    )
    about = folder / "plugin_double-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-double\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[mlflow.tracking_store]\narn = plugin_double:store\n"
        "[mlflow.model_registry_store]\narn = plugin_double:store\n"
    )
    return folder


def test_a_server_by_its_arn_is_sent_what_waits_as_soon_as_it_can_be_reached(
    own: Path, moto: Moto, server: str, tmp_path: Path
) -> None:
    account = seed(moto, own)
    path = own / "config/environments/dev.yaml"
    path.write_text(path.read_text() + f"mlflow_arn: {SERVER}\n")
    for record in (own / "runs").glob("*/record.json"):
        content = json.loads(record.read_text())
        record.write_text(json.dumps({**content, "environment": "dev"}))
    without = published(own, **account.environment)
    assert len(without["queued"]) == 4
    (problem,) = [p for p in without["problems"] if p["field"] == "mlflow_arn"]
    assert "sagemaker-mlflow" in problem["rule"]
    double = plugin_double(tmp_path / "plugin", server)
    python = f"{own / 'src'}{os.pathsep}{double}"
    sent = published(own, **account.environment, PYTHONPATH=python)
    assert len(sent["sent"]) == 4, sent["problems"]
    shown = seen(server)
    assert len(shown["runs"]) == 4
    runs = {run["tags"]["rml.step"]: run for run in shown["runs"]}
    assert runs["evaluate"]["files"] == ["record.json"]
    assert len(shown["models"]) == 1
    again = published(own, **account.environment, PYTHONPATH=python)
    assert (again["sent"], again["shown"]) == ([], 4)
