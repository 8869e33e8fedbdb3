"""SageMaker as a platform for jobs; each thing it does is described in a module of its own."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from regulated_ml.platforms.interface import Job, Kind, RemoteJob, Report, Tell
from regulated_ml.platforms.sagemaker import (
    collecting,
    describing,
    following,
    images,
    naming,
    requests,
    staging,
)
from regulated_ml.platforms.sagemaker.describing import APIS
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.storage import Storage
from regulated_ml.security import clients
from regulated_ml.settings import Settings

MOST_LISTED = 50  # jobs of this project
MOST_ASKED = 2000  # jobs of a kind, of all projects whose names hold this one's
PAGE = 100  # jobs; SageMaker gives no more at once
# SageMaker says so with a code that stands for other mistakes as well: ValidationException.
NOT_FOUND = re.compile(r"(?i)could not find|not found")


class SageMakerPlatform:
    """The account and region of an environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._region = clients.platform(settings).aws_region

    def packages(self) -> dict[str, str]:
        """What the managed container holds."""
        return dict(images.CONTENTS)

    def image(self) -> str:
        """The managed container."""
        return images.uri(self._region)

    def digest(self) -> str | None:
        """The hash of the managed container, where the registry tells it."""
        with clients.reached(self._settings):
            return images.digest(self.image(), clients.client(self._settings, "ecr"))

    def caller(self) -> str:
        """The ARN of the caller, in the account of the environment."""
        return clients.identity(self._settings).arn

    def job_name(self, run_id: str) -> str:
        """The name of a run's job."""
        return naming.job_name(self._settings, run_id)

    def is_own(self, name: str) -> bool:
        """Whether a job is one of this project's runs."""
        return naming.run_id(self._settings, name) is not None

    def stage(self, job: Job, report: Report) -> dict[str, Address]:
        """Uploads code, channels and parameters under the team's key, unless they are there."""
        clients.identity(self._settings)  # the right account, before anything is sent to it
        return staging.stage(job, self._storage, report)

    def submit(self, job: Job, staged: Mapping[str, Address]) -> None:
        """Starts the job, through the SageMaker SDK."""
        from botocore.exceptions import ClientError

        with clients.packages():
            from sagemaker.core.resources import ProcessingJob, TrainingJob
        make, create = {
            "training": (requests.training, TrainingJob.create),
            "processing": (requests.processing, ProcessingJob.create),
        }[job.kind]
        arguments = make(self._settings, job, staged)
        session = clients.session(self._settings)
        with clients.reached(self._settings):
            try:
                create(**arguments, session=session, region=self._region)
            except ClientError as error:
                # The answer to an earlier attempt was lost: no one else has a job of this name.
                if error.response["Error"]["Code"] != "ResourceInUse":
                    raise

    def describe(self, name: str, kind: Kind) -> RemoteJob | None:
        """The job, or None where there is none of this name."""
        with clients.reached(self._settings):
            return self._describe(name, kind)

    def follow(
        self, name: str, kind: Kind, log: Path, report: Report, tell: Tell
    ) -> RemoteJob | None:
        """Waits for the job's end, and writes what it prints to `log`; None: there is no job."""
        lines = following.LogLines(clients.client(self._settings, "logs"), kind, name)
        with clients.reached(self._settings):
            return following.follow(lambda: self._describe(name, kind), lines, log, report, tell)

    def collect(self, job: RemoteJob, destination: Path, report: Report) -> None:
        """Lays the outputs of a completed job into `destination`."""
        collecting.collect(job.kind, job.facts["outputs"], self._storage, destination, report)

    def stop(self, name: str, kind: Kind) -> None:
        """Has a job stopped; it takes up to two minutes."""
        api = APIS[kind]
        with clients.reached(self._settings):
            getattr(self._sagemaker, api.stop)(**{f"{api.prefix}JobName": name})

    def recent(self) -> list[RemoteJob]:
        """The latest jobs of this project in the account and region, the oldest first.

        Environments that share an account share the list: a job's name does not tell its own.
        """
        with clients.reached(self._settings):
            jobs = [job for kind in APIS for job in self._latest(kind)]
        return sorted(jobs, key=lambda job: job.created)[-MOST_LISTED:]

    def _latest(self, kind: Kind) -> Iterator[RemoteJob]:
        """The latest jobs of a kind; others, whose projects' names hold ours, are passed over."""
        api = APIS[kind]
        pages = self._sagemaker.get_paginator(api.list).paginate(
            NameContains=self._settings.project.project_slug,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"MaxItems": MOST_ASKED, "PageSize": PAGE},
        )
        rows = (row for page in pages for row in page[api.summaries])
        own = (row for row in rows if self.is_own(row[f"{api.prefix}JobName"]))
        return (describing.job(kind, row) for row in islice(own, MOST_LISTED))

    def _describe(self, name: str, kind: Kind) -> RemoteJob | None:
        from botocore.exceptions import ClientError

        api = APIS[kind]
        try:
            answer = getattr(self._sagemaker, api.describe)(**{f"{api.prefix}JobName": name})
        except ClientError as error:
            if NOT_FOUND.search(error.response["Error"]["Message"]):
                return None
            raise
        return describing.job(kind, answer)

    @cached_property
    def _sagemaker(self) -> Any:
        return clients.client(self._settings, "sagemaker")

    @cached_property
    def _storage(self) -> Storage:
        return Storage(self._settings, clients.client(self._settings, "s3"))
