"""From a version, an endpoint or a prediction back to commit, data and person."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import rml
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.settings import load
from regulated_ml.tracking import captures, lineage
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.tracing import Traced, trace

from .acts import act
from .conftest import Told

JOBS = ["source data", "prepare", "train", "evaluate", "explain"]
ACTS = [
    *("register v1", "reject v1", "approve v1", "promote v1 to local", "release v1"),
    *("push v1", "deploy v1 to local", "monitor v1"),
]
ENDPOINT = "credit-default-local"


def traced(repository: Path, name: str) -> Traced:
    store = RunStore(repository / "runs", "local")
    return trace(load(repository), store, name)


def event(capture_id: str, time: datetime, inference_id: str = "") -> dict[str, Any]:
    """A line as SageMaker's data capture writes it."""
    about = {"eventId": capture_id, "inferenceTime": time.isoformat().replace("+00:00", "Z")}
    if inference_id:
        about["inferenceId"] = inference_id
    sent = {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2,3", "encoding": "CSV"}
    answered = {**sent, "mode": "OUTPUT", "data": "0.25"}
    return {
        "captureData": {"endpointInput": sent, "endpointOutput": answered},
        "eventMetadata": about,
        "eventVersion": "0",
    }


def capture(repository: Path, *lines: dict[str, Any] | str, endpoint: str = ENDPOINT) -> Path:
    """A file of lines where an endpoint of this machine writes it."""
    path = repository / f"data/capture/{endpoint}/AllTraffic/2026/11/24/12/a.jsonl"
    path.parent.mkdir(parents=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n")
    return path


@pytest.fixture
def own(told: Told, tmp_path: Path) -> Path:
    """A copy of the repository to write into."""
    return Path(shutil.copytree(told.repository, tmp_path / "own", symlinks=True))


@pytest.mark.parametrize("name", ["v1", "1", "latest", ENDPOINT, "train", "register"])
def test_all_that_led_to_a_version_and_all_that_was_done_with_it_is_there_in_order(
    told: Told, name: str
) -> None:
    found = traced(told.repository, name)
    assert [row.title for row in found.rows] == [*JOBS, *ACTS]
    assert lineage.broken(found.rows) == []
    assert all(row.user for row in found.rows[1:])


def test_the_target_of_a_version_is_its_registration_and_of_an_endpoint_its_deployment(
    told: Told,
) -> None:
    assert traced(told.repository, "v1").target == told.acts["register"].id
    assert traced(told.repository, ENDPOINT).target == told.acts["deploy"].id


def test_a_version_has_the_runs_that_it_was_registered_on_and_not_later_ones(own: Path) -> None:
    before = {row.id for row in traced(own, "v1").rows}
    text = (own / "config/model.yaml").read_text()
    (own / "config/model.yaml").write_text(text.replace("max_depth: 5", "max_depth: 3"))
    assert rml(own, "train").returncode == 0
    assert {row.id for row in traced(own, "v1").rows} == before
    assert [row.step for row in traced(own, "train").rows] == JOBS[:3]


@pytest.mark.parametrize("name", ["v1", "train"])
def test_an_act_that_was_done_twice_is_there_twice(own: Path, told: Told, name: str) -> None:
    again = act(own, "promote", [told.acts["register"], told.acts["approve"]])
    ids = [row.id for row in traced(own, name).rows if row.step == "promote"]
    assert ids == [told.acts["promote"].id, again.id]


def test_a_prediction_leads_to_the_version_that_served_at_its_time(own: Path, told: Told) -> None:
    first = told.acts["deploy"]
    second = act(own, "register", [told.acts["register"]], version=2)
    later = act(own, "deploy", [second], version=2, endpoint=ENDPOINT)
    between = datetime.fromisoformat(first.ended).replace(microsecond=0)  # as endpoints write it
    after = datetime.fromisoformat(later.ended) + timedelta(hours=1)
    path = own / "runs" / later.id / "record.json"
    path.write_text(path.read_text().replace(later.ended, after.isoformat()))
    capture(own, event("event-1", between), event("event-2", after, "a client's own id"))
    found = {name: traced(own, name) for name in ("event-1", "a client's own id")}
    assert [each.rows[-1].parents for each in found.values()] == [(first.id,), (later.id,)]
    assert "deploy v1 to local" in [row.title for row in found["event-1"].rows]
    assert "deploy v2 to local" in [row.title for row in found["a client's own id"].rows]
    row = found["event-1"].rows[-1]
    assert (row.step, row.id, row.started) == ("prediction", "event-1", between.isoformat())
    assert "1,2,3" not in json.dumps(row._asdict())


def test_a_name_of_several_things_is_refused_until_it_says_which(own: Path, told: Told) -> None:
    deployed = act(own, "deploy", [told.acts["register"]], endpoint="v1")
    after = datetime.fromisoformat(deployed.ended) + timedelta(seconds=1)
    capture(own, event("event-1", after, "latest"))
    with pytest.raises(UserError, match=r"version and endpoint.*version:v1 or endpoint:v1"):
        traced(own, "v1")
    kinds = {name: traced(own, name) for name in ("version:v1", "endpoint:v1", "prediction:latest")}
    assert {name: each.kind for name, each in kinds.items()} == {
        name: name.partition(":")[0] for name in kinds
    }
    assert kinds["endpoint:v1"].target == deployed.id
    assert traced(own, "latest").kind == "version"  # and its title says so
    assert "Lineage of version v1" in rml(own, "runs", "lineage", "latest").stdout


def test_a_prediction_from_before_any_deployment_has_no_version(own: Path, told: Told) -> None:
    before = datetime.fromisoformat(told.acts["register"].started) - timedelta(seconds=1)
    capture(own, event("event-1", before))
    done = rml(own, "runs", "lineage", "event-1")
    assert done.returncode == ExitStatus.DATA
    assert "no record of a deployment there is older" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        '{"eventMetadata": {"eventId": "event-1"',
        '["event-1"]',
        '{"eventMetadata": {"eventId": "event-1"}}',
        json.dumps(event("event-1", datetime(2026, 11, 24, 12))),
    ],
    ids=["cut off", "no object", "without its parts", "a time without a zone"],
)
def test_a_line_that_is_no_captured_prediction_is_named(own: Path, line: str) -> None:
    capture(own, "", line)
    with pytest.raises(UserError, match=r"line 2 holds event-1.*a\.jsonl") as error:
        traced(own, "event-1")
    assert error.value.status == ExitStatus.DATA


def test_what_is_called_by_no_name_is_said_with_what_was_looked_for(told: Told) -> None:
    done = rml(told.repository, "runs", "lineage", "no-such-thing")
    assert done.returncode == ExitStatus.DATA
    assert "no run in local has this id, and no step this name; no endpoint" in done.stderr
    unknown = rml(told.repository, "runs", "lineage", "v7")
    assert "the registered versions are v1" in unknown.stderr


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_no_id_is_broken(told: Told, width: int) -> None:
    done = rml(told.repository, "runs", "lineage", "v1", COLUMNS=str(width))
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= width
    for record in told.acts.values():
        assert record.id in done.stdout


def test_the_page_says_who_did_what_and_takes_no_markup(told: Told) -> None:
    done = rml(told.repository, "runs", "lineage", "v1", "--format", "html")
    page = (told.repository / done.stdout.strip()).read_text()
    assert done.stdout.strip() == "reports/lineage-v1.html"
    svg = page[page.index("<svg") : page.index("</svg>")]
    for title in ACTS:
        assert title in svg
    assert told.acts["approve"].identity.user in svg
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | $x$ | two lines" in page


def test_the_file_of_a_page_is_called_so_that_it_stays_in_its_folder(own: Path, told: Told) -> None:
    after = datetime.fromisoformat(told.acts["deploy"].ended) + timedelta(seconds=1)
    name = "../../x/<i>"
    capture(own, event("event-1", after, name))
    done = rml(own, "runs", "lineage", name, "--format", "html")
    assert done.returncode == 0, done.stderr
    assert (own / done.stdout.strip()).parent == own / "reports"


@given(
    st.lists(st.text() | st.binary().map(str), max_size=5),
    st.text(min_size=1).filter(lambda text: text.strip() and "\n" not in text),
)
def test_an_id_of_any_letters_is_found_among_lines_of_any_kind(
    others: list[str], name: str
) -> None:
    lines = [json.dumps(other).encode() for other in others if name not in other]
    lines = [line for line in lines if json.dumps(name)[1:-1].encode() not in line]
    moment = datetime.fromisoformat("2026-11-24T12:00:00+00:00")
    lines.append(json.dumps(event("e", moment, name)).encode())
    found = captures.search(lines, name, "endpoint/variant/a.jsonl", "a.jsonl")
    assert found is not None
    assert (found.endpoint, found.variant, found.line) == ("endpoint", "variant", len(lines))
