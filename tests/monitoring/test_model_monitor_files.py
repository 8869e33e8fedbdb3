"""statistics.json and constraints.json: by the documentation's schemas, and read by the SDK."""

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pytest
from aws import Moto

from regulated_ml.monitoring import baseline
from regulated_ml.monitoring.constraints import Constraints
from regulated_ml.monitoring.distributions import Kind, describe
from regulated_ml.monitoring.statistics import Statistics

KINDS: dict[str, Kind] = {
    "income": "number",
    "children": "number",
    "education": "category",
    "region": "category",
    "nothing": "number",
    "endless": "number",
    "infinite": "number",
}
AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    """Columns of every kind."""
    rng = np.random.default_rng(0)
    return {
        "income": rng.lognormal(10, 1, 5000),
        "children": [0, 1, 2, None, -1] * 1000,
        "education": [1.0, 2.0, 2.0, 3.0, None] * 1000,
        "region": ["north", "south", "south", 'a "b"', None] * 1000,
        "nothing": pa.nulls(5000, pa.float32()),
        "infinite": [math.inf] * 5000,
        "endless": [1.5, math.inf, 2.5, -math.inf, 3.5] * 1000,
    }


@pytest.fixture(scope="module")
def folder(rows: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a baseline."""
    folder = tmp_path_factory.mktemp("baseline")
    made = baseline.of(
        describe([pa.record_batch(rows)], KINDS),
        {"education": ["1", "2", "3", "4"]},
        version=1,
        model="train-1",
        model_sha256="a" * 64,
        features="prepare-1",
        features_sha256="b" * 64,
        rows=5000,
    )
    made.write(folder)
    return folder


@pytest.mark.parametrize("name", ["statistics", "constraints"])
def test_a_file_is_as_the_documentation_has_it(folder: Path, name: str) -> None:
    content = json.loads((folder / f"{name}.json").read_text(), parse_constant=pytest.fail)
    schema = json.loads(Path(__file__).with_name(f"{name}.schema.json").read_text())
    jsonschema.validate(content, schema)


def test_statistics_are_those_of_the_rows(folder: Path, rows: dict[str, Any]) -> None:
    content = json.loads((folder / "statistics.json").read_text())
    assert content["dataset"] == {"item_count": 5000}
    found = {each["name"]: each for each in content["features"]}
    income = found["income"]["numerical_statistics"]
    exact = rows["income"].astype(np.float32).astype(float)
    assert income["common"] == {"num_present": 5000, "num_missing": 0}
    for name, value in (("mean", exact.mean()), ("sum", exact.sum()), ("std_dev", exact.std())):
        assert income[name] == pytest.approx(value)
    assert (income["min"], income["max"]) == (exact.min(), exact.max())
    counts, edges = np.histogram(exact, 10)
    kll = income["distribution"]["kll"]
    assert [each["upper_bound"] for each in kll["buckets"]] == pytest.approx(edges[1:].tolist())
    shares = [each["count"] / 5000 for each in kll["buckets"]]
    assert shares == pytest.approx((counts / 5000).tolist(), abs=0.002)
    # Every value of level i stands for 2^i values.
    assert sum(len(level) << i for i, level in enumerate(kll["sketch"]["data"])) == 5000
    assert kll["sketch"]["parameters"]["k"] == 4096
    codes = found["education"]["numerical_statistics"]  # codes are numbers to Model Monitor
    assert (codes["mean"], codes["common"]["num_missing"]) == (pytest.approx(2.0), 1000)
    region = found["region"]["string_statistics"]
    assert region["distinct_count"] == 3
    assert region["distribution"]["categorical"]["buckets"][0] == {"value": "south", "count": 2000}
    assert found["nothing"]["inferred_type"] == "Unknown"
    assert found["endless"]["numerical_statistics"]["mean"] == pytest.approx(2.5)


def test_constraints_are_what_the_rows_keep(folder: Path) -> None:
    content = json.loads((folder / "constraints.json").read_text())
    assert {each["name"]: each for each in content["features"]} == {
        "income": {
            "name": "income",
            "inferred_type": "Fractional",
            "completeness": 1.0,
            "num_constraints": {"is_non_negative": True},
        },
        "children": {
            "name": "children",
            "inferred_type": "Integral",
            "completeness": 0.8,
            "num_constraints": {"is_non_negative": False},
        },
        "education": {
            "name": "education",
            "inferred_type": "Integral",
            "completeness": 0.8,
            "num_constraints": {"is_non_negative": True},
            # The code 4 is declared, though no row has it.
            "string_constraints": {"domains": ["1", "2", "3", "4"]},
        },
        "region": {
            "name": "region",
            "inferred_type": "String",
            "completeness": 0.8,
            "string_constraints": {"domains": ['a "b"', "north", "south"]},
        },
        "nothing": {"name": "nothing", "inferred_type": "Unknown", "completeness": 0.0},
        "infinite": {"name": "infinite", "inferred_type": "Unknown", "completeness": 1.0},
        "endless": {
            "name": "endless",
            "inferred_type": "Fractional",
            "completeness": 1.0,
            "num_constraints": {"is_non_negative": True},
        },
    }


def test_the_sdk_reads_both_files(
    folder: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**AWS, "AWS_ENDPOINT_URL": moto.url}.items():
        monkeypatch.setenv(name, value)
    import boto3
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.model_monitor import monitoring_files

    s3 = moto.client("s3")
    s3.create_bucket(
        Bucket="read-back", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for name in ("statistics.json", "constraints.json"):
        s3.upload_file(str(folder / name), "read-back", name)
    session = Session(boto_session=boto3.Session())
    place = "s3://read-back/"
    statistics = monitoring_files.Statistics.from_s3_uri(
        f"{place}statistics.json", sagemaker_session=session
    )
    assert statistics.body_dict == json.loads((folder / "statistics.json").read_text())
    constraints = monitoring_files.Constraints.from_s3_uri(
        f"{place}constraints.json", sagemaker_session=session
    )
    constraints.set_monitoring(False, "income")  # the SDK's own way to switch a feature off
    constraints.save()
    saved = json.loads(s3.get_object(Bucket="read-back", Key="constraints.json")["Body"].read())
    income = Constraints.model_validate(saved).features[0]
    assert income.monitoring_config_overrides == {"evaluate_constraints": "Disabled"}


def test_what_model_monitor_adds_is_kept(folder: Path) -> None:
    for name, model in (("statistics", Statistics), ("constraints", Constraints)):
        content = json.loads((folder / f"{name}.json").read_text())
        content["features"][0]["added"] = {"by": "Model Monitor"}
        read = model.model_validate(content)
        assert read.model_dump(mode="json", exclude_none=True) == content
