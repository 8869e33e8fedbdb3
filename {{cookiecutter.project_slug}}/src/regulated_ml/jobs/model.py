"""A trained model, as it comes out of model.tar.gz, and the decision that follows from a score."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import contract
from regulated_ml.jobs.features import Layout
from regulated_ml.jobs.lean import xgboost
from regulated_ml.jobs.matrices import Block, SampleFile

if TYPE_CHECKING:
    import numpy.typing as npt

ARCHIVE = "model.tar.gz"
METADATA = "metadata"  # the archive's folder for all that is no model


@dataclass(frozen=True)
class Model:
    """A booster, and the features it reads."""

    booster: Any
    layout: Layout

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """The model of a folder with a model.tar.gz.

        Raises:
            JobError: the archive is missing, damaged, or does not hold one model and its features.
        """
        scratch = contract.scratch_folder()
        try:
            with tarfile.open(folder / ARCHIVE) as archive:
                archive.extractall(scratch, filter="data")
        except (OSError, tarfile.TarError, EOFError) as error:
            raise contract.JobError(f"{ARCHIVE} cannot be read: {error}") from None
        models = [path for path in scratch.iterdir() if path.is_file()]
        if len(models) != 1:
            raise contract.JobError(f"{ARCHIVE} holds {len(models)} files on top, not one model")
        booster = xgboost.Booster({"nthread": contract.cores()})
        try:
            booster.load_model(models[0])
        except xgboost.core.XGBoostError:
            raise contract.JobError(f"{models[0].name} is no model of XGBoost") from None
        return cls(booster, Layout.read(scratch / METADATA))

    def blocks(self, sample: SampleFile) -> Iterator[tuple[Block, Any]]:
        """The rows of a sample, piece by piece, each also as a matrix that the booster reads."""
        for number in range(sample.blocks):
            block = sample.block(number)
            yield block, xgboost.DMatrix(block.values, feature_names=self.layout.names)

    def scores(self, matrix: Any) -> "npt.NDArray[np.float32]":
        """The probability of the positive label, for each row."""
        return np.asarray(self.booster.predict(matrix), np.float32)

    def scores_of(self, values: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
        """The same of rows that are given as numbers."""
        if not len(values):
            return np.zeros(0, np.float32)
        return self.scores(xgboost.DMatrix(values, feature_names=self.layout.names))


def declined(scores: "npt.NDArray[Any]", threshold: float) -> "npt.NDArray[np.bool_]":
    """Which clients are declined: those whose score is at or above the threshold."""
    return np.asarray(scores.astype(np.float64) >= threshold)
