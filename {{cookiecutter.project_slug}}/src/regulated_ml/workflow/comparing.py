"""Holds the records of jobs on AWS against what SageMaker and S3 say of them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from regulated_ml.platforms.interface import Report
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.workflow.steps import STEP

if TYPE_CHECKING:
    from regulated_ml.platforms.sagemaker.lineage import Comparison


def compare(settings: Settings, runs: Iterable[Record], report: Report) -> "Comparison":
    """Compares those of the runs that are jobs of the environment.

    Raises:
        UserError: the environment is none on AWS; or AWS is not reached.
    """
    from regulated_ml.platforms.sagemaker import lineage

    own = [run for run in runs if run.remote and run.environment == settings.environment]
    claims = [
        lineage.Claim(run, run.remote, STEP[run.step].kind, _channels(run))
        for run in own
        if run.remote
    ]
    return lineage.compare(settings, claims, report)


def _channels(run: Record) -> dict[str, dict[str, str]]:
    """The files of each channel by their names in it, as the job was given them."""
    folders = {item.channel: item.path for item in STEP[run.step].inputs}
    channels: dict[str, dict[str, str]] = {}
    for given in run.inputs:
        channel, _, name = given.channel.partition("/")
        for file in given.files:
            own = name or file.path.removeprefix(f"{folders[given.channel]}/")
            channels.setdefault(channel, {})[own] = file.sha256
    return channels
