"""A record as a run of MLflow: found again by its id, so that it is there once.

A run is begun, filled and ended; one that a kill has left without an end is deleted and made anew.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from regulated_ml.files import read_json
from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RECORD, RunStore
from regulated_ml.tracking.trackers import contents, mlflow_model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RUN = "rml.run"  # the tag by which the run of a record is found again
PARENT = "mlflow.parentRunId"
KIND = {"mlflow.experimentKind": "custom_model_development"}  # of which MLflow's pages fit ours
# The limits of MLflow's API.
PARAMETERS_AT_ONCE, LONGEST_NAME, LONGEST_PARAMETER, LONGEST_TAG = 100, 250, 6000, 5000
LONGEST_DIGEST = 36
READ_ONLY = 0o444
FOREIGN = re.compile(r"[^/\w.\- ]")  # characters that no name of a parameter or metric has
TRAINING = "training.json"  # of the step `train`: the loss after each round


@dataclass(frozen=True)
class Runs:
    """The runs of a project in a store of MLflow.

    Args:
        settings: of an environment.
        store: the records.
        address: of the store, as MLflow writes it.
        artifacts: where files of runs lie on this machine, as MLflow writes it; None: the store
            decides, it is not here, and a run gets no files but its record and its model.
    """

    settings: Settings
    store: RunStore
    address: str
    artifacts: str | None

    def experiment_id(self) -> str:
        """The id of the project's experiment, made where it is missing."""
        name = self.settings.project.project_slug
        if found := self._client.get_experiment_by_name(name):
            return str(found.experiment_id)
        return str(
            self._client.create_experiment(name, artifact_location=self.artifacts, tags=KIND)
        )

    def show(self, record: Record) -> None:
        """Makes the run of a record, unless it is there.

        Raises:
            UserError: a file of the record is lost or is another one; no run is made then.
        """
        for run in self._of(record.id):
            if run.info.status == "FINISHED":
                return
            self._discard(run)
        self.store.check_whole(record, record.artifacts)
        known = {each.id: each for each in self.store.all()}
        started, ended = map(_milliseconds, (record.started, record.ended))
        run = self._client.create_run(
            self.experiment_id(),
            start_time=started,
            run_name=record.id,
            tags=dict(self._tags(record, known)),
        )
        run_id = run.info.run_id
        model = self._model(self._training(record, known))
        self._log_values(run_id, record, ended, model)
        self._log_data(run_id, record, model)
        self._log_files(run, record)
        if record.artifact(MODEL_ARCHIVE):
            mlflow_model.log(self.store, record, self.address, self.experiment_id(), run_id)
        self._client.set_terminated(run_id, "FINISHED", ended)

    def _of(self, name: str) -> "list[Run]":
        """The runs of a record: none or one, but for what kills have left."""
        found = self._client.search_runs([self.experiment_id()], f"tags.`{RUN}` = '{name}'")
        return list(found)

    def _training(self, record: Record, known: Mapping[str, Record]) -> "Run | None":
        """The run of the training whose model a record is about."""
        trained = contents.training(record, known)
        return next(iter(self._of(trained)), None) if trained else None

    def _model(self, training: "Run | None") -> str | None:
        """The id of the model that a training's run has logged."""
        if training is None:
            return None
        found = self._client.search_logged_models(
            [self.experiment_id()], f"source_run_id = '{training.info.run_id}'"
        )
        return next((model.model_id for model in found), None)

    def _discard(self, run: "Run") -> None:
        models = self._client.search_logged_models(
            [self.experiment_id()], f"source_run_id = '{run.info.run_id}'"
        )
        for model in models:
            self._client.delete_logged_model(model.model_id)
        self._client.delete_run(run.info.run_id)

    def _tags(self, record: Record, known: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
        yield RUN, record.id
        for name, value in {
            **contents.facts(record, self.store),
            **contents.words(record),
            "mlflow.source.name": f"rml {record.step}",
            "mlflow.source.type": "JOB" if record.remote else "LOCAL",
            "mlflow.source.git.commit": record.commit.sha or "",
            "mlflow.source.git.branch": record.commit.branch or "",
            "mlflow.user": record.identity.user,
        }.items():
            if value:
                yield name.replace(contents.FACTS, "rml."), contents.shortened(value, LONGEST_TAG)
        if model := self._training(record, known):
            yield PARENT, model.info.run_id

    def _log_values(self, run_id: str, record: Record, ended: int, model: str | None) -> None:
        """Parameters and metrics; what was found about a model is shown with it, too."""
        from mlflow.entities import Metric, Param

        parameters = iter(
            Param(_name(name), contents.shortened(contents.text(value), LONGEST_PARAMETER))
            for name, value in contents.parameters(record).items()
        )
        while some := list(islice(parameters, PARAMETERS_AT_ONCE)):
            self._client.log_batch(run_id, params=some)
        numbers = [
            Metric(_name(name), value, ended, 0, model_id=model, run_id=run_id)
            for name, value in contents.numbers(record).items()
        ]
        curves = [
            Metric(f"loss_{_name(sample)}", value, ended, number)
            for sample, values in self._history(record).items()
            for number, value in enumerate(values, start=1)
        ]
        metrics = iter((*numbers, *curves))
        while points := list(islice(metrics, 1000)):
            self._client.log_batch(run_id, metrics=points)

    def _history(self, record: Record) -> dict[str, list[float]]:
        """By sample, the loss after each round of a training; nothing where the file is none."""
        item = record.artifact(TRAINING)
        if item is None:
            return {}
        self.store.check_whole(record, [item])
        content = read_json(self.store.folder_of(record) / TRAINING)
        history = content.get("history", {}) if isinstance(content, dict) else {}
        return {
            sample: [float(value) for value in values if isinstance(value, int | float)]
            for sample, values in history.items()
            if isinstance(values, list)
        }

    def _log_data(self, run_id: str, record: Record, model: str | None) -> None:
        """The table, each channel that was read, and the model that the run is about."""
        from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput

        data = record.data
        table = Dataset(
            name=data.name,
            digest=data.fingerprint[:LONGEST_DIGEST],
            source_type="local" if record.remote is None else "s3",
            source=contents.text({"file": data.file, "state": data.state}),
            profile=contents.text({"num_rows": data.rows}),
        )
        channels = [
            Dataset(
                name=each.channel,
                digest=file.sha256[:LONGEST_DIGEST],
                source_type="run",
                source=contents.text({"run": each.run, "file": file.path}),
            )
            for each in record.inputs
            if each.run
            for file in each.files
        ]
        self._client.log_inputs(
            run_id,
            [
                DatasetInput(dataset, [InputTag("mlflow.data.context", context)])
                for dataset, context in [
                    (table, "table"),
                    *((dataset, dataset.name) for dataset in channels),
                ]
            ],
            [LoggedModelInput(model)] if model else None,
        )

    def _log_files(self, run: "Run", record: Record) -> None:
        """The files of the record under a second name, not twice; elsewhere the record alone.

        MLflow follows no symbolic links. What has two names is evidence under both, so nobody may
        write into it. On AWS the artefacts lie in the model bucket already, and the record's tags
        say where.
        """
        folder = self.store.folder_of(record)
        if self.artifacts is None:
            self._client.log_artifact(run.info.run_id, str(folder / RECORD))
            return
        target = Path(run.info.artifact_uri.removeprefix("file://"))
        for path in (RECORD, *(item.path for item in record.artifacts)):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).chmod(READ_ONLY)
            (target / path).hardlink_to(folder / path)

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        return MlflowClient(self.address)


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _name(name: str) -> str:
    """A name as MLflow takes it."""
    return contents.shortened(FOREIGN.sub("_", name), LONGEST_NAME).replace("…", "_")
