"""Lays the outputs of a job on SageMaker into a run's folder, as those of a local job lie there."""

from pathlib import Path
from tempfile import TemporaryDirectory

from regulated_ml.errors import UserError
from regulated_ml.platforms.archive import pack, unpack
from regulated_ml.platforms.interface import MODEL_ARCHIVE, Kind, Report
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.storage import Storage

DATA_ARCHIVE = "output.tar.gz"  # what becomes of a training job's folder output/data


def collect(kind: Kind, outputs: str, storage: Storage, destination: Path, report: Report) -> None:
    """Downloads and checks what a job has left at an address; nothing in it is believed.

    Raises:
        UserError: an output is missing, damaged or holds what a job does not write.
    """
    address = Address.parse(outputs)
    if kind == "processing":
        storage.fetch(address, destination, report)
        return
    # Beside the destination, so that files can be renamed into it.
    with TemporaryDirectory(dir=destination, prefix=".collecting-") as temporary:
        folder = Path(temporary)
        if not storage.fetch_one(address, MODEL_ARCHIVE, folder / MODEL_ARCHIVE, report):
            rule = "the job completed, and its model is not in the bucket"
            fix = "find out what removed it, and train again"
            raise UserError.one("output", f"{address}{MODEL_ARCHIVE}", rule, fix)
        unpack(folder / MODEL_ARCHIVE, folder / "model")
        # SageMaker's archive holds the time at which it was packed; ours depends on the files only.
        pack(folder / "model", destination / MODEL_ARCHIVE)
        if storage.fetch_one(address, DATA_ARCHIVE, folder / DATA_ARCHIVE, report):
            unpack(folder / DATA_ARCHIVE, folder / "data")
            for path in sorted((folder / "data").iterdir()):
                path.rename(destination / path.name)
