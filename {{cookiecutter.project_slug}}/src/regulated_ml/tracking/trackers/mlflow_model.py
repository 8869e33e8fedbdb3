"""The model of a training as MLflow keeps models: with a signature and an input example.

The archive is held against the record before it is opened, and nothing in it is run: it is files
and folders, one of them a model in XGBoost's own format. The example is no client: it has of each
feature the median of the rows that were trained on.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from regulated_ml.errors import UserError
from regulated_ml.platforms.archive import unpack
from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore

if TYPE_CHECKING:
    import pandas as pd

NAME = "model"
FORMATS = (".ubj", ".json")  # of XGBoost; a pickle is none
ROWS = "train/features.parquet"  # of the run that prepared them
PACKAGES = ("xgboost", "xgboost-cpu", "numpy", "pandas", "scipy")  # that a model needs


def log(store: RunStore, record: Record, address: str, experiment: str, run_id: str) -> None:
    """Logs the model of a training's record to a run of an experiment of MLflow.

    Raises:
        UserError: the archive is not what the record says, or does not hold a model of XGBoost.
    """
    import mlflow
    import mlflow.xgboost
    from mlflow.models import Model

    item = record.artifact(MODEL_ARCHIVE)
    if item is None:
        return
    store.check_whole(record, [item])
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment(experiment_id=experiment)  # which the model, unlike the run, goes by
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        unpack(store.folder_of(record) / MODEL_ARCHIVE, folder)
        booster, suffix = _booster(folder, record.id)
        Model.log(
            artifact_path=None,
            name=NAME,
            flavor=mlflow.xgboost,
            run_id=run_id,
            tags={"rml.run": record.id, "mlflow.source.name": f"rml {record.step}"},
            xgb_model=booster,
            model_format=suffix.removeprefix("."),
            signature=_signature(booster.feature_names),
            input_example=_example(store, record, booster.feature_names),
            pip_requirements=_requirements(record),
        )


def _booster(folder: Path, run: str) -> tuple[Any, str]:
    """The model of an unpacked archive, and the ending of its file."""
    import xgboost

    files = [path for path in folder.iterdir() if path.is_file()]
    fix = "mend the step train: it writes one model, as xgboost-model.ubj"
    if len(files) != 1 or files[0].suffix not in FORMATS:
        names = ", ".join(sorted(path.name for path in files))
        rule = f"{MODEL_ARCHIVE} holds one file on top, that ends with {' or '.join(FORMATS)}"
        raise UserError.one(f"runs/{run}", names, rule, fix)
    booster = xgboost.Booster()
    try:
        booster.load_model(files[0])
    except xgboost.core.XGBoostError as error:
        rule = "the file in the archive is no model of XGBoost"
        raise UserError.one(f"runs/{run}", files[0].name, rule, fix) from error
    return booster, files[0].suffix


def _signature(names: list[str] | None) -> Any:
    """Numbers in, of which any may be missing; a probability a row out."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    columns: list[ColSpec | TensorSpec] = [
        ColSpec("float", name, required=False) for name in names or ()
    ]
    scores = TensorSpec(np.dtype("float32"), (-1,))
    return ModelSignature(Schema(columns) if columns else None, Schema([scores]))


def _example(store: RunStore, record: Record, names: list[str] | None) -> "pd.DataFrame | None":
    """One row; None where the rows that were trained on are no longer there."""
    import pyarrow.parquet as pq

    given = next((each for each in record.inputs if each.channel == "train" and each.run), None)
    path = store.folder / str(given and given.run) / ROWS
    if not names or not path.is_file():
        return None
    rows = pq.ParquetFile(path).read_row_group(0, columns=names).to_pandas()
    return rows.median().to_frame().T.astype("float32")


def _requirements(record: Record) -> list[str]:
    """What the model was trained with, of the packages that it needs."""
    packages = record.dependencies.packages
    # On Linux the same package comes under another name, without what only a GPU needs.
    return [f"{name}=={packages[name]}" for name in PACKAGES if name in packages]
