"""The aggregate profile of a table: the file format, and the promise that it holds aggregates only.

A profile says what the synthetic twin needs and no more: for each column its values in cells of at
least `MINIMUM_CLIENTS` clients, a shallow tree that tells how the column depends on those before
it, and for the label a small ensemble of trees. It never holds a value of fewer clients than that.
`profiling.py` makes profiles, `twin.py` draws from them; docs/synthetic-twin.md explains both.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from regulated_ml.data.tables import arrow_type, is_text
from regulated_ml.errors import UserError
from regulated_ml.files import write_text
from regulated_ml.settings import Column, Dataset

FORMAT = "regulated_ml.profile/1"
MINIMUM_CLIENTS = 20
SCORE_UNIT = 10_000
DRAWN = ("feature", "protected", "time")  # the roles of the columns that a profile describes

Count = Annotated[int, Field(ge=MINIMUM_CLIENTS)]
Index = Annotated[int, Field(ge=0)]
Value = int | float | str | None
Bin = tuple[Index, Index, Count]  # first cell, last cell, clients


class Part(BaseModel):
    """A part of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Margin(Part):
    """The distribution of one column, as cells in the order of their values.

    A cell is a single value that many clients share (low equals high), or an interval whose ends
    are means over the lowest and the highest `MINIMUM_CLIENTS` clients in it. Missing values are a
    cell with null ends, the last one. A value is a whole multiple of `step`, divided by `scale`.
    """

    low: tuple[Value, ...]
    high: tuple[Value, ...]
    clients: Annotated[tuple[Count, ...], Field(min_length=1)]
    step: Annotated[int, Field(ge=1)] = 1
    scale: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not len(self.low) == len(self.high) == len(self.clients):
            raise ValueError("low, high and clients have the same length")
        if None in self.low[:-1] or None in self.high[:-1]:
            raise ValueError("only the last cell may stand for missing values")
        return self


class Tree(Part):
    """A decision tree over the cells of the columns, by node; the root is node 0.

    A row goes left where the cell of `column` is at most `cell`. A leaf is its own child.
    """

    column: tuple[Index, ...]
    cell: tuple[Index, ...]
    left: Annotated[tuple[Index, ...], Field(min_length=1)]
    right: tuple[Index, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not len(self.column) == len(self.cell) == len(self.left) == len(self.right):
            raise ValueError("column, cell, left and right have the same length")
        for node, (left, right) in enumerate(zip(self.left, self.right, strict=True)):
            leaf = left == right == node
            if not leaf and not (node < left < len(self.left) and node < right < len(self.left)):
                raise ValueError(f"the children of node {node} come after it")
        return self

    @property
    def leaves(self) -> tuple[int, ...]:
        """The nodes that are leaves."""
        return tuple(node for node, left in enumerate(self.left) if left == node)


class ColumnProfile(Part):
    """One column: its distribution, and how it follows from the columns before it."""

    name: str
    margin: Margin
    tree: Tree
    leaves: tuple[Annotated[tuple[Bin, ...], Field(min_length=1)], ...]  # in the order of nodes

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.leaves) != len(self.tree.leaves):
            raise ValueError("each leaf of the tree has its bins")
        cells = len(self.margin.clients)
        if any(not first <= last < cells for leaf in self.leaves for first, last, _ in leaf):
            raise ValueError("a bin lies within the cells of its column")
        return self


class ScoreTree(Part):
    """One tree of the label's ensemble: what it adds to the score, by node; 0 inside.

    The score is the log-odds in whole parts of 1 / `SCORE_UNIT`, so that sums are exact and rows of
    the same score have the same place in every order, on every machine.
    """

    tree: Tree
    scores: tuple[int, ...]
    clients: tuple[Count, ...]  # of the leaves, in the order of nodes

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.scores) != len(self.tree.left) or len(self.clients) != len(self.tree.leaves):
            raise ValueError("scores has an entry for each node, clients one for each leaf")
        return self


class LabelProfile(Part):
    """The label, and how its probability follows from the columns."""

    name: str
    negative: int | str
    positive: int | str
    rate: Annotated[float, Field(ge=0, le=1)]
    trees: tuple[ScoreTree, ...]


class Profile(Part):
    """The aggregates of one table."""

    format: Literal["regulated_ml.profile/1"] = "regulated_ml.profile/1"
    dataset: str
    fingerprint: str  # of the table that it was made from
    table_rows: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=MINIMUM_CLIENTS)]  # of them, those that were looked at
    selection: str  # which these are, in words
    columns: tuple[ColumnProfile, ...]
    label: LabelProfile

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for position, column in enumerate(self.columns):
            if any(before >= max(position, 1) for before in column.tree.column):
                raise ValueError(f"the tree of {column.name} looks at earlier columns only")
        if any(at >= len(self.columns) for part in self.label.trees for at in part.tree.column):
            raise ValueError("the label's trees look at columns of the profile only")
        return self


def drawn(dataset: Dataset) -> tuple[Column, ...]:
    """The columns that a profile of the table describes, in the order in which they are drawn."""
    return tuple(column for column in dataset.columns if column.role in DRAWN)


def dumps(profile: Profile) -> str:
    """A profile as JSON, a line for each column and each tree; always the same text."""
    content = profile.model_dump(mode="json")
    columns, label = content.pop("columns"), content.pop("label")
    trees = label.pop("trees")
    return "\n".join(
        [
            json.dumps(content, indent=1, ensure_ascii=False)[:-2] + ",",
            f' "label": {_compact(label)[:-1]},"trees": [',
            ",\n".join("  " + _compact(tree) for tree in trees),
            " ]},",
            ' "columns": [',
            ",\n".join("  " + _compact(column) for column in columns),
            " ]",
            "}\n",
        ]
    )


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def save(profile: Profile, path: Path) -> None:
    """Writes a profile, atomically."""
    write_text(path, dumps(profile))


def load(path: Path, dataset: Dataset) -> tuple[Profile, str]:
    """A profile and the SHA-256 of its file, after a check that it fits the table.

    Raises:
        UserError: the file is missing, is no profile, breaks a promise of the format, or describes
            other columns than dataset.yaml.
    """
    try:
        content = path.read_bytes()
        profile = Profile.model_validate_json(content)
    except FileNotFoundError:
        raise UserError.one(
            str(path), "", "the profile of the table", "make it: rml data profile FILE"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError.one(
            f"{path}: {where}",
            first["input"],
            f"a profile in the format {FORMAT}: {first['msg'].lower()}",
            "restore the file from git, or make it anew: rml data profile FILE",
        ) from error
    for rule in _misfits(profile, dataset):
        raise UserError.one(
            str(path), profile.dataset, rule, "make a profile of this table: rml data profile FILE"
        )
    return profile, hashlib.sha256(content).hexdigest()


def _misfits(profile: Profile, dataset: Dataset) -> Iterator[str]:
    """In what a profile differs from the table that dataset.yaml describes."""
    columns, label = drawn(dataset), dataset.label
    if [column.name for column in profile.columns] != [column.name for column in columns]:
        yield "the profile has the columns of config/dataset.yaml, in the same order"
        return
    for column, described in zip(columns, profile.columns, strict=True):
        texts = [isinstance(value, str) for value in described.margin.low if value is not None]
        if any(text != is_text(arrow_type(column)) for text in texts):
            yield f"the profile has values of type {column.type} in the column {column.name}"
    codes = {profile.label.negative, profile.label.positive}
    if profile.label.name != label.name or codes != set(label.values):
        yield f"the profile has the label {label.name} with its two codes"
