"""A job is a process over SageMaker's folders; what it leaves, or why it failed, is kept."""

from pathlib import Path

import pytest

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json
from regulated_ml.platforms.interface import Job
from regulated_ml.platforms.local import LocalPlatform

PRELUDE = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
"""


class Trial:
    """Runs a few lines of Python as a job."""

    def __init__(self, folder: Path) -> None:
        self.root, self.logs = folder / "root", folder / "logs"
        self.destination = folder / "run"
        self.destination.mkdir()
        (self.root / "src").mkdir(parents=True)
        self.progress: list[tuple[float, float | None, str | None]] = []

    def run(self, code: str, kind: str = "processing", **options: object) -> Path:
        """The destination, after the job has ended."""
        (self.root / "src/a_job.py").write_text(PRELUDE + code)
        job = Job(
            name="step-1",
            kind=kind,  # type: ignore[arg-type]
            module="a_job",
            **{"channels": {}, "parameters": {"depth": 5, "name": "x"}, **options},  # type: ignore[arg-type]
        )
        platform = LocalPlatform(self.root, self.logs)
        platform.start(job, self.destination).wait(lambda *what: self.progress.append(what))
        return self.destination

    def failure(self, code: str) -> str:
        """The rule of the one problem that the job ends with."""
        with pytest.raises(UserError) as caught:
            self.run(code)
        assert caught.value.status == ExitStatus.JOB
        (problem,) = caught.value.problems
        assert str(self.logs / "step-1.log") in problem.fix
        return problem.rule


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A platform in an empty folder."""
    return Trial(tmp_path)


def test_a_processing_job_finds_its_channels_and_parameters(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/a.csv").write_text("1,2")
    (tmp_path / "model.bin").write_text("model")
    folder = trial.run(
        """
inputs = base / "processing/input"
out = base / "processing/output/result"
out.mkdir()
(out / "found.json").write_text(json.dumps([
    (inputs / "rows/a.csv").read_text(),
    (inputs / "model/model.bin").read_text(),
    json.loads((inputs / "parameters/parameters.json").read_text()),
]))
""",
        channels={"rows": tmp_path / "rows", "model/model.bin": tmp_path / "model.bin"},
    )
    assert read_json(folder / "result/found.json") == ["1,2", "model", {"depth": 5, "name": "x"}]
    assert sorted(path.name for path in folder.iterdir()) == ["job.log", "result"]


def test_a_training_job_writes_a_model_and_keeps_its_checkpoints(
    trial: Trial, tmp_path: Path
) -> None:
    folder = trial.run(
        """
hyperparameters = json.loads((base / "input/config/hyperparameters.json").read_text())
(base / "model/model.ubj").write_text("model")
(base / "output/data/found.json").write_text(json.dumps(hyperparameters))
(base / "checkpoints/xgboost-checkpoint.10").write_text("half")
""",
        kind="training",
        checkpoints=tmp_path / "kept",
    )
    # SageMaker passes hyperparameters as text; ours is JSON in that text.
    assert read_json(folder / "found.json") == {"depth": "5", "name": '"x"'}
    assert (folder / "model.tar.gz").is_file()
    assert (tmp_path / "kept/xgboost-checkpoint.10").read_text() == "half"


def test_lines_of_progress_move_the_bar_and_stay_in_the_log(trial: Trial) -> None:
    folder = trial.run('print("progress train 10/100 logloss 0.4")\nprint("progress of mine")')
    assert trial.progress == [(10, 100, "train logloss 0.4")]
    assert (folder / "job.log").read_text().splitlines()[1] == "progress of mine"


def test_a_sentence_in_the_failure_file_is_what_the_user_reads(trial: Trial) -> None:
    rule = trial.failure('(base / "output/failure").write_text("no rows are left")\nsys.exit(1)')
    assert rule == "no rows are left"


def test_an_error_without_a_sentence_shows_the_end_of_the_log(trial: Trial) -> None:
    assert "ZeroDivisionError" in trial.failure("1 / 0")


def test_an_error_in_the_code_is_told_with_its_file_and_line(trial: Trial) -> None:
    lines = PRELUDE.count("\n") + 1
    assert trial.failure("1 / 0") == (
        f"src/a_job.py line {lines}: ZeroDivisionError: division by zero"
    )


def test_a_file_that_is_no_python_is_told_with_its_line(trial: Trial) -> None:
    rule = trial.failure("import a_missing_module")
    assert rule.startswith("src/a_job.py line ")
    assert rule.endswith("ModuleNotFoundError: No module named 'a_missing_module'")


def test_a_job_that_the_system_killed_is_said_so(trial: Trial) -> None:
    rule = trial.failure("os.kill(os.getpid(), signal.SIGKILL)")
    assert "SIGKILL" in rule
    assert "memory" in rule


def test_variables_of_a_surrounding_job_do_not_reach_in(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SM_CHANNEL_TRAIN", "/elsewhere")
    folder = trial.run('print("SM_CHANNEL_TRAIN" in os.environ)')
    assert (folder / "job.log").read_text() == "False\n"
