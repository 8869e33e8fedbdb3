"""The standard: secure, traceable, explainable machine learning, the same in every repository."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.4.0"


def lineage(name: str = "train") -> "pd.DataFrame":
    """Where a run, a model version, an endpoint or a prediction comes from, for a notebook.

    Args:
        name: the id of a run, a unique beginning of one, or a step: its latest run; a version (v3);
            an endpoint; the inference id or event id of a captured prediction.

    Returns:
        One row a step, the table first; the columns are the members of `tracking.lineage.Row`.

    Raises:
        UserError: nothing is called so.
    """
    import os
    from pathlib import Path

    from regulated_ml.settings import LOCAL, find_root, load
    from regulated_ml.tracking import lineage as found
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow.tracing import trace

    settings = load(find_root(Path.cwd()), os.environ.get("RML_ENV") or LOCAL)
    store = RunStore(settings.root / RUNS, settings.environment)
    return found.frame(trace(settings, store, name).rows)


def experiment() -> "pd.DataFrame":
    """What SageMaker Experiments shows of the environment that RML_ENV names, for a notebook.

    Returns:
        The trial components as the SDK's `ExperimentAnalytics` gives them, the newest first: one
        row a run, a column for each parameter, statistic of a metric, input and output.

    Raises:
        UserError: the environment is `local`, which has no account, or AWS does not answer.
    """
    import os
    from pathlib import Path

    from regulated_ml.settings import LOCAL, find_root, load
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.tracking.trackers.experiments import Experiments

    settings = load(find_root(Path.cwd()), os.environ.get("RML_ENV") or LOCAL)
    return Experiments(settings, RunStore(settings.root / RUNS, settings.environment)).frame()
