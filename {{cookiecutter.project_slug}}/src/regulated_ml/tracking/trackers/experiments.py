"""SageMaker Experiments: an experiment a project and environment, a trial a line of runs.

SageMaker makes a trial component of every job by itself and names it after the job. What the record
says is written into that one, so that a run is shown once; where there is none, as for the act of a
person, it is made here. Metrics of a component are taken by a service of their own,
sagemaker-metrics, which refuses what is older than two weeks.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.interface import Kind
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.security import clients
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trackers import contents

if TYPE_CHECKING:
    import pandas as pd

# SageMaker takes 300 parameters and 60 files each way; its own of a job are beside ours.
MOST_PARAMETERS, MOST_FILES = 250, 45
LONGEST_NAME, LONGEST_TEXT, LONGEST_FILE = 320, 2500, 128
METRICS_AT_ONCE = 10
OLDEST_METRIC = timedelta(days=13)  # a day less than it takes
# SageMaker says both with a code that stands for other mistakes as well: ValidationException.
NOT_FOUND = re.compile(r"(?i)could not find|not found|does not exist")
THERE_ALREADY = re.compile(r"(?i)already exist|must be unique")
TAKEN_ALREADY = "CONFLICT_ERROR"  # of a metric with the same step


@dataclass(frozen=True)
class Experiments:
    """The experiment of a project in one environment."""

    settings: Settings
    store: RunStore
    name: str = "SageMaker Experiments"

    @property
    def address(self) -> str:
        """Account, region and experiment."""
        place = clients.platform(self.settings)
        return f"{place.aws_account_id}/{place.aws_region}/{naming.experiment(self.settings)}"

    @property
    def marks(self) -> Path:
        """By its address: another account or region has been sent nothing yet."""
        return self.store.folder / ".published" / self.address.replace("/", "-")

    @property
    def environment(self) -> str:
        """The environment of its records."""
        return self.settings.environment

    def is_kept(self) -> bool:
        """Nothing is known of AWS without asking."""
        return True

    def reach(self) -> None:
        """In the right account, before anything is sent to it."""
        clients.identity(self.settings)

    def show(self, record: Record) -> None:
        """Writes a record into its trial component, in the trial of its line."""
        with clients.reached(self.settings):
            trial = self.open(contents.origin(record, self._known))
            name = naming.component(self.settings, record.id, _kind(record))
            there = self._described("trial_component", TrialComponentName=name)
            if there is None:
                self._made("trial_component", **self._component(name, record, new=True))
            else:
                self._sagemaker.update_trial_component(**self._component(name, record))
            self._associate(trial, name)
            shown = (there or {}).get("Metrics", ())
            self._send_metrics(name, record, {each["MetricName"] for each in shown})

    def open(self, origin: str) -> str:
        """The trial of a line of runs, made where it is missing, and its experiment with it."""
        experiment = naming.experiment(self.settings)
        trial = naming.trial(self.settings, origin)
        own = [{"Key": key, "Value": value} for key, value in tags(self.settings).items()]
        with clients.reached(self.settings):
            if self._described("trial", TrialName=trial) is None:
                words = self.settings.project.description
                self._made("experiment", ExperimentName=experiment, Description=words, Tags=own)
                self._made("trial", TrialName=trial, ExperimentName=experiment, Tags=own)
        return trial

    def frame(self) -> "pd.DataFrame":
        """The trial components as the SDK's `ExperimentAnalytics` shows them, the newest first."""
        with clients.packages():
            from types import SimpleNamespace

            from sagemaker.core.analytics import ExperimentAnalytics
        clients.identity(self.settings)
        with clients.reached(self.settings):
            return ExperimentAnalytics(
                experiment_name=naming.experiment(self.settings),
                sort_by="CreationTime",
                sort_order="Descending",
                # All that it wants of a session; a session of the SDK would make its own client.
                sagemaker_session=SimpleNamespace(sagemaker_client=self._sagemaker),
            ).dataframe()

    def _component(self, name: str, record: Record, new: bool = False) -> dict[str, Any]:
        """The request that makes a component, or that writes a record into one."""
        commit, remote = record.commit, record.remote
        request = {
            "TrialComponentName": name,
            "DisplayName": record.id,
            "Status": {"PrimaryStatus": "Completed"},
            "StartTime": datetime.fromisoformat(record.started),
            "EndTime": datetime.fromisoformat(record.ended),
            "Parameters": dict(islice(self._parameters(record), MOST_PARAMETERS)),
            "InputArtifacts": _files(contents.inputs(record), record),
            "OutputArtifacts": _files(contents.outputs(record), record),
        }
        if new:
            facts: dict[str, Any] = {
                "CommitId": commit.sha,
                "Repository": self.settings.project.codecommit_repository,
                "GeneratedBy": remote and remote.facts.get("arn"),
                "ProjectId": self.settings.project.project_slug,
            }
            request["MetadataProperties"] = {k: v for k, v in facts.items() if v}
            request["Tags"] = [
                {"Key": key, "Value": value} for key, value in tags(self.settings).items()
            ]
        return request

    def _parameters(self, record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
        """Facts first: where there are too many, it is parameters that are left out."""
        groups = (contents.facts(record, self.store), contents.words(record))
        for group in (*groups, contents.parameters(record)):
            for name, value in group.items():
                yield contents.shortened(name, LONGEST_NAME), _value(value)

    def _associate(self, trial: str, component: str) -> None:
        listed = self._sagemaker.get_paginator("list_trials").paginate(TrialComponentName=component)
        there = {each["TrialName"] for page in listed for each in page["TrialSummaries"]}
        if trial not in there:
            self._sagemaker.associate_trial_component(TrialName=trial, TrialComponentName=component)

    def _send_metrics(self, component: str, record: Record, there: Iterable[str]) -> None:
        """Sends the metrics that the component does not have yet."""
        ended = datetime.fromisoformat(record.ended)
        moment = max(ended, datetime.now(UTC) - OLDEST_METRIC)
        rows = iter(
            {"MetricName": name, "Timestamp": moment, "Step": 0, "Value": value}
            for name, value in contents.numbers(record).items()
            if name not in there
        )
        while some := list(islice(rows, METRICS_AT_ONCE)):
            answer = self._metrics.batch_put_metrics(TrialComponentName=component, MetricData=some)
            codes = {error["Code"] for error in answer.get("Errors", ())} - {TAKEN_ALREADY}
            if codes:
                names = ", ".join(str(row["MetricName"]) for row in some)
                rule = f"SageMaker does not take the metrics: {', '.join(sorted(codes))}"
                fix = "start `rml runs publish` again in a minute"
                raise UserError.one(component, names, rule, fix, ExitStatus.RESOURCE)

    def _described(self, what: str, **name: str) -> Mapping[str, Any] | None:
        """What SageMaker says of a thing, or None where there is none of the name."""
        from botocore.exceptions import ClientError

        try:
            found: Mapping[str, Any] = getattr(self._sagemaker, f"describe_{what}")(**name)
            return found
        except ClientError as error:
            if NOT_FOUND.search(error.response["Error"]["Message"]):
                return None
            raise

    def _made(self, what: str, **request: Any) -> None:
        """Makes a thing, unless another one was quicker."""
        from botocore.exceptions import ClientError

        try:
            getattr(self._sagemaker, f"create_{what}")(**request)
        except ClientError as error:
            if not THERE_ALREADY.search(error.response["Error"]["Message"]):
                raise

    @property
    def _known(self) -> dict[str, Record]:
        return {run.id: run for run in self.store.all()}

    @cached_property
    def _sagemaker(self) -> Any:
        return clients.client(self.settings, "sagemaker")

    @cached_property
    def _metrics(self) -> Any:
        return clients.client(self.settings, "sagemaker-metrics")


def _kind(record: Record) -> Kind | None:
    """What kind of job of SageMaker has made a run; None: a person did it."""
    if record.remote is None:
        return None
    return "training" if ":training-job/" in str(record.remote.facts.get("arn")) else "processing"


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"NumberValue": float(value)}
    # A line break is no character of these texts.
    line = " ".join(contents.text(value).split())
    return {"StringValue": contents.shortened(line, LONGEST_TEXT)}


def _files(files: list[contents.File], record: Record) -> dict[str, dict[str, str]]:
    """Files by their names; a file's address is its content's hash, wherever it lies."""
    most = MOST_FILES if len(files) <= MOST_FILES else MOST_FILES - 1
    found = {
        # The end of a long path tells more than its beginning.
        file.name[-LONGEST_FILE:]: {
            "Value": f"sha256:{file.sha256}",
            "MediaType": file.media_type,
        }
        for file in files[:most]
    }
    if len(files) > most:
        found[f"and {len(files) - most} more"] = {"Value": f"record.json of {record.id}"}
    return found
