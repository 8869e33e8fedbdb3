"""Asks evidently and nannyml, as they are set by default, which columns of windows have drifted.

Run in the environment of drift.lock: `drift_peers.py FOLDER [CATEGORY...]`. Each folder below has a
baseline.parquet and windows w*.parquet, all of one size. Leaves alarms.json: for each tool the
columns of each window, in order.
"""

import argparse
import json
import os
import warnings
from pathlib import Path

import pandas as pd

warnings.simplefilter("ignore")
# Both send home what they are used for, unless they are told not to.
os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}


def main() -> None:
    """Writes alarms.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("categories", nargs="*")
    parser.add_argument("--tool", choices=("evidently", "nannyml"), help="one of them alone")
    asked = parser.parse_args()
    alarms: dict[str, list[list[str]]] = {}
    for place in sorted(path for path in asked.folder.iterdir() if path.is_dir()):
        baseline = pd.read_parquet(place / "baseline.parquet")
        windows = [pd.read_parquet(path) for path in sorted(place.glob("w*.parquet"))]
        if asked.tool != "nannyml":
            found = [evidently(baseline, each, asked.categories) for each in windows]
            alarms.setdefault("evidently", []).extend(found)
        if asked.tool != "evidently":
            found = nannyml(baseline, windows, asked.categories)
            alarms.setdefault("nannyml", []).extend(found)
    (asked.folder / "alarms.json").write_text(json.dumps(alarms))


def evidently(baseline: pd.DataFrame, window: pd.DataFrame, categories: list[str]) -> list[str]:
    """The columns that DataDriftPreset calls drifted."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[name for name in baseline if name not in categories],
        categorical_columns=categories,
    )
    sides = [Dataset.from_pandas(each, data_definition=definition) for each in (window, baseline)]
    found = Report([DataDriftPreset()]).run(*sides).dict()
    drifted = []
    for metric in found["metrics"]:
        config = metric["config"]
        if config["type"].endswith("ValueDrift"):
            # Tests give p-values, distances grow; the method's name tells which it is.
            below = "p_value" in config["method"]
            value, threshold = metric["value"], config["threshold"]
            if value < threshold if below else value >= threshold:
                drifted.append(config["column"])
    return drifted


def nannyml(
    baseline: pd.DataFrame, windows: list[pd.DataFrame], categories: list[str]
) -> list[list[str]]:
    """The columns with an alert, window by window; chunks of the baseline set the thresholds."""
    import nannyml as nml

    calculator = nml.UnivariateDriftCalculator(
        column_names=list(baseline), treat_as_categorical=categories, chunk_size=len(windows[0])
    )
    calculator.fit(baseline)
    found = calculator.calculate(pd.concat(windows)).filter(period="analysis").to_df()
    alerts = found.loc[:, (slice(None), slice(None), "alert")]
    names = [name for name, _, _ in alerts.columns]
    return [
        [name for name, is_on in zip(names, row, strict=True) if is_on] for row in alerts.values
    ]


if __name__ == "__main__":
    main()
