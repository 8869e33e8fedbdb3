"""Makes the aggregate profile of a table; `profile.py` has the format and its promises.

Each column gets a regression tree over the cells of the columns before it, and the label a gradient
boosted ensemble over all of them. Both come from XGBoost, whose minimum child weight is a number of
clients for squared error, and at most a quarter of one for the logistic loss (the hessian p(1-p)).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulated_ml.data import schema, tables
from regulated_ml.data.grouping import grouped
from regulated_ml.data.margins import Encoded, TooRareError, encode
from regulated_ml.data.profile import (
    MINIMUM_CLIENTS,
    SCORE_UNIT,
    Bin,
    ColumnProfile,
    LabelProfile,
    Profile,
    ScoreTree,
    Tree,
    drawn,
)
from regulated_ml.data.trees import Walk
from regulated_ml.errors import UserError
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.split import split_rows
from regulated_ml.settings import Column, Dataset, Settings, Split

if TYPE_CHECKING:
    import numpy.typing as npt

LEAVES = 64  # of a column's tree
LEAF_CLIENTS = 80  # at least so many in a leaf of a column's tree
BINS = 20  # into which a leaf divides its clients, about
LABEL_TREES = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.1,
    "min_child_weight": 10,  # at least 40 clients, see above
}
LABEL_ROUNDS = 120

Progress = Callable[[int, int, str], None]


def of_file(path: Path, settings: Settings, progress: Progress, *, all_rows: bool) -> Profile:
    """The profile of a table: of all its rows, or of those that the workflow does not test on.

    Raises:
        UserError: the table breaks its schema, or is too small.
    """
    dataset = settings.dataset
    report = schema.check(path, dataset)
    if report.violations:
        broken = ", ".join(sorted({finding.column or "(row)" for finding in report.violations}))
        raise UserError.one(
            str(path),
            broken,
            "a profile is made of a table that keeps its schema",
            "`rml data check FILE` lists what is wrong",
        )
    table = tables.read(path, dataset)
    labelled = pc.is_valid(table.column(dataset.label.name)).to_numpy()
    selected, words = np.flatnonzero(labelled), "all rows with a label"
    if not all_rows:
        split = settings.model.split
        selected, words = _but_test_rows(table, dataset, split)
    return make(table, dataset, report.fingerprint, selected, words, progress)


def make(
    table: pa.Table,
    dataset: Dataset,
    fingerprint: str,
    selected: "npt.NDArray[np.intp]",
    words: str,
    progress: Progress = lambda done, total, text: None,
) -> Profile:
    """The profile of some rows of a table.

    Args:
        table: the canonical table.
        fingerprint: that of the table.
        selected: positions of the rows to look at, from 0; rows without a label are left out.
        words: which rows these are, for the reader of the profile.

    Raises:
        UserError: the rows are too few, one of the label's two codes is too rare, or a column of
            codes or texts has none that enough clients share.
    """
    rows = table.take(pa.array(selected))
    rows = rows.filter(pc.is_valid(rows.column(dataset.label.name)))
    columns = drawn(dataset)
    positive = pc.equal(rows.column(dataset.label.name), dataset.label.positive).to_numpy()
    _enough(positive, dataset)
    cells = np.zeros((len(columns), len(rows)), np.int32)
    profiles = []
    for number, column in enumerate(columns):
        progress(number, len(columns) + 1, column.name)
        try:
            encoded = _encoded(rows.column(column.name).combine_chunks(), column, positive)
        except TooRareError:
            raise _too_rare(column) from None
        profiles.append(_column(column.name, encoded, cells[:number]))
        cells[number] = encoded.cells
    progress(len(columns), len(columns) + 1, dataset.label.name)
    return Profile(
        dataset=dataset.name,
        fingerprint=fingerprint,
        table_rows=len(table),
        rows=len(rows),
        selection=words,
        columns=tuple(profiles),
        label=_label(dataset, cells, positive),
    )


def _but_test_rows(
    table: pa.Table, dataset: Dataset, split: Split
) -> tuple["npt.NDArray[np.intp]", str]:
    """The rows that the workflow does not test on; the others stay an honest test of the twin."""
    label = table.column(dataset.label.name)
    labelled = np.flatnonzero(pc.is_valid(label).to_numpy())
    times = None
    words = f"stratified by the label, seed {split.seed}"
    if split.time_column:
        times = table.column(split.time_column).to_numpy()[labelled]
        words = f"the earliest by {split.time_column}"
    try:
        parts = split_rows(
            label.to_numpy()[labelled],
            validation=split.validation,
            test=split.test,
            seed=split.seed,
            times=times,
        )
    except JobError as error:
        fix = "use a table with more rows, or --all-rows"
        raise UserError.one("rows", len(labelled), str(error), fix) from None
    known = np.sort(labelled[np.concatenate([parts.train, parts.validation])])
    return known, f"all but the {split.test:.0%} for the test; {words}"


def _enough(positive: "npt.NDArray[np.bool_]", dataset: Dataset) -> None:
    for code, count in ((dataset.label.positive, positive.sum()), ("the other", (~positive).sum())):
        if count < MINIMUM_CLIENTS:
            raise UserError.one(
                f"column {dataset.label.name}",
                f"{count} rows with {code}",
                f"a profile looks at {MINIMUM_CLIENTS} rows or more of each of the label's codes",
                "use a table with more rows",
            )


def _too_rare(column: Column) -> UserError:
    """The error for a column that can have no cell, such as names; its values are not shown."""
    fix = "set its role to ignored" if column.values else "declare its values, or its role: ignored"
    return UserError.one(
        f"config/dataset.yaml: columns: {column.name}",
        column.role,
        f"a value that {MINIMUM_CLIENTS} clients or more share, to stand in the profile",
        fix,
    )


def _encoded(values: pa.Array, column: Column, positive: "npt.NDArray[np.bool_]") -> Encoded:
    """The column in cells. Texts are put in the order of dataset.yaml, else of their label rate."""
    missing = pc.is_null(values).to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    if not pa.types.is_string(values.type):
        numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.float64)
        return encode(numbers, missing, codes=bool(column.values))
    order = [str(code) for code in (*column.values, *column.undocumented)]
    order = order or _by_label_rate(values, positive)
    places = pc.fill_null(pc.index_in(values, pa.array(order, pa.string())), 0)
    margin, cells, ranks = encode(places.to_numpy().astype(np.float64), missing, codes=True)
    texts = tuple(None if place is None else order[int(place)] for place in margin.low)
    return Encoded(margin.model_copy(update={"low": texts, "high": texts}), cells, ranks)


def _by_label_rate(values: pa.Array, positive: "npt.NDArray[np.bool_]") -> list[str]:
    table = pa.table({"value": values, "positive": pa.array(positive.astype(np.int8))})
    rates = table.group_by("value").aggregate([("positive", "mean")])
    ordered = rates.sort_by([("positive_mean", "ascending"), ("value", "ascending")])
    return [value for value in ordered.column("value").to_pylist() if value is not None]


def _column(name: str, encoded: Encoded, before: "npt.NDArray[np.int32]") -> ColumnProfile:
    """The tree of a column over the cells of those before it, and what its leaves hold."""
    count = len(encoded.margin.clients)
    if len(before):
        parameters = {
            "objective": "reg:squarederror",
            "grow_policy": "lossguide",
            "max_leaves": LEAVES,
            "max_depth": 0,
            "min_child_weight": LEAF_CLIENTS,
            "eta": 1.0,
        }
        (dump,) = _boosted(before, encoded.ranks, parameters, 1)
        tree, _ = _tree(dump)
        leaf = Walk.of(tree).nodes(before)
    else:
        tree = Tree(column=(0,), cell=(0,), left=(0,), right=(0,))
        leaf = np.zeros(len(encoded.cells), np.intp)
    counts = [np.bincount(encoded.cells[leaf == node], minlength=count) for node in tree.leaves]
    leaves = tuple(_bins(own) for own in counts)
    return ColumnProfile(name=name, margin=encoded.margin, tree=tree, leaves=leaves)


def _bins(counts: "npt.NDArray[np.intp]") -> tuple[Bin, ...]:
    """How the clients of a leaf spread over the cells of its column."""
    bins = grouped(counts, BINS, MINIMUM_CLIENTS)
    return tuple((first, last, clients) for first, last, clients in bins)


def _label(
    dataset: Dataset, cells: "npt.NDArray[np.int32]", positive: "npt.NDArray[np.bool_]"
) -> LabelProfile:
    """The ensemble that tells the label's probability; it rises where dataset.yaml says it must."""
    label = dataset.label
    monotone = tuple(column.monotone for column in drawn(dataset))
    parameters = {**LABEL_TREES, "monotone_constraints": monotone}
    trees = []
    for dump in _boosted(cells, positive, parameters, LABEL_ROUNDS):
        tree, scores = _tree(dump)
        clients = np.bincount(Walk.of(tree).nodes(cells), minlength=len(tree.left))
        counts = tuple(clients[list(tree.leaves)].tolist())
        trees.append(ScoreTree(tree=tree, scores=scores, clients=counts))
    (positive_code,), (negative,) = (
        [code for code in label.values if (code == label.positive) is wanted]
        for wanted in (True, False)
    )
    return LabelProfile(
        name=label.name,
        negative=negative,
        positive=positive_code,
        rate=round(float(positive.mean()), 6),
        trees=tuple(trees),
    )


def _boosted(
    cells: "npt.NDArray[np.int32]", target: Any, parameters: dict[str, Any], rounds: int
) -> list[dict[str, Any]]:
    """XGBoost's trees as it dumps them; exact on cells, of which there are fewer than its bins."""
    import xgboost

    common = {
        "tree_method": "hist",
        "max_bin": 4096,
        "reg_lambda": 0,
        "base_score": 0.5,
        "seed": 0,
        "nthread": 1,
    }
    data = xgboost.DMatrix(cells.T.astype(np.float32), target)
    booster = xgboost.train({**common, **parameters}, data, rounds)
    return [json.loads(dump) for dump in booster.get_dump(dump_format="json")]


class _Node(NamedTuple):
    """A node of a tree, as `profile.Tree` has it by columns."""

    column: int
    cell: int
    left: int
    right: int
    score: int  # 0 inside the tree


def _tree(root: dict[str, Any]) -> tuple[Tree, tuple[int, ...]]:
    """A dumped tree in the profile's form, and the score of each node."""
    nodes: list[_Node] = []

    def add(dumped: dict[str, Any]) -> int:
        number = len(nodes)
        nodes.append(_Node(0, 0, number, number, round(dumped.get("leaf", 0.0) * SCORE_UNIT)))
        if "leaf" not in dumped:
            children = {child["nodeid"]: child for child in dumped["children"]}
            nodes[number] = _Node(
                column=int(dumped["split"].removeprefix("f")),
                cell=int(np.ceil(dumped["split_condition"])) - 1,  # "yes" is: less than
                left=add(children[dumped["yes"]]),
                right=add(children[dumped["no"]]),
                score=0,
            )
        return number

    add(root)
    column, cell, left, right, scores = zip(*nodes, strict=True)
    return Tree(column=column, cell=cell, left=left, right=right), scores
