"""Explain: a model and rows in, contributions and reasons out (a processing job).

The rows pass by piece by piece, so memory does not grow with their number.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from regulated_ml.jobs import contract, groups, reasons, shown
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contributions import Picked, Statistics, explained
from regulated_ml.jobs.explanation import Findings, content
from regulated_ml.jobs.explanation_tables import tables
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.group_reasons import GroupCounts
from regulated_ml.jobs.matrices import SampleFile
from regulated_ml.jobs.model import Model, declined


def main() -> None:
    """Explains every row of the sample, writes explanation.json and two tables beside it."""
    parameters = contract.parameters()
    model = Model.load(contract.processing_input("model"))
    sample = SampleFile(contract.processing_input("test"), model.layout)
    columns = Columns.from_json(parameters["columns"])
    features = in_words_of(columns, model.layout.features)
    folder = contract.processing_output("explanation")
    clients = shown.chosen(model, sample, parameters)
    test = contract.processing_input("test")
    protected = groups.measured(test, columns.having("protected"))
    bands = groups.edges(test, protected, parameters["fairness"]["bands"])
    found = Findings(
        features,
        Statistics(len(features)),
        reasons.Counts(features, parameters["reason_codes"]),
        GroupCounts(groups.attributes(test, protected, bands), features),
        sample=Picked(drawn(sample.rows, parameters["sample"], parameters["seed"])),
        clients=Picked(np.array(clients)),
        shown=clients,
    )
    if parameters.get("show_identifiers"):
        found.identifiers = shown.identifiers(test, columns, clients)
    with tables(folder, features, parameters["reason_codes"]) as write:
        for done, (block, matrix) in enumerate(model.blocks(sample)):
            contract.progress("explain", done, sample.blocks)
            part = explained(model, block.values, matrix)
            flagged = declined(part.scores, parameters["threshold"])
            write(part, flagged, found.add(part, flagged))
    gain = model.booster.get_score(importance_type="gain")
    contract.write_json(folder / "explanation.json", content(found, gain, parameters))
    contract.progress("explain", sample.blocks, sample.blocks)
    print(
        f"contributions add up to the margin of each of {found.statistics.rows} rows; "
        f"the largest error is {found.statistics.largest_error:.2g}"
    )


def in_words_of(columns: Columns, features: Sequence[Feature]) -> list[Feature]:
    """The model's features in the words of today's dataset.yaml; what was protected stays so."""
    known = {column.name: column for column in columns}
    return [
        replace(
            feature,
            description=known[feature.name].description,
            reason=known[feature.name].reason,
            protected=feature.protected or known[feature.name].role == "protected",
        )
        if feature.name in known
        else feature
        for feature in features
    ]


def drawn(rows: int, most: int, seed: int) -> Any:
    """Positions of at most `most` rows, drawn at random."""
    return np.random.default_rng(seed).choice(rows, min(rows, most), replace=False)


if __name__ == "__main__":
    contract.run(main)
