"""Requests to an endpoint: clients of the test rows, as they are or altered as the lab did."""

import http.client
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TYPE = "text/csv; charset=utf-8"


def clients(repository: Path) -> list[dict[str, Any]]:
    """The test rows: features, and the identifier and the label under names of their own."""
    (prepared,) = (repository / "runs").glob("prepare-*")
    features = pq.read_table(prepared / "test/features.parquet").to_pylist()
    measured = pq.read_table(prepared / "test/measurements.parquet").to_pylist()
    label = next(iter(features[0]))
    return [
        {"_id": str(about["ID"]), "_label": row.pop(label), **row}
        for row, about in zip(features, measured, strict=True)
    ]


def drifted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """LIMIT_BAL of every second client divided by 1000, EDUCATION of three in four negated."""
    return [
        {
            **row,
            "LIMIT_BAL": row["LIMIT_BAL"] / (1000 if number % 2 else 1),
            "EDUCATION": row["EDUCATION"] * (1 if number % 4 == 0 else -1),
        }
        for number, row in enumerate(rows)
    ]


def text(row: Mapping[str, Any]) -> str:
    """A client as an endpoint is sent it."""
    values = (value for name, value in row.items() if not name.startswith("_"))
    return ",".join("" if value is None else repr(value) for value in values)


def send(port: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Sends each client as a request of its own, under its identifier."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for row in rows:
        headers = {"content-type": "text/csv", "x-amzn-sagemaker-inference-id": row["_id"]}
        connection.request("POST", "/invocations", text(row), headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    connection.close()


def line(sent: str, answered: str, name: str, time: datetime) -> str:
    """A captured request, as SageMaker's documentation shows it."""
    return json.dumps(
        {
            "captureData": {
                "endpointInput": {
                    "observedContentType": "text/csv",
                    "mode": "INPUT",
                    "data": sent,
                    "encoding": "CSV",
                },
                "endpointOutput": {
                    "observedContentType": TYPE,
                    "mode": "OUTPUT",
                    "data": answered,
                    "encoding": "CSV",
                },
            },
            "eventMetadata": {
                "eventId": f"event-{name}",
                "inferenceId": name,
                "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            },
            "eventVersion": "0",
        }
    )


def truth(name: str, label: object) -> str:
    """A line of ground truth, as SageMaker's documentation shows it."""
    return json.dumps(
        {
            "groundTruthData": {"data": str(label), "encoding": "CSV"},
            "eventMetadata": {"eventId": name},
            "eventVersion": "0",
        }
    )
