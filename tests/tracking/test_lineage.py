"""From any run back to the table, by the hash of every file in between."""

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.tracking import lineage
from regulated_ml.tracking.store import RunStore

STEPS = ["source data", "prepare", "train", "evaluate", "explain"]


def rows_of(repository: Path, name: str = "train") -> list[lineage.Row]:
    store = RunStore(repository / "runs")
    return lineage.rows(store.get(name), store.all())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_step_is_there_once_from_the_table_to_the_explanation(small: Path) -> None:
    rows = rows_of(small)
    assert [row.step for row in rows] == STEPS
    assert lineage.broken(rows) == []
    frame = lineage.frame(rows)
    assert list(frame.columns) == list(lineage.Row._fields)
    assert len(frame) == len(STEPS)


def test_every_hash_is_that_of_a_file_which_lies_there(small: Path) -> None:
    source, *steps = rows_of(small)
    ((table, digest),) = source.outputs.items()
    assert digest == sha256(small / table)
    for row in steps:
        for path, made in row.outputs.items():
            assert made == sha256(small / "runs" / row.id / path)
    # What a step has read is what an earlier one has made: here, by name and by hash.
    by_step = {row.step: row for row in steps}
    model = by_step["train"].outputs["model.tar.gz"]
    assert by_step["evaluate"].inputs["model/model.tar.gz: model.tar.gz"] == model
    assert by_step["prepare"].inputs == {f"data/table.parquet: {table}": digest}


def test_what_was_made_of_another_model_is_not_in_it(small: Path) -> None:
    text = (small / "config/model.yaml").read_text()
    (small / "config/model.yaml").write_text(text.replace("max_depth: 5", "max_depth: 3"))
    assert rml(small, "train").returncode == 0
    assert [row.step for row in rows_of(small, "train")] == STEPS[:3]
    assert [row.step for row in rows_of(small, "evaluate")] == STEPS[:4]


def test_a_record_that_is_gone_breaks_the_chain_and_is_named(small: Path) -> None:
    store = RunStore(small / "runs")
    known = [run for run in store.all() if run.step != "prepare"]
    gone = next(run.id for run in store.all() if run.step == "prepare")
    said = lineage.broken(lineage.rows(store.get("train"), known))
    assert any(f"goes back to {gone}" in sentence for sentence in said)


def test_a_file_that_no_parent_has_made_is_named(small: Path) -> None:
    path = next(small.glob("runs/train-*/record.json"))
    content = json.loads(path.read_text())
    content["inputs"][0]["files"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    (said,) = lineage.broken(rows_of(small))
    assert content["inputs"][0]["files"][0]["path"] in said


@pytest.mark.parametrize("form", ["csv", "json"])
def test_it_is_there_in_forms_for_other_programs(small: Path, form: str) -> None:
    done = rml(small, "runs", "lineage", "--format", form)
    assert done.returncode == 0
    rows = (
        json.loads(done.stdout) if form == "json" else [*csv.DictReader(io.StringIO(done.stdout))]
    )
    assert [row["step"] for row in rows] == STEPS


def test_it_is_a_page_with_a_picture_that_names_every_step(small: Path) -> None:
    done = rml(small, "runs", "lineage", "--format", "html")
    page = (small / done.stdout.strip()).read_text(encoding="utf-8")
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    texts = {
        "".join(node.itertext()).strip() for node in svg.iter("{http://www.w3.org/2000/svg}text")
    }
    assert set(STEPS) <= texts
    for row in rows_of(small)[1:]:
        assert row.id in page
    assert "SYNTHETIC TWIN" in page[page.index("<body") :]


def test_a_run_is_shown_whole_and_one_that_is_not_there_is_said(small: Path) -> None:
    done = rml(small, "runs", "show", "evaluate")
    assert done.returncode == 0
    assert "auc" in done.stdout and "model.tar.gz" in done.stdout
    unknown = rml(small, "runs", "lineage", "train-2020")
    assert (unknown.returncode, "no run in local has this id" in unknown.stderr) == (4, True)
    assert "Traceback" not in unknown.stderr


def test_a_notebook_asks_in_python(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import regulated_ml

    monkeypatch.chdir(small)
    assert list(regulated_ml.lineage()["step"]) == STEPS
