"""A small table of clients: categories of texts, missing values, dates, a label of texts."""

from typing import Any

import numpy as np
import pandas as pd

from regulated_ml.jobs.columns import Columns

REGIONS = {"north": "the north", "south": "the south", "islands": "the islands"}

DATASET: dict[str, Any] = {
    "columns": [
        {"name": "client", "type": "integer", "role": "identifier"},
        {
            "name": "status",
            "type": "integer",
            "role": "feature",
            "monotone": 1,
            "description": "months late",
            "reason": "A payment was late",
        },
        {
            "name": "limit",
            "type": "number",
            "role": "feature",
            "description": "credit limit",
            "reason": "Your credit limit",
        },
        {
            "name": "region",
            "type": "category",
            "role": "feature",
            "values": REGIONS,
            "undocumented": {"abroad": "not documented"},
            "description": "where the client lives",
            "reason": "Where you live",
        },
        {
            "name": "age",
            "type": "integer",
            "role": "protected",
            "description": "age",
            "unit": "years",
        },
        {"name": "opened", "type": "date", "role": "time"},
        {"name": "note", "type": "category", "role": "ignored"},
        {
            "name": "paid",
            "type": "category",
            "role": "label",
            "values": {"yes": "paid", "no": "did not pay"},
            "positive": "no",
        },
    ]
}
COLUMNS = Columns.from_json(DATASET["columns"])
FEATURES = ["status", "limit", "region"]


def clients(rows: int, seed: int = 0) -> pd.DataFrame:
    """The table; a late status and a low limit make a default likely."""
    rng = np.random.default_rng(seed)
    status = rng.integers(-1, 5, rows)
    limit = rng.lognormal(10, 1, rows).round(2)
    margin = status - 0.8 * (np.log(limit) - 10) - 2.5
    return pd.DataFrame(
        {
            "client": np.arange(1, rows + 1),
            "status": status,
            "limit": np.where(rng.random(rows) < 0.05, np.nan, limit),
            "region": pd.Series(rng.choice([*REGIONS, "abroad", None], rows), dtype="object"),
            "age": rng.integers(18, 90, rows),
            "opened": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(np.sort(rng.integers(0, 365, rows)), unit="D"),
            "note": "x",
            "paid": np.where(rng.random(rows) < 1 / (1 + np.exp(-margin)), "no", "yes"),
        }
    )
