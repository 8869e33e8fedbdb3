"""The record's schema: published as it is, and older records stay readable."""

import json
from pathlib import Path

from regulated_ml.tracking import records
from regulated_ml.tracking.records import Record

# As version 1 wrote it, before there were inputs and a guard.
VERSION_1 = """
{"artifacts": [{"bytes": 4, "path": "a", "sha256": "00"}], "code": "c", "command": ["run"],
 "commit": {"branch": "main", "changed": [], "dirty": false, "note": "", "sha": "abc"},
 "data": {"file": "data/t.parquet", "fingerprint": "f", "name": "t", "rows": 3, "state": "real",
          "violations": 0},
 "dependencies": {"lock": null, "packages": {"numpy": "2.4.6"}, "python": "3.12.1", "system": "L"},
 "ended": "2026-01-01T00:00:01.000+00:00", "environment": "local",
 "id": "train-20260101-000000-000000",
 "identity": {"host": "h", "user": "u"}, "key": "k", "metrics": {"rounds": 100}, "module": "m",
 "parameters": {"eta": 0.2}, "parents": [], "schema_version": 1, "seconds": 1.0,
 "standard": "0.1.0", "started": "2026-01-01T00:00:00.000+00:00", "step": "train", "warnings": []}
"""


def test_a_record_of_version_1_is_read_and_keeps_its_version() -> None:
    record = Record.model_validate_json(VERSION_1)
    assert (record.schema_version, record.inputs, record.guard, record.remote) == (
        1,
        (),
        None,
        None,
    )
    assert record.identity.aws is None
    assert json.loads(record.model_dump_json(exclude_unset=True)) == json.loads(VERSION_1)


def test_the_published_schema_is_that_of_the_model() -> None:
    path = Path(records.__file__).with_name("record.schema.json")
    assert json.loads(path.read_text()) == Record.model_json_schema()
