"""The baseline of a model version: how its features were distributed when it was trained.

`baseline.json` holds the distributions themselves, sketches included, so that drift is told without
the training table. Its head says which version it is of: another version's baseline is refused.
"""

import base64
import binascii
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from datasketches import kll_doubles_sketch
from pydantic import BaseModel, ConfigDict, ValidationError

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.identifiers import Problem
from regulated_ml.monitoring import constraints as constraints_file
from regulated_ml.monitoring import statistics as statistics_file
from regulated_ml.monitoring.distributions import Distribution, Kind

FILE = "baseline.json"
SCHEMA_VERSION = 1
FIX = "`rml monitor baseline VERSION --output FOLDER` writes the one of a version"


class Column(BaseModel):
    """A distribution as JSON."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    present: int
    missing: int
    unreadable: int
    infinite: int
    minimum: float | None  # None: there is no finite value
    maximum: float | None
    mean: float
    squares: float
    whole: bool
    rank_error: float  # of the sketch, at 99 % confidence
    counts: Mapping[str, int]
    declared: tuple[str, ...]  # codes that a category may have, though no row may have them
    sketch: str  # as DataSketches serialises it, in base64; empty for categories

    @classmethod
    def of(cls, name: str, column: Distribution, declared: Collection[str]) -> "Column":
        """A column's distribution, and the codes that are declared for it."""
        is_number = column.kind == "number"
        own = ("kind", "present", "missing", "unreadable", "infinite", "mean", "squares", "whole")
        return cls(
            name=name,
            **{key: getattr(column, key) for key in own},
            minimum=column.minimum if math.isfinite(column.minimum) else None,
            maximum=column.maximum if math.isfinite(column.maximum) else None,
            rank_error=column.rank_error,
            counts=dict(sorted(column.counts.items())),
            declared=tuple(declared),
            sketch=base64.b64encode(column.sketch.serialize()).decode() if is_number else "",
        )

    def distribution(self) -> Distribution:
        """The distribution that was written.

        Raises:
            ValueError: the sketch is damaged.
        """
        found = Distribution(
            self.kind,
            present=self.present,
            missing=self.missing,
            unreadable=self.unreadable,
            infinite=self.infinite,
            minimum=math.inf if self.minimum is None else self.minimum,
            maximum=-math.inf if self.maximum is None else self.maximum,
            mean=self.mean,
            squares=self.squares,
            whole=self.whole,
            counts=dict(self.counts),
        )
        if self.kind == "number":
            found.sketch = _sketch(self.sketch)
            if found.sketch.n != self.present:
                raise ValueError(f"the sketch of {self.name} holds {found.sketch.n} values")
        elif sum(self.counts.values()) != self.present:
            raise ValueError(f"the counts of {self.name} are not those of {self.present} values")
        return found


class Baseline(BaseModel):
    """The content of baseline.json."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    version: int  # of the model
    model: str  # the id of the run that trained it
    model_sha256: str
    features: str  # the id of the run that prepared the rows
    features_sha256: str  # of train/features.parquet
    rows: int
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The version, as persons write it: v3."""
        return f"v{self.version}"

    def distributions(self) -> dict[str, Distribution]:
        """The distributions of the features, in the order in which the model reads them."""
        return {column.name: column.distribution() for column in self.columns}

    def check(self, version: int, model_sha256: str) -> None:
        """Raises `UserError` unless this is the baseline of this version of this very model."""
        rows = (
            ("version", self.name, f"v{version}"),
            ("model_sha256", self.model_sha256, model_sha256),
        )
        problems = [
            Problem(f"{FILE}: {key}", found, f"the baseline is that of {expected}", FIX)
            for key, found, expected in rows
            if found != expected
        ]
        if problems:
            raise UserError(problems, ExitStatus.DATA)

    def constraints(self) -> constraints_file.Constraints:
        """What a window of requests has to keep."""
        declared = {column.name: column.declared for column in self.columns}
        return constraints_file.constraints(self.distributions(), declared)

    def write(self, folder: Path) -> None:
        """Writes baseline.json, and statistics.json and constraints.json as Model Monitor does."""
        columns = self.distributions()
        write_json(folder / FILE, self.model_dump(mode="json"))
        parts: dict[str, BaseModel] = {
            statistics_file.FILE: statistics_file.statistics(columns, self.rows),
            constraints_file.FILE: self.constraints(),
        }
        for name, part in parts.items():
            write_json(folder / name, part.model_dump(mode="json", exclude_none=True))


def of(
    columns: Mapping[str, Distribution], declared: Mapping[str, Collection[str]], **head: Any
) -> Baseline:
    """The baseline of these distributions.

    Args:
        columns: of the features, in the order in which the model reads them.
        declared: the codes of categories, as far as they are declared.
        head: the version, and what it rests on.
    """
    parts = (Column.of(name, each, declared.get(name, ())) for name, each in columns.items())
    return Baseline(columns=tuple(parts), **head)


def read(path: Path) -> Baseline:
    """Reads baseline.json.

    Raises:
        UserError: it is missing, damaged, or of a later version of the format.
    """
    try:
        content = read_json(path)
        version = content.get("schema_version") if isinstance(content, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            rule = f"a baseline of format {SCHEMA_VERSION}, the newest that this standard knows"
            fix = "update the standard: `rml standard update`"
            raise UserError.one(f"{path}: schema_version", version, rule, fix)
        found = Baseline.model_validate(content)
        found.distributions()
    except (OSError, ValueError) as error:
        rule = f"a baseline, as `rml model register` makes it: {_reason(error)}"
        raise UserError.one(str(path), "", rule, FIX) from error
    return found


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _sketch(text: str) -> kll_doubles_sketch:
    try:
        return kll_doubles_sketch.deserialize(base64.b64decode(text, validate=True))
    except (binascii.Error, RuntimeError, IndexError, ValueError) as error:
        raise ValueError(f"a sketch is damaged: {error}") from error
