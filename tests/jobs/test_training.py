"""Training: the workshop's model, and the same bytes however often it is stopped."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.metrics import log_loss, roc_auc_score

from regulated_ml.jobs import checkpoints, training
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.hyperparameters import check
from regulated_ml.jobs.training import Trained

from .clients import FEATURES
from .opt_ml import OptMl

# All that draws random numbers, so that a resumed training has something to get wrong.
DRAWING = {"subsample": 0.8, "colsample_bytree": 0.7, "colsample_bynode": 0.7}
GIVEN = {"rounds": 35, "seed": 7, "eta": 0.2, "max_depth": 4, **DRAWING}
Fit = Callable[..., Trained]


@pytest.fixture
def fit(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fit:
    """Trains on the small table in this process."""
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))

    def run(folder: Path | None = None, **given: Any) -> Trained:
        folder = folder or tmp_path / "checkpoints"
        return training.fit(
            check({**GIVEN, **given}), prepared / "train", prepared / "validation", folder
        )

    return run


def digest(trained: Trained) -> str:
    """A hash of the model's bytes and of the history."""
    model = bytes(trained.booster.save_raw("ubj"))
    return hashlib.sha256(model + json.dumps(trained.history).encode()).hexdigest()


def rows(folder: Path) -> tuple[Any, Any]:
    """Features and label of a sample."""
    table = pd.read_parquet(folder / "features.parquet")
    return table[FEATURES].to_numpy(np.float32), table["paid"].to_numpy()


def test_within_a_segment_the_model_is_that_of_xgboost_alone(fit: Fit, prepared: Path) -> None:
    values, labels = rows(prepared / "train")
    parameters = {"objective": "binary:logistic", "seed": 7, "eta": 0.2, "max_depth": 4, **DRAWING,
                  "monotone_constraints": "(1,0,0)"}  # fmt: skip
    matrix = xgboost.DMatrix(values, labels, feature_names=FEATURES)
    bare = xgboost.train(parameters, matrix, 10)
    assert fit(rounds=10).booster.save_raw("ubj") == bare.save_raw("ubj")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"early_stopping_rounds": 4, "eta": 0.6},
        {"eval_metric": "auc", "early_stopping_rounds": 4},
        {"external_memory_rows": 1},
        {"num_parallel_tree": 2, "grow_policy": "lossguide", "max_leaves": 9},
    ],
)
def test_from_every_checkpoint_training_goes_on_to_the_same_bytes(
    fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    monkeypatch.setattr(checkpoints, "KEPT", 100)
    whole = fit(tmp_path / "all", **given)
    written = sorted((tmp_path / "all").iterdir())
    assert len(written) == -(-whole.rounds // training.SEGMENT)
    for number, path in enumerate(written):
        one = tmp_path / str(number)
        one.mkdir()
        shutil.copy(path, one)
        assert digest(fit(one, **given)) == digest(whole), path.name


@pytest.mark.parametrize(
    "given",
    [{"threads": 2}, {"external_memory_rows": 1}, {"external_memory_rows": 1, "threads": 2}],
)
def test_threads_and_external_memory_leave_the_bytes_alone(
    fit: Fit, tmp_path: Path, given: dict[str, Any]
) -> None:
    assert digest(fit(tmp_path / "one", threads=1)) == digest(fit(tmp_path / "two", **given))


def test_external_memory_lies_on_disk(
    fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[list[str]] = []
    write = checkpoints.Checkpoints.write

    def look(*arguments: Any) -> None:
        pages.append([path.suffix for path in (tmp_path / "scratch").rglob("*") if path.is_file()])
        write(*arguments)

    monkeypatch.setattr(checkpoints.Checkpoints, "write", look)
    fit(external_memory_rows=2_101)  # one more than there are
    assert not any(pages)
    fit(tmp_path / "two", external_memory_rows=2_100)
    assert ".page" in pages[-1]


def test_another_seed_gives_another_model(fit: Fit, tmp_path: Path) -> None:
    assert digest(fit(tmp_path / "one")) != digest(fit(tmp_path / "two", seed=8))


@pytest.mark.parametrize("change", [{"eta": 0.3}, {"seed": 8}, {"rounds": 45}])
def test_checkpoints_of_another_training_are_not_used(
    fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    fit()
    changed = fit(**change)
    assert "xgboost-checkpoint.35 is not used: it belongs to another training" in (
        capsys.readouterr().err
    )
    assert digest(changed) == digest(fit(tmp_path / "fresh", **change))


def test_checkpoints_of_other_rows_are_not_used(
    fit: Fit, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit()
    other = Path(shutil.copytree(prepared, tmp_path / "other"))
    shutil.copy(prepared / "test/features.parquet", other / "train/features.parquet")
    training.fit(check(GIVEN), other / "train", other / "validation", tmp_path / "checkpoints")
    assert "it belongs to another training" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:5000] + b"\x00" + content[5001:],
    ],
    ids=["a byte short", "half", "empty", "a byte changed"],
)
def test_a_damaged_checkpoint_is_not_used(
    fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any
) -> None:
    whole = digest(fit())
    latest = tmp_path / "checkpoints/xgboost-checkpoint.35"
    latest.write_bytes(damage(latest.read_bytes()))
    assert digest(fit()) == whole
    assert capsys.readouterr().err == (
        "warning: xgboost-checkpoint.35 is not used: it is damaged\n"
    )


def test_only_the_latest_checkpoints_are_kept_and_none_that_is_being_uploaded(
    fit: Fit, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "xgboost-checkpoint.10.sagemaker-uploading").touch()
    fit()
    names = sorted(path.name for path in folder.glob("xgboost-checkpoint.??"))
    assert names == [f"xgboost-checkpoint.{rounds}" for rounds in (10, 30, 35)]


def test_a_checkpoint_is_a_model_that_xgboost_reads(fit: Fit, tmp_path: Path) -> None:
    fit()
    content = (tmp_path / "checkpoints/xgboost-checkpoint.30").read_bytes()
    booster = xgboost.Booster(model_file=bytearray(content))
    assert booster.num_boosted_rounds() == 30


@pytest.mark.parametrize(
    ("metric", "computed", "best"), [("logloss", log_loss, np.min), ("auc", roc_auc_score, np.max)]
)
def test_early_stopping_keeps_the_best_round(
    fit: Fit, prepared: Path, metric: str, computed: Any, best: Any
) -> None:
    stopped = fit(early_stopping_rounds=4, rounds=200, eval_metric=metric)
    history = stopped.history["validation"]
    assert history.index(best(history)) + 1 == stopped.best_round == stopped.rounds - 4
    assert stopped.booster.num_boosted_rounds() == stopped.kept_rounds == stopped.best_round
    # The metric of the model that is kept, computed from its predictions.
    values, labels = rows(prepared / "validation")
    scores = stopped.booster.predict(xgboost.DMatrix(values, feature_names=FEATURES))
    assert computed(labels, scores) == pytest.approx(best(history), rel=1e-5)


def test_a_monotone_feature_never_lowers_the_score(fit: Fit) -> None:
    booster = fit(rounds=100).booster
    limits, status = np.meshgrid(np.linspace(1e3, 1e5, 40), np.arange(-1, 5), indexing="ij")
    grid = np.column_stack([status.ravel(), limits.ravel(), np.zeros(status.size)])
    scores = booster.predict(xgboost.DMatrix(grid, feature_names=FEATURES)).reshape(status.shape)
    assert (np.diff(scores, axis=1) >= 0).all()
    assert (np.diff(scores, axis=0) > 0).any()  # the others are free


def test_the_job_writes_one_model_on_top_and_tells_how_it_went(
    opt_ml: Callable[..., OptMl], prepared: Path, package: str
) -> None:
    job = opt_ml()
    channels = {name: prepared / name for name in ("train", "validation")}
    process = job.training(f"{package}.train", channels, {**GIVEN, "early_stopping_rounds": None})
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[-1].startswith("progress train 35/35 logloss 0.")
    files = [path.relative_to(job.base / "model") for path in (job.base / "model").rglob("*.*")]
    assert sorted(map(str, files)) == ["metadata/features.json", "xgboost-model.ubj"]
    assert xgboost.Booster(model_file=job.base / "model/xgboost-model.ubj").attributes() == {}
    told = json.loads((job.base / "output/data/training.json").read_text())
    # Without early stopping the model keeps every round, wherever validation was best.
    assert (told["rounds"], told["kept_rounds"], told["metric"]) == (35, 35, "logloss")
    losses = told["history"]["validation"]
    assert told["best_round"] == losses.index(min(losses)) + 1
    assert told["rows"] == {"train": 2100, "validation": 300}
    assert [len(told["history"][name]) for name in ("train", "validation")] == [35, 35]
    assert set(told["importance_gain"]) == set(told["features"]) == set(FEATURES)


KILLER = """
import os, runpy, signal, sys
from pathlib import Path

module, place, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

def dying(function, before):
    def wrapped(*arguments, **options):
        global count
        count -= 1
        if not count:
            before(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return wrapped

def half(path, content):
    with path.open("wb") as file:
        file.write(bytes(content)[: len(content) // 2])

match place:
    case "half a file is written":
        Path.write_bytes = dying(Path.write_bytes, half)
    case "a file is not yet renamed":
        Path.replace = dying(Path.replace, lambda *_: None)
    case "an old checkpoint is to be removed":
        Path.unlink = dying(Path.unlink, lambda *_: None)
runpy.run_module(module, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ("half a file is written", 1),
        ("half a file is written", 3),
        ("half a file is written", 5),  # the model
        ("a file is not yet renamed", 2),
        ("a file is not yet renamed", 5),
        ("an old checkpoint is to be removed", 4),
    ],
)
def test_killed_while_writing_it_ends_with_the_same_bytes(
    opt_ml: Callable[..., OptMl], prepared: Path, package: str, fit: Fit, place: str, count: int
) -> None:
    job = opt_ml()
    job.lay_out_training({name: prepared / name for name in ("train", "validation")}, GIVEN)
    killed = job.python("-c", KILLER, f"{package}.train", place, str(count))
    assert killed.returncode == -signal.SIGKILL
    assert not (job.base / "model/xgboost-model.ubj").exists()
    again = job.run(f"{package}.train")
    assert again.returncode == 0, again.stderr
    assert job.model == bytes(fit().booster.save_raw("ubj"))


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(
    opt_ml: Callable[..., OptMl], prepared: Path, package: str, fit: Fit
) -> None:
    given = {**GIVEN, "rounds": 3_000, "max_depth": 3}
    job = opt_ml()
    job.lay_out_training({name: prepared / name for name in ("train", "validation")}, given)
    rng, kills = np.random.default_rng(0), 0
    while not (job.base / "model/xgboost-model.ubj").exists():
        process = subprocess.Popen(
            [sys.executable, "-m", f"{package}.train"],
            env=job.environment,
            cwd=job.base,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        # Counted in lines of progress, so that the moment is within the training on any machine.
        for _ in range(rng.integers(1, 60)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.01))
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills > 3
    assert job.model == bytes(fit(**given).booster.save_raw("ubj"))


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (lambda folder: (folder / "features.parquet").unlink(), "train/features.parquet cannot be"),
        (lambda folder: (folder / "features.parquet").write_bytes(b"PAR1"), "cannot be read"),
        (lambda folder: (folder / "features.json").unlink(), "features.json is missing"),
        (lambda folder: (folder / "features.json").write_text("{}"), "not one that prepare wrote"),
        (lambda folder: keep(folder, rows=0), "train/features.parquet has no rows"),
        (lambda folder: keep(folder, columns=["paid", "status"]), "has the columns paid, status,"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_trained_on_are_refused(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: Any, sentence: str
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    broken = Path(shutil.copytree(prepared, tmp_path / "broken"))
    breaks(broken / "train")
    with pytest.raises(JobError, match=sentence):
        training.fit(check(GIVEN), broken / "train", broken / "validation", tmp_path)


def keep(folder: Path, *, rows: int | None = None, columns: list[str] | None = None) -> None:
    """Leaves some rows and columns of a sample."""
    path = folder / "features.parquet"
    table = pd.read_parquet(path)
    table.loc[: len(table) if rows is None else rows - 1, columns or list(table)].to_parquet(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"paid": 2}, "train has labels that are neither 0 nor 1"),
        ({"paid": 1}, "the rows of train all have the same label"),
        ({"paid": 0}, "the rows of train all have the same label"),
        # What XGBoost says, without its time, place and stack.
        ({"limit": np.inf}, "XGBoost: Check failed: valid: Input data contains `inf` or a value"),
    ],
)
def test_values_that_cannot_be_trained_on_are_refused(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, float],
    sentence: str,
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    other = Path(shutil.copytree(prepared, tmp_path / "other"))
    path = other / "train/features.parquet"
    pd.read_parquet(path).assign(**change).to_parquet(path)
    with pytest.raises(JobError) as error:
        training.fit(check(GIVEN), other / "train", other / "validation", tmp_path)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


def test_training_needs_neither_pandas_nor_scikit_learn(
    opt_ml: Callable[..., OptMl], prepared: Path, package: str
) -> None:
    job = opt_ml()
    job.lay_out_training({name: prepared / name for name in ("train", "validation")}, GIVEN)
    code = f"""
import sys
from {package} import train
train.main()
print(sorted({{"pandas", "sklearn", "scipy.stats", "matplotlib"}} & set(sys.modules)))
import sklearn
"""
    process = job.python("-c", code)
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[-1] == "[]"


def test_progress_is_told_after_each_segment(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    fit(rounds=20)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["0/20", "10/20", "20/20"]
