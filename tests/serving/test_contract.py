"""The contract of the managed container, as it answered when it was asked."""

import http.client
import json
from pathlib import Path

import boto3
import numpy as np
import pytest
import xgboost
from botocore.config import Config
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families

from regulated_ml.platforms.archive import unpack

from .conftest import Served

EVERY_ROW, THE_RISKY = "`true`", "[0] > `0.5`"


def test_it_lives_and_says_what_it_takes(shared: Served) -> None:
    assert shared.ask(b"", "/ping", "GET")[::2] == (200, "")
    status, kind, body = shared.ask(b"", "/execution-parameters", "GET")
    assert (status, kind) == (200, "application/json")
    found = json.loads(body)
    assert found.pop("MaxConcurrentTransforms") >= 1
    assert found == {"BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}


@pytest.fixture(scope="module")
def expected(
    model_folder: Path, rows: list[str], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The scores by XGBoost's own reading of the rows, as Python prints a float32."""
    folder = tmp_path_factory.mktemp("model") / "model"
    unpack(model_folder / "model.tar.gz", folder)
    (model,) = folder.glob("*.ubj")
    values = [[float(cell or "nan") for cell in row.split(",")] for row in rows]
    found = xgboost.Booster(model_file=str(model)).predict(
        xgboost.DMatrix(np.array(values, np.float32)), validate_features=False
    )
    return [str(score.item()) for score in found]


def test_scores_are_xgboosts_to_the_last_digit(
    shared: Served, rows: list[str], expected: list[str]
) -> None:
    found = shared.ask("\n".join(rows))
    assert found[:2] == (200, "text/csv; charset=utf-8")
    assert found.body == "".join(f"{score}\n" for score in expected)


def test_json_is_had_for_the_asking(shared: Served, rows: list[str], expected: list[str]) -> None:
    status, kind, body = shared.ask("\n".join(rows[:2]) + "\n", accept="application/json")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == {"predictions": [{"score": float(s)} for s in expected[:2]]}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/invocations", "ROW", {"accept": "application/xml"}, 406),
        ("POST", "/invocations", "ROW", {"accept": "application/jsonlines"}, 406),
        ("POST", "/invocations", "ROW", {"accept": "text/html, application/json;q=0.9"}, 200),
        ("POST", "/invocations", "ROW", {"content_type": "application/json"}, 415),
        ("POST", "/invocations", "ROW", {"content_type": "application/octet-stream"}, 415),
        ("POST", "/invocations", "ROW", {"content_type": "text/csv; charset=utf-8"}, 200),
        ("POST", "/invocations", "ROW", {"content_type": "text/csv;label_size=0"}, 415),
        ("POST", "/invocations", "ROW,1", {}, 400),
        ("POST", "/invocations", "1,2,3", {}, 400),
        ("POST", "/invocations", "", {}, 204),
        ("POST", "/invocations", "1" * (6 << 20), {}, 400),
        ("POST", "/invocations", "1" * ((6 << 20) + 1), {}, 413),
        ("GET", "/invocations", "", {}, 405),
        ("POST", "/ping", "", {}, 405),
        ("GET", "/", "", {}, 404),
        ("POST", "/endpoints/another/invocations", "ROW", {}, 404),
    ],
)
def test_statuses(
    shared: Served,
    rows: list[str],
    method: str,
    path: str,
    body: str,
    headers: dict[str, str],
    status: int,
) -> None:
    assert shared.ask(body.replace("ROW", rows[0]), path, method, **headers).status == status
    assert shared.ask(b"", "/ping", "GET").status == 200


def test_explanations_add_up_to_the_margin_of_the_rows_that_are_asked_for(
    shared: Served, rows: list[str], expected: list[str]
) -> None:
    header = {"x_amzn_sagemaker_enable_explanations": THE_RISKY}
    status, kind, body = shared.ask("\n".join(rows), **header)
    assert (status, kind) == (200, "application/json")
    found = json.loads(body)
    assert found["predictions"]["data"] == "".join(f"{score}\n" for score in expected)
    explained = found["explanations"]["kernel_shap"]
    scores = np.array(expected, float)
    assert [each is not None for each in explained] == (scores > 0.5).tolist()
    assert 0 < sum(scores > 0.5) < len(rows)
    sums = [
        sum(feature["attributions"][0]["attribution"][0] for feature in row)
        for row in explained
        if row
    ]
    margins = np.log(scores / (1 - scores))[scores > 0.5]
    bases = margins - sums
    assert np.ptp(bases) < 1e-4  # the base value is the same for all
    columns = rows[0].count(",") + 1
    assert all(len(row) == columns for row in explained if row)


@pytest.mark.parametrize("expression", ["[0", "[0]", "nothing", "`3`"])
def test_an_expression_that_says_nothing_is_refused(
    shared: Served, rows: list[str], expression: str
) -> None:
    found = shared.ask(rows[0], x_amzn_sagemaker_enable_explanations=expression)
    assert found.status == 400
    assert "EnableExplanations" in found.body


def test_a_client_of_the_service_can_call_it(
    shared: Served, rows: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    client = boto3.client(
        "sagemaker-runtime",
        region_name="eu-central-1",
        endpoint_url=f"http://127.0.0.1:{shared.running.port}",
        config=Config(retries={"total_max_attempts": 1}),
    )
    asked = {"EndpointName": "credit", "ContentType": "text/csv"}
    answer = client.invoke_endpoint(**asked, Body=rows[0], InferenceId="client-1")
    assert answer["Body"].read().decode() == f"{expected[0]}\n"
    assert answer["InvokedProductionVariant"] == "v3"
    explained = client.invoke_endpoint(**asked, Body=rows[0], EnableExplanations=EVERY_ROW)
    assert len(json.load(explained["Body"])["explanations"]["kernel_shap"]) == 1
    kept = [each["captureData"]["endpointOutput"]["data"] for each in shared.captured()]
    assert "kernel_shap" not in "".join(kept)  # explanations tell of values that may be masked
    with pytest.raises(ClientError) as refused:
        client.invoke_endpoint(**asked, Body="1,2,3")
    assert refused.value.response["Error"]["Code"] == "ModelError"
    assert refused.value.response["OriginalStatusCode"] == 400
    ids = [each["eventMetadata"].get("inferenceId") for each in shared.captured()]
    assert "client-1" in ids


def test_an_answer_carries_the_id_under_which_it_is_found(served: Served, rows: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.running.port, timeout=30)
    found = []
    for own in ({}, {"X-Amzn-SageMaker-Inference-Id": "client-1"}):
        connection.request("POST", "/invocations", rows[0], {"content-type": "text/csv", **own})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.headers["X-Amzn-SageMaker-Inference-Id"])
    connection.close()
    first, second = (each["eventMetadata"] for each in served.captured())
    assert found == [first["eventId"], "client-1"]
    assert second["inferenceId"] == "client-1"


def test_what_is_counted_is_what_was_asked(served: Served, rows: list[str]) -> None:
    for body in (rows[0], "\n".join(rows[:5]), "1,2"):
        served.ask(body)
    text = served.ask(b"", "/metrics", "GET").body
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["rml_requests_total", "/invocations", "200"] == 2
    assert samples["rml_requests_total", "/invocations", "400"] == 1
    assert samples["rml_rows_total",] == 6
    assert samples["rml_captured_requests_total",] == 2
    assert samples["rml_invocation_seconds_count",] == 3
