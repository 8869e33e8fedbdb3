"""The names above the columns of a file: found below title rows, held against dataset.yaml."""

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.settings import Dataset

HEADER_ROWS = 10  # rows in which the names are looked for
DELIMITERS = ",;\t|"


class Header(NamedTuple):
    """Where the names of the columns stand (rows of the file, from 0), and which they are."""

    row: int
    names: list[str]


class Layout(NamedTuple):
    """How the columns of one file map to those of dataset.yaml."""

    declared: tuple[str, ...]
    present: tuple[str, ...]  # those of the declared columns that the file has

    @classmethod
    def of(cls, names: Sequence[str], path: Path, dataset: Dataset) -> "Layout":
        """The layout of a file with columns `names`; UserError names all that are wrong.

        A column of role `ignored` may be absent: it is then empty in every row.
        """
        problems = list(_problems(names, path, dataset))
        if problems:
            raise UserError(problems, ExitStatus.DATA)
        declared = tuple(column.name for column in dataset.columns)
        return cls(declared, tuple(name for name in declared if name in names))

    def arrange(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The declared columns in the declared order."""
        columns = [
            batch.column(name) if name in self.present else pa.nulls(len(batch))
            for name in self.declared
        ]
        return pa.RecordBatch.from_arrays(columns, list(self.declared))


def text_header(head: bytes, dataset: Dataset) -> tuple[Header, int, str]:
    """The header of a text file, the lines down to its end, and the delimiter.

    The delimiter is the one that yields the most known names. Lines are not rows: a title in quotes
    may run over several lines, and empty lines are none of the rows.
    """
    text = head.decode("utf-8-sig", errors="replace")
    found = []
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [(row, reader.line_num) for row, _ in zip(reader, range(HEADER_ROWS), strict=False)]
        header = find_header([row for row, _ in rows], dataset)
        found.append((_known(header.names, dataset), header, rows[header.row][1], delimiter))
    _, header, lines, delimiter = max(found, key=lambda entry: entry[0])
    return header, lines, delimiter


def find_header(rows: Sequence[Sequence[str]], dataset: Dataset) -> Header:
    """The first of the rows with the most declared names; UCI has a title row X1, X2, ... above."""
    candidates = [Header(i, [cell.strip() for cell in row]) for i, row in enumerate(rows)]
    return max(candidates, key=lambda header: _known(header.names, dataset), default=Header(0, []))


def _known(names: Sequence[str], dataset: Dataset) -> int:
    return len({column.name for column in dataset.columns} & set(names))


def _problems(names: Sequence[str], path: Path, dataset: Dataset) -> Iterator[Problem]:
    """Every column that is missing, unknown or there twice."""
    where = f"{path}: columns"
    declared = [column.name for column in dataset.columns]
    unknown = [name for name in dict.fromkeys(names) if name not in declared]
    for column in dataset.columns:
        if names.count(column.name) > 1:
            yield Problem(where, column.name, "each column is there once", "remove the copy")
        if column.name not in names and column.role != "ignored":
            near = difflib.get_close_matches(column.name, unknown, n=1)
            fix = f"rename the column {near[0]!r} of the file" if near else "add it to the file"
            yield Problem(where, column.name, "a column of config/dataset.yaml is missing", fix)
    for name in unknown:
        fix = "declare it there (role: ignored, to leave it out), or remove it from the file"
        yield Problem(where, name, "a column that config/dataset.yaml does not declare", fix)
