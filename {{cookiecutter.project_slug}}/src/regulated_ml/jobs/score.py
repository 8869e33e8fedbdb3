"""Score: a model and clients in, a score for each client out (a processing job).

Rows pass by a piece at a time, so memory does not grow with their number. Each piece becomes a file
of its own in the folder of checkpoints, whole or not there: a job that was killed goes on behind
the last one, to the same bytes.
"""

import importlib
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from regulated_ml.jobs import contract, parquet, reasons
from regulated_ml.jobs.building import Build, built
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.explain import in_words_of
from regulated_ml.jobs.features import Feature, unknown_codes
from regulated_ml.jobs.incoming import Incoming
from regulated_ml.jobs.lean import xgboost
from regulated_ml.jobs.model import Model, declined

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Array = npt.NDArray[Any]

SCORES, FEATURES, SUMMARY = "scores", "features.parquet", "summary.json"
DECISIONS = ("accepted", "declined")
WRITTEN = pyarrow.csv.WriteOptions(include_header=False)


def main() -> None:
    """Scores every row, writes scores.csv or scores.parquet, and a summary."""
    parameters = contract.parameters()
    columns = Columns.from_json(parameters["columns"])
    model = Model.load(contract.processing_input("model"))
    source = contract.processing_input("data") / "table.parquet"  # called so, whatever is in it
    incoming = Incoming(source, columns, parameters["missing_values"])
    build = build_features(parameters["features"])
    scoring = Scoring(model, columns, build, parameters)
    parts = Parts(contract.checkpoint_folder(), parameters["form"])
    first, number = 1, -1
    # The next piece is read, and the last one written, while this one is scored.
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        written: Future[None] | None = None
        for number, clients in enumerate(_ahead(reader, incoming.pieces())):
            scored = None if parts.has(number) else scoring.scored(clients, first)
            if written:
                written.result()  # whatever went wrong there is said here
            written = writer.submit(parts.write, number, *scored) if scored else None
            first += len(clients)
            contract.progress("score", first - 1, incoming.rows or first - 1)
        if written:
            written.result()
    folder = contract.processing_output(SCORES)
    parts.join(folder, scoring.schema)
    summary = parts.summary(number + 1)
    contract.write_json(folder / SUMMARY, summary)
    print(f"{summary['rows']} rows scored, {summary['declined']} declined")


class Scoring:
    """What is done with each piece.

    Args:
        model: that scores.
        columns: of the table, in today's words.
        build: `build_features` of the team.
        parameters: of the job.
    """

    def __init__(
        self, model: Model, columns: Columns, build: Build, parameters: Mapping[str, Any]
    ) -> None:
        self._model, self._columns, self._build = model, columns, build
        self._threshold = parameters["threshold"]
        self._most: int = parameters["reason_codes"]
        self._keeps: bool = parameters["keep_features"]
        self._described = in_words_of(columns, model.layout.features)
        known = columns.having("identifier")
        self._identifier = known[0].name if known else ""

    @property
    def schema(self) -> list[str]:
        """The names of the output's columns."""
        return ["id", "score", "decision", *(f"reason_{n}" for n in range(1, self._most + 1))]

    def scored(self, clients: "pd.DataFrame", first: int) -> tuple[pa.Table, pa.Table | None, Any]:
        """Output, features where they are kept, and counts; the first row is number `first`."""
        features = built(self._build, clients, self._columns)
        values = matrix(features, self._model.layout.features, first)
        scores = self._model.booster.inplace_predict(values, validate_features=False)
        flagged = declined(scores, self._threshold)
        table = {
            "id": self._ids(clients, first),
            # As an endpoint prints them: float32, each with all the digits that tell it.
            "score": scores.astype(np.float64),
            "decision": pa.DictionaryArray.from_arrays(
                pa.array(flagged.astype(np.int8)), pa.array(DECISIONS)
            ).cast(pa.string()),
            **self._reasons(values, flagged),
        }
        counts = {
            "rows": len(scores),
            "declined": int(flagged.sum()),
            "score_sum": float(scores.sum(dtype=np.float64)),
            "unknown_codes": unknown_codes(clients, self._columns_in(clients)),
        }
        kept = None
        if self._keeps:
            names = self._model.layout.names
            kept = pa.table({n: pa.array(values[:, i]) for i, n in enumerate(names)})
        return pa.table(table), kept, counts

    def _columns_in(self, clients: "pd.DataFrame") -> Columns:
        return Columns(column for column in self._columns if column.name in clients)

    def _ids(self, clients: "pd.DataFrame", first: int) -> pa.Array:
        """The identifiers; rows are numbered from 1 where there are none."""
        if self._identifier in clients:
            return pa.array(clients[self._identifier], from_pandas=True)
        return pa.array(np.arange(first, first + len(clients)))

    def _reasons(self, values: "Array", flagged: "Array") -> dict[str, Any]:
        """The words that each declined client is told; null for the others."""
        if not self._most:
            return {}
        texts = pa.array([*map(reasons.text, self._described), None])
        places = np.full((len(values), self._most), len(self._described))
        if flagged.any():
            names = self._model.layout.names
            some = xgboost.DMatrix(values[flagged], feature_names=names)
            pushes = self._model.booster.predict(some, pred_contribs=True)[:, :-1]
            found = reasons.choose(pushes, self._described, self._most).places
            places[flagged] = np.where(found == reasons.NONE, len(self._described), found)
        return {f"reason_{n}": texts.take(pa.array(column)) for n, column in enumerate(places.T, 1)}


def _ahead(reader: Executor, pieces: "Iterator[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
    """The same, each read before it is asked for."""
    upcoming = reader.submit(next, pieces, None)
    while (piece := upcoming.result()) is not None:
        upcoming = reader.submit(next, pieces, None)
        yield piece


@dataclass(frozen=True)
class Parts:
    """The pieces that are done, each a file of scores, perhaps one of features, and its counts.

    The counts come last: a piece without them is not done.
    """

    folder: Path
    form: str  # csv or parquet

    def has(self, number: int) -> bool:
        """Whether a piece was done, before a kill perhaps."""
        return self._path(number, "json").is_file()

    def write(self, number: int, table: pa.Table, kept: pa.Table | None, counts: Any) -> None:
        """Keeps a piece."""
        if kept is not None:
            parquet.write(self._path(number, "features"), kept)
        target = self._path(number, self.form)
        if self.form == "parquet":
            parquet.write(target, table)
        else:
            with contract.replacing(target) as temporary:
                pyarrow.csv.write_csv(table, temporary, WRITTEN)
        contract.write_json(self._path(number, "json"), counts)

    def join(self, folder: Path, names: list[str]) -> None:
        """Makes one file of all pieces; the pieces stay until the job's run is kept."""
        target = folder / f"{SCORES}.{self.form}"
        if self.form == "parquet":
            _join_parquet(target, sorted(self.folder.glob("*.parquet")))
        else:
            with contract.replacing(target) as temporary, temporary.open("wb") as joined:
                joined.write(f"{','.join(names)}\n".encode())
                for part in sorted(self.folder.glob("*.csv")):
                    with part.open("rb") as content:
                        shutil.copyfileobj(content, joined, 1 << 20)
        if kept := sorted(self.folder.glob("*.features")):
            _join_parquet(folder / FEATURES, kept)

    def summary(self, pieces: int) -> dict[str, Any]:
        """The counts of all pieces together."""
        found = [contract.read_json(self._path(number, "json")) for number in range(pieces)]
        rows = sum(each["rows"] for each in found)
        unknown: dict[str, int] = {}
        for each in found:
            for name, count in each["unknown_codes"].items():
                unknown[name] = unknown.get(name, 0) + count
        return {
            "rows": rows,
            "declined": sum(each["declined"] for each in found),
            "mean_score": sum(each["score_sum"] for each in found) / rows,
            "unknown_codes": unknown,
        }

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"part-{number:06}.{kind}"


def matrix(features: "pd.DataFrame", expected: "tuple[Feature, ...]", first: int = 1) -> "Array":
    """The features as the model reads them: rows by features, float32, NaN where missing.

    Raises:
        JobError: they are others than the model's, or in another order; or one is no number, or
            infinite; the first of the rows has the number `first`.
    """
    names = [feature.name for feature in expected]
    if (found := [str(name) for name in features]) != names:
        raise contract.JobError(
            f"build_features gives {', '.join(found)}, and the model reads {', '.join(names)}, in "
            "this order: score with the code of the model's commit, or train anew"
        )
    values = np.empty((len(features), len(names)), np.float32)
    for place, name in enumerate(names):
        try:
            values[:, place] = features[name].to_numpy(np.float32, na_value=np.nan)
        except (TypeError, ValueError):
            said = f"the feature {name} holds values that are no numbers"
            raise contract.JobError(said) from None
    if np.isinf(values).any():
        row, place = (int(where[0]) for where in np.nonzero(np.isinf(values)))
        raise contract.JobError(f"row {first + row}: the feature {names[place]} is infinite")
    return values


def _join_parquet(target: Path, parts: list[Path]) -> None:
    with (
        contract.replacing(target) as temporary,
        pq.ParquetWriter(temporary, pq.read_schema(parts[0]), compression="zstd") as writer,
    ):
        for table in _tables(parts):
            writer.write_table(table)


def _tables(parts: list[Path]) -> Iterator[pa.Table]:
    return (pq.read_table(part) for part in parts)


def build_features(module: str) -> Build:
    """The team's own function; the very one that prepare has used."""
    try:
        build: Build = importlib.import_module(module).build_features
    except (ModuleNotFoundError, AttributeError) as error:
        raise contract.JobError(
            f"{module} has no function build_features: {error}; new clients are scored with the "
            "features that the model was trained on"
        ) from None
    return build


if __name__ == "__main__":
    contract.run(main)
