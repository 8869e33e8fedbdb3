"""MLflow: each record is a run there, below the run that its line began with.

On this machine the runs are in a database of SQLite below `runs/.mlflow`, which can be deleted at
any time and is made anew. On AWS they are sent to the tracking server or app that SageMaker manages
for the team, through MLflow's plugin for it, where the environment names its ARN.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.security import clients
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trackers import mlflow_runs

FOLDER = ".mlflow"  # below runs/
DATABASE, ARTIFACTS, PLACE, MARKS = "mlflow.db", "artifacts", "place.json", "published"
PLUGIN = "sagemaker-mlflow"  # the distribution that makes MLflow take an ARN for an address
SCHEME = "arn"  # the addresses that it adds

# Nothing is told to MLflow's makers, and what does not answer is given up after seconds.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}


@dataclass(frozen=True)
class LocalMlflow:
    """MLflow's database of this repository, with the records of every environment."""

    settings: Settings
    store: RunStore
    name: str = "MLflow"
    environment: None = None

    @property
    def folder(self) -> Path:
        """All that belongs to it."""
        return self.store.folder / FOLDER

    @property
    def address(self) -> str:
        """As MLflow writes it."""
        return f"sqlite:///{self.folder / DATABASE}"

    @property
    def artifacts(self) -> str:
        """Where files of runs lie, as MLflow writes it."""
        return (self.folder / ARTIFACTS).as_uri()

    @property
    def marks(self) -> Path:
        """They lie beside the database, and go with it."""
        return self.folder / MARKS

    def is_kept(self) -> bool:
        """Whether the database is there, and was made at this place."""
        there = (self.folder / DATABASE).is_file()
        return there and self._place().get("folder") == str(self.folder)

    def reach(self) -> None:
        """Makes the database, or makes it anew where the repository or MLflow have changed place.

        MLflow keeps absolute paths, and a database that another version has made is not taken.
        """
        with _mlflow() as mlflow:
            place = {"folder": str(self.folder), "mlflow": mlflow.__version__}
            if not self.is_kept() or self._place() != place:
                for each in (*self.marks.glob("*-*"), *self.folder.glob(f"{DATABASE}*")):
                    each.unlink()
                shutil.rmtree(self.folder / ARTIFACTS, ignore_errors=True)
            self._runs.experiment_id()
            write_json(self.folder / PLACE, place)

    def page(self) -> str:
        """Where MLflow's pages show the runs."""
        with _mlflow():
            return f"#/experiments/{self._runs.experiment_id()}/runs"

    def show(self, record: Record) -> None:
        """Makes the run of a record, with its files as links to those of the record."""
        with _mlflow():
            self._runs.show(record)

    def _place(self) -> dict[str, Any]:
        try:
            content = read_json(self.folder / PLACE)
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @cached_property
    def _runs(self) -> "mlflow_runs.Runs":
        return mlflow_runs.Runs(self.settings, self.store, self.address, self.artifacts)


@dataclass(frozen=True)
class ManagedMlflow:
    """The tracking server or app that SageMaker manages for the team."""

    settings: Settings
    store: RunStore
    name: str = "MLflow on SageMaker"

    @property
    def address(self) -> str:
        """Its ARN, which the plugin of MLflow takes for an address."""
        return clients.platform(self.settings).mlflow_arn

    @property
    def marks(self) -> Path:
        """By its address: another server has been sent nothing yet."""
        return self.store.folder / ".published" / self.address.replace("/", "-").replace(":", "-")

    @property
    def environment(self) -> str:
        """The environment of its records."""
        return self.settings.environment

    def is_kept(self) -> bool:
        """Nothing is known of it without asking."""
        return True

    def reach(self) -> None:
        """In the right account, before anything is sent to it."""
        stores = metadata.entry_points(group="mlflow.tracking_store")
        if not any(each.name == SCHEME for each in stores):
            rule = f"the package {PLUGIN}, by which MLflow gets to an ARN, is not installed"
            fix = f"add {PLUGIN} to pyproject.toml, then: make lock setup; or remove mlflow_arn"
            raise UserError.one("mlflow_arn", self.address, rule, fix, ExitStatus.RESOURCE)
        clients.identity(self.settings)
        with self._reached():
            self._runs.experiment_id()

    def show(self, record: Record) -> None:
        """Makes the run of a record."""
        with self._reached():
            self._runs.show(record)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        key = clients.platform(self.settings).kms_key_arn
        # What the plugin's server keeps in S3 is encrypted under the team's key.
        os.environ["MLFLOW_S3_UPLOAD_EXTRA_ARGS"] = (
            f'{{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "{key}"}}'
        )
        with clients.reached(self.settings), _mlflow():
            yield

    @cached_property
    def _runs(self) -> "mlflow_runs.Runs":
        return mlflow_runs.Runs(self.settings, self.store, self.address, None)


def require() -> None:
    """Raises `UserError` where MLflow is not installed."""
    if find_spec("mlflow") is None:
        rule = "the package mlflow is not installed in this environment"
        fix = "run: make setup; it comes with the group dev of pyproject.toml"
        raise UserError.one("mlflow", "", rule, fix, ExitStatus.RESOURCE)


@contextmanager
def _mlflow() -> Iterator[Any]:
    """MLflow; what it raises inside the block becomes a `UserError`."""
    os.environ.update(QUIET)
    require()
    import mlflow
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield mlflow
    except (MlflowException, requests.RequestException) as error:
        said = str(error).strip().partition("\n")[0]
        rule = f"MLflow does not take it: {said}"
        fix = "see whether the server runs, then: rml runs publish"
        raise UserError.one("mlflow", "", rule, fix, ExitStatus.RESOURCE) from error
