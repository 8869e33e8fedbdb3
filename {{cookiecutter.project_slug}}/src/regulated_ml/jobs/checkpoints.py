"""Checkpoints of a training: whole or not there, and used only for the training they belong to.

A checkpoint is a file `xgboost-checkpoint.N`, N being the rounds in it, as the managed container
names them. It is a model in XGBoost's UBJ form, with what else the training has to remember in an
attribute, followed by the SHA-256 of the bytes before; XGBoost does not read past its own end.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.jobs import contract
from regulated_ml.jobs.lean import xgboost

PREFIX = "xgboost-checkpoint."
ATTRIBUTE = "regulated_ml"
KEPT = 2  # the latest, and one more in case it is damaged
DIGEST = hashlib.sha256().digest_size  # bytes at the end of a checkpoint


class Checkpoint(NamedTuple):
    """A training as it was after some rounds."""

    rounds: int
    model: bytes  # UBJ
    history: dict[str, list[float]]  # the metric after each round, by sample


class Checkpoints:
    """The checkpoints of one training in a folder.

    Args:
        folder: where they lie.
        fingerprint: of all that decides the model; another training's checkpoints are left alone.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def latest(self) -> Checkpoint | None:
        """The latest checkpoint that is undamaged and of this training; warns of others."""
        for path in reversed(self._paths()):
            try:
                return self._read(path)
            except (ValueError, KeyError, OSError, xgboost.core.XGBoostError) as error:
                contract.warn(f"{path.name} is not used: {error}")
        return None

    def write(self, booster: Any, history: Mapping[str, Sequence[float]]) -> None:
        """Writes the training as it is now and removes the oldest checkpoints.

        The booster is left as it was.
        """
        memory = {"fingerprint": self._fingerprint, "history": history}
        booster.set_attr(**{ATTRIBUTE: json.dumps(memory)})
        model = bytes(booster.save_raw("ubj"))
        booster.set_attr(**{ATTRIBUTE: None})
        with contract.replacing(self._path(booster.num_boosted_rounds())) as temporary:
            temporary.write_bytes(model + hashlib.sha256(model).digest())
        for path in self._paths()[:-KEPT]:
            # SageMaker marks a file that it is uploading.
            if not path.with_name(f"{path.name}.sagemaker-uploading").exists():
                path.unlink()

    def _read(self, path: Path) -> Checkpoint:
        content = path.read_bytes()
        model, digest = content[:-DIGEST], content[-DIGEST:]
        if hashlib.sha256(model).digest() != digest:
            raise ValueError("it is damaged")
        booster = xgboost.Booster()
        booster.load_model(bytearray(model))
        memory = json.loads(booster.attr(ATTRIBUTE) or "{}")
        if memory.get("fingerprint") != self._fingerprint:
            raise ValueError("it belongs to another training")
        booster.set_attr(**{ATTRIBUTE: None})
        rounds = booster.num_boosted_rounds()
        return Checkpoint(rounds, bytes(booster.save_raw("ubj")), memory["history"])

    def _paths(self) -> list[Path]:
        """The checkpoints in the folder, by their rounds."""
        numbers = [path.name.removeprefix(PREFIX) for path in self._folder.glob(f"{PREFIX}*")]
        return [self._path(n) for n in sorted(int(text) for text in numbers if text.isdecimal())]

    def _path(self, rounds: int) -> Path:
        return self._folder / f"{PREFIX}{rounds}"
