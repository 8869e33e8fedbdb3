"""The documents of a version: true to its records, the same bytes again, safe to read."""

import datetime
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.documents import signs
from regulated_ml.documents.methods import LABELS, methods
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Part
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.settings.documents import Answer, open_fields
from regulated_ml.tracking.records import Record
from regulated_ml.workflow import documenting

from .conftest import Documented, change, parts

NAMES = ("model-card", "data-sheet", "validation-report", "inventory-entry", "change-log")


class Read(HTMLParser):
    """The names of a page's tags, and its ids."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [str(value) for name, value in attrs if name == "id"]


def found(documented: Documented, run: Record, path: str) -> dict[str, object]:
    """What a job wrote."""
    content: dict[str, object] = read_json(documented.store.folder_of(run) / path)
    return content


def test_each_document_is_there_for_readers_and_for_programs(written: Path) -> None:
    expected = {f"{name}.{kind}" for name in NAMES for kind in ("html", "md", "json")}
    assert {path.name for path in written.iterdir()} == expected | {documenting.AWS_CARD}


def test_figures_are_those_of_the_records(filled: Documented, written: Path) -> None:
    run = filled.run("evaluate")
    report = parts(written, "validation-report")
    low, high = (f"{run.metrics[key]:.3f}" for key in ("auc_low", "auc_high"))
    expected = f"AUC {run.metrics['auc']:.3f} (95% interval {low} to {high})"
    assert expected in report["Discrimination"]["finding"]
    hashes = {row[-1] for table in report["Lineage"]["tables"] for row in table["rows"]}
    assert hashes == {
        item.sha256
        for step in ("prepare", "train", "evaluate", "explain")
        for item in filled.run(step).artifacts
    }
    facts = {each["name"]: each["value"] for each in report["Summary"]["facts"]}
    assert facts["Commit"] == run.commit.sha
    assert filled.run("train").data.fingerprint in facts["Data"]


def test_each_test_says_its_purpose_way_signs_of_risk_strengths_and_limits(written: Path) -> None:
    report = parts(written, "validation-report")
    for method in methods().values():
        facts = [each["name"] for each in report[method.topic]["facts"]]
        assert facts == list(LABELS.values()), method.topic
        assert all(each["value"] for each in report[method.topic]["facts"])


def test_every_sign_of_risk_is_in_the_summary(written: Path) -> None:
    report = parts(written, "validation-report")
    (table,) = report["Summary"]["tables"]
    stops = [
        [name, sign["words"], sign["id"], sign["answer"] or "–"]
        for name, part in report.items()
        for sign in part["signs_of_risk"]
    ]
    assert table["rows"] == stops
    assert (stops[0][0], stops[0][2]) == ("Data quality", "data.state")
    assert "aggregate profile" in stops[0][1]


def test_an_answer_stands_beside_its_sign_and_no_other(filled: Documented, written: Path) -> None:
    (given,) = filled.settings.documents.answers
    raised = parts(written, "validation-report")["Stability"]["signs_of_risk"]
    answered = {sign["id"]: sign["answer"] for sign in raised if sign["answer"]}
    assert answered == {"stability.periods": f"{given.answer} ({given.by}, 2026-11-24)"}
    # Once in the summary's table, once beside the sign.
    words = "The table has one month of outcomes"
    for kind in ("html", "md"):
        assert (written / f"validation-report.{kind}").read_text().count(words) == 2


def test_an_answer_to_several_signs_or_one_and_to_none_that_there_is() -> None:
    ids = ("fairness.gap:SEX", "fairness.gap:AGE", "stability.auc")
    part = Part("Fairness", "found", signs=tuple(Sign(each, "words") for each in ids))
    said = [
        Answer(sign=sign, answer=sign, by="A", when=datetime.date(2026, 11, 24))
        for sign in ("fairness.gap:AGE", "fairness.gap", "no.such", "gap")
    ]
    (found,) = signs.answered([part], said)
    answers = [sign.answer for sign in found.signs if isinstance(sign, Sign)]
    assert answers == ["fairness.gap (A, 2026-11-24)", "fairness.gap:AGE (A, 2026-11-24)", ""]
    unknown = [*signs.problems(said, "documents.yaml")]
    assert [each.field for each in unknown] == [f"documents.yaml: answers.{n}.sign" for n in (3, 4)]
    assert all("stability.periods" in each.rule for each in unknown)
    with pytest.raises(ValueError, match=r"has no sign no\.such"):
        Sign("no.such", "words")


def test_open_fields_stand_at_the_top_of_each_document(two: Documented, unwritten: Path) -> None:
    places = [each.place for each in open_fields(two.settings.documents)]
    for name in NAMES:
        content = json.loads((unwritten / f"{name}.json").read_text())
        assert [each["place"] for each in content["open"]] == places
        page = (unwritten / f"{name}.html").read_text()
        assert page.index("24 fields are open") < page.index("<section")
        text = (unwritten / f"{name}.md").read_text()
        assert text.index("Open fields: 24") < text.index("\n## ", text.index("Open fields"))


def test_each_statement_says_what_it_answers_and_when_that_was_checked(written: Path) -> None:
    for name in NAMES:
        for topic, part in parts(written, name).items():
            assert part["answers"] or topic == "Regulation", topic
            assert all(re.fullmatch(r"\d{4}-\d\d", each["checked"]) for each in part["answers"])
    text = (written / "validation-report.md").read_text()
    assert "Reg B 1002.9(a)(2), (b)(2) (checked 2026-11)" in text


def test_a_rule_that_does_not_apply_is_nowhere(own: Documented, tmp_path: Path) -> None:
    change(own.repository / "config/documents.yaml", lambda c: c.update(applies=["ai-act", "gdpr"]))
    own.write(tmp_path, "v1")
    text = "".join(path.read_text() for path in tmp_path.glob("*.md"))
    assert "AI Act" in text and "Reg B" not in text and "SS1/23" not in text


def test_documents_have_the_same_bytes_in_any_process(filled: Documented, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(filled.repository, tmp_path / "elsewhere", symlinks=True))
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = rml(folder, "model", "documents", "v1", **environment)
    assert done.returncode == 0, done.stderr
    filled.write(tmp_path / "here", "v1")
    for path in sorted((tmp_path / "here").iterdir()):
        again = folder / "reports/documents/v1" / path.name
        assert again.read_bytes() == path.read_bytes(), path.name


def test_what_a_person_wrote_is_no_markup(written: Path) -> None:
    for name in NAMES:
        page = Read(written / f"{name}.html")
        assert "script" not in page.tags
        assert len(page.ids) == len(set(page.ids)), name  # nor do two pictures share an id
        text = (written / f"{name}.md").read_text()
        assert not re.search(r"(?<!\\)<script", text)
        assert "\u202e" not in text and "\n# big" not in text


def test_documents_tell_of_the_version_although_config_has_changed_since(
    own: Documented, tmp_path: Path
) -> None:
    own.write(tmp_path / "before", "v1")
    change(own.repository / "config/model.yaml", lambda c: c["evaluation"].update(threshold=0.9))

    def rename(content: dict[str, list[dict[str, str]]]) -> None:
        content["columns"][1]["description"] = "something else"

    change(own.repository / "config/dataset.yaml", rename)
    own.write(tmp_path / "after", "v1")
    for name in ("model-card", "validation-report"):
        before, after = (tmp_path / when / f"{name}.md" for when in ("before", "after"))
        assert before.read_text() == after.read_text()


def test_a_change_log_names_what_differs_and_nothing_else(unwritten: Path) -> None:
    log = parts(unwritten, "change-log")
    (told,) = log["Configuration"]["tables"]
    assert told["rows"] == [["train: rounds", "100", "40", "\u221260"]]
    (sources,) = log["Code and data"]["tables"]
    assert [row[0] for row in sources["rows"]] == ["commit", "model (SHA-256)"]
    assert log["Environment"]["finding"].endswith("no difference")


def test_a_changed_file_is_refused_by_name(own: Documented, tmp_path: Path) -> None:
    run = own.run("evaluate")
    path = own.store.folder_of(run) / "evaluation/evaluation.json"
    path.write_text(path.read_text().replace("0.7", "0.9", 1))
    with pytest.raises(UserError) as raised:
        own.write(tmp_path / "out", "v1")
    (problem,) = raised.value.problems
    assert (problem.field, problem.value) == (f"runs/{run.id}", "evaluation/evaluation.json")
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_gone_is_named(own: Documented, tmp_path: Path) -> None:
    shutil.rmtree(own.store.folder_of(own.run("train")))
    with pytest.raises(UserError) as raised:
        own.write(tmp_path / "out", "v1")
    assert [problem.field for problem in raised.value.problems] == ["train"]


def test_a_lost_table_leaves_the_data_sheet_without_its_description(
    own: Documented, tmp_path: Path
) -> None:
    (own.repository / own.settings.dataset.file).unlink()
    own.write(tmp_path, "v1")
    sheet = parts(tmp_path, "data-sheet")
    assert "Description" in sheet and "Label rate" not in sheet


def test_a_version_whose_evaluation_knew_no_fairness_says_that_it_was_not_measured(
    own: Documented, tmp_path: Path
) -> None:
    record = own.store.folder_of(own.run("evaluate")) / "record.json"
    content = read_json(record)
    later = ("fairness.json", "stability.json", "sensitivity.json")
    content["artifacts"] = [a for a in content["artifacts"] if not a["path"].endswith(later)]
    record.write_text(json.dumps(content))
    own.write(tmp_path, "v1")
    report = parts(tmp_path, "validation-report")
    for topic in ("Fairness", "Stability", "Sensitivity"):
        assert report[topic]["finding"] == "This test has not been made for this version"
    assert (
        "Stability, Sensitivity, Fairness" in report["What is not here"]["tables"][0]["rows"][0][0]
    )
