"""Brings what a job needs to S3: its code as one archive, its channels, its parameters."""

from pathlib import Path
from tempfile import TemporaryDirectory

from regulated_ml.files import write_json
from regulated_ml.platforms.archive import pack_files
from regulated_ml.platforms.interface import Job, Report
from regulated_ml.platforms.sagemaker import rml_start
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.storage import Storage

PROGRAM = "rml_start.py"
CODE, PARAMETERS = "code", "parameters"  # the channels that are not the job's own


def stage(job: Job, storage: Storage, report: Report) -> dict[str, Address]:
    """Uploads whatever of it is not there yet; returns where each channel lies."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        channels = {CODE: _code(job, folder), **_channels(job)}
        if job.kind == "processing":
            # A training job is told its parameters in the request.
            write_json(folder / "parameters.json", dict(job.parameters))
            channels[PARAMETERS] = {"parameters.json": folder / "parameters.json"}
        return {name: storage.put(files, report) for name, files in channels.items()}


def _code(job: Job, folder: Path) -> dict[str, Path]:
    """The archive, and beside it the program that is also on top in it."""
    program = Path(rml_start.__file__)
    archive = folder / rml_start.ARCHIVE
    pack_files({**job.code, PROGRAM: program}, archive)
    return {rml_start.ARCHIVE: archive, PROGRAM: program}


def _channels(job: Job) -> dict[str, dict[str, Path]]:
    """The files of each channel, by their names in it."""
    channels: dict[str, dict[str, Path]] = {}
    for place, source in job.channels.items():
        channel, _, name = place.partition("/")
        files = channels.setdefault(channel, {})
        if source.is_dir():
            found = (path for path in source.rglob("*") if path.is_file())
            files.update({path.relative_to(source).as_posix(): path for path in found})
        else:
            files[name] = source
    return channels
