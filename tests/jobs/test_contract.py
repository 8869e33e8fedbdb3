"""The contract between a job and SageMaker."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from regulated_ml.jobs import contract

from .opt_ml import OptMl

FAILING = """
from regulated_ml.jobs import contract
def job():
    {statement}
contract.run(job)
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    return tmp_path


def fails(job: OptMl, statement: str) -> "subprocess.CompletedProcess[str]":
    return job.python("-c", FAILING.format(statement=statement))


def test_without_a_variable_the_folders_are_those_of_sagemaker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SAGEMAKER_BASE_DIR", raising=False)
    assert contract.channel("train") == Path("/opt/ml/input/data/train")
    assert contract.processing_input("data") == Path("/opt/ml/processing/input/data")


def test_variables_of_the_container_win(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SM_CHANNEL_TRAIN", "SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"):
        monkeypatch.setenv(name, str(base / name))
    assert contract.channel("train") == base / "SM_CHANNEL_TRAIN"
    assert contract.model_folder() == base / "SM_MODEL_DIR"
    assert contract.output_folder() == base / "SM_OUTPUT_DATA_DIR"


def test_hyperparameters_are_decoded_from_text(base: Path) -> None:
    (base / "input/config").mkdir(parents=True)
    given = {"eta": "0.2", "rounds": "100", "objective": "binary:logistic", "metric": '"auc"',
             "threads": "null", "sagemaker_program": "train.py"}  # fmt: skip
    (base / "input/config/hyperparameters.json").write_text(json.dumps(given))
    expected = {"eta": 0.2, "rounds": 100, "objective": "binary:logistic", "metric": "auc"}
    assert contract.hyperparameters() == expected


def test_hyperparameters_of_the_container_win(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_HPS", '{"eta": 0.3}')
    assert contract.hyperparameters() == {"eta": 0.3}


def test_checkpoints_lie_where_sagemaker_was_told(base: Path) -> None:
    assert contract.checkpoint_folder() == base / "checkpoints"
    (base / "input/config").mkdir(parents=True)
    path = base / "elsewhere"
    content = json.dumps({"S3Uri": "s3://bucket/key", "LocalPath": str(path)})
    (base / "input/config/checkpointconfig.json").write_text(content)
    assert contract.checkpoint_folder() == path


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_parameters_that_cannot_be_read_are_a_mistake_of_the_users(
    base: Path, content: str | None
) -> None:
    folder = base / "processing/input/parameters"
    folder.mkdir(parents=True)
    if content:
        (folder / "parameters.json").write_text(content)
    with pytest.raises(contract.JobError, match=r"parameters\.json"):
        contract.parameters()


def test_a_users_mistake_is_one_sentence(opt_ml: Callable[..., OptMl]) -> None:
    job = opt_ml()
    process = fails(job, "raise contract.JobError('the table has no column PAY_0')")
    assert process.returncode == 1
    assert process.stderr == "error: the table has no column PAY_0\n"
    assert job.failure == "the table has no column PAY_0"
    assert (job.base / "output/message").read_text() == f"{job.failure}\n"


def test_any_other_error_leaves_its_traceback_in_the_log(opt_ml: Callable[..., OptMl]) -> None:
    job = opt_ml()
    process = fails(job, "1 / 0")
    assert process.returncode == 1
    assert process.stderr.startswith("Traceback")
    assert job.failure == "ZeroDivisionError: division by zero"


def test_a_job_that_ends_well_leaves_no_failure(opt_ml: Callable[..., OptMl]) -> None:
    job = opt_ml()
    assert fails(job, "pass").returncode == 0
    assert not (job.base / "output").exists()


def test_progress_is_a_line_that_the_platform_reads(capsys: pytest.CaptureFixture[str]) -> None:
    contract.progress("train", 10, 100, "logloss 0.4")
    assert capsys.readouterr().out == "progress train 10/100 logloss 0.4\n"


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(OSError, match="full"), contract.replacing(target) as temporary:
        temporary.write_text("ne")
        # SageMaker leaves files with this ending on the machine.
        assert temporary.name.endswith(".sagemaker-ignore")
        raise OSError("the disk is full")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_json_holds_no_value_that_is_none_of_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        contract.write_json(tmp_path / "x.json", {"auc": float("nan")})


def test_the_contract_imports_the_standard_library_only(opt_ml: Callable[..., OptMl]) -> None:
    code = """
import sys
before = set(sys.modules)
from regulated_ml.jobs import contract
new = {name.split(".")[0] for name in set(sys.modules) - before}
print(new - sys.stdlib_module_names - {"regulated_ml"})
"""
    assert opt_ml().python("-c", code).stdout == "set()\n"
