"""What anybody would write: read the rows, train, save. `rml train` is measured against it."""

import sys

import pandas as pd
import xgboost as xgb

HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 5,
    "eta": 0.2,
    "gamma": 4,
    "min_child_weight": 6,
    "subsample": 0.8,
    "seed": 42,
}

if __name__ == "__main__":
    path, model = sys.argv[1:]
    features = pd.read_parquet(path)
    label = features.pop(features.columns[0])
    xgb.train(HYPERPARAMETERS, xgb.DMatrix(features, label), 100).save_model(model)
