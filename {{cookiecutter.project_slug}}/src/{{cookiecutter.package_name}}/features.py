"""The features: what the model sees of a client. This is the place to change first.

The same function makes the features of rows to train on and of rows to score, so it looks at one
client at a time: no means over the table, nothing that a single client could not be given.
"""

import pandas as pd

from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.features import Feature, raw_features

# What each feature means that is no column of the table. `monotone` holds the model to a direction,
# `reason` is what a declined client is told, `protected` features are never told as a reason.
OWN: tuple[Feature, ...] = (
    # Feature("LIMIT_USED", monotone=1, description="latest bill as a share of the credit limit",
    #         reason="How much of your credit limit is used"),
)


def build_features(clients: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """One row of numbers for each client.

    Args:
        clients: the table, with the columns of config/dataset.yaml.
        columns: what these columns are.
    """
    features = raw_features(clients, columns)  # those with the role `feature`, as they are
    # features["LIMIT_USED"] = clients["BILL_AMT1"] / clients["LIMIT_BAL"]
    return features
