"""The standard: secure, traceable, explainable machine learning, the same in every repository."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.2.0"


def lineage(name: str = "train") -> "pd.DataFrame":
    """Where a run comes from and what was made from it, for a notebook.

    Args:
        name: the id of a run, a unique beginning of one, or a step: its latest run.

    Returns:
        One row a step, the table first; the columns are the members of `tracking.lineage.Row`.

    Raises:
        UserError: there is no such run.
    """
    import os
    from pathlib import Path

    from regulated_ml.settings import LOCAL, find_root
    from regulated_ml.tracking import lineage as found
    from regulated_ml.tracking.store import RUNS, RunStore

    store = RunStore(find_root(Path.cwd()) / RUNS, os.environ.get("RML_ENV") or LOCAL)
    return found.frame(found.rows(store.get(name), store.all()))
