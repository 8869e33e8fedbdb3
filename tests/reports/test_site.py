"""What the site holds: pages, the state of the data, no identifiers, the same bytes each time."""

import dataclasses
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_site import data, explanation, record, site, training

from regulated_ml.reports.inputs import STATES, SiteInput
from regulated_ml.reports.site import FILES, build_site, render
from regulated_ml.reports.words import ColumnWords, Vocabulary

NOTHING_MADE = SiteInput("Early warning", "Retail risk", "confidential", "local", data("real"))


def test_a_whole_site_has_four_pages_the_same_each_time_and_tells_where_they_are(
    texts: dict[str, str], tmp_path: Path
) -> None:
    told: list[tuple[float, float | None, str | None]] = []
    made = build_site(site(), tmp_path / "reports", lambda *step: told.append(step))
    assert [path.name for path in made] == list(FILES)
    assert {path.name: path.read_text("utf-8") for path in made} == texts
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == told[-1][1]


def test_notes_come_with_the_pages_they_are_about(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for made_from in ("first", "second"):
        pages = build_site(NOTHING_MADE, reports, notes={".made-from.json": made_from})
        assert (reports / ".made-from.json").read_text("utf-8") == made_from
        assert pages == [reports / "index.html"]


def test_a_build_that_fails_leaves_the_note_of_the_old_pages(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    build_site(NOTHING_MADE, reports, notes={".made-from.json": "first"})
    old = (reports / "index.html").read_bytes()
    changed_site = dataclasses.replace(NOTHING_MADE, owner="Somebody else")
    with pytest.raises(FileNotFoundError):
        build_site(changed_site, reports, notes={".made-from.json": "second", "no/folder": ""})
    assert (reports / ".made-from.json").read_text("utf-8") == "first"
    assert (reports / "index.html").read_bytes() == old


@pytest.mark.slow
def test_the_same_content_gives_the_same_bytes_in_another_process(
    texts: dict[str, str], tmp_path: Path
) -> None:
    program = (
        "import pathlib, sys; from sample_site import site; "
        "from regulated_ml.reports.site import build_site; "
        "build_site(site(), pathlib.Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4", "TZ": "Asia/Taipei", "LC_ALL": "C"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", program, str(tmp_path / "reports")]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    made = {path.name: path.read_text("utf-8") for path in (tmp_path / "reports").iterdir()}
    assert made == texts


def test_pages_are_small(texts: dict[str, str]) -> None:
    assert all(len(text.encode()) < 1_500_000 for text in texts.values())


@pytest.mark.parametrize(
    ("part", "page", "verb"),
    [
        ("description", "data.html", "rml data describe"),
        ("evaluation", "model.html", "rml evaluate"),
        ("fairness", "fairness.html", "rml evaluate"),
        ("sensitivity", "robustness.html", "rml evaluate"),
        ("explanation", "explanation.html", "rml explain"),
    ],
)
def test_a_missing_part_leaves_its_page_out_and_names_the_verb(
    texts: dict[str, str], part: str, page: str, verb: str
) -> None:
    parts = (
        "description", "evaluation", "fairness", "stability", "sensitivity", "explanation",
    )  # fmt: skip
    only = dataclasses.replace(
        NOTHING_MADE, **{name: getattr(site(), name) for name in parts if name != part}
    )
    made = render(only)
    assert page not in made
    assert f'href="{page}"' not in "".join(made.values())
    assert f"<code>{verb}</code>" in made["index.html"]
    assert f"<code>{verb}</code>" not in texts["index.html"]


def test_a_site_without_any_part_is_a_start_page() -> None:
    made = render(NOTHING_MADE)
    assert list(made) == ["index.html"]
    assert "No model has been evaluated yet" in made["index.html"]


@pytest.mark.parametrize("state", STATES)
def test_every_page_says_the_state_of_its_data(texts: dict[str, str], state: Any) -> None:
    made = texts if state.key == "synthetic" else render(site(["ONLY"], state=state.key))
    others = [other.label for other in STATES if other is not state]
    for text in made.values():
        assert re.search(rf"<title>{state.label} – ", text)
        assert f"<strong>{state.label}</strong>" in text
        assert f'content: "{state.label}"' in text
        assert not any(label in text for label in others)


@pytest.mark.parametrize(
    ("claimed", "of_a_run", "said"),
    [
        ("real", "real", "real"),
        ("real", "synthetic", "synthetic"),
        ("synthetic", "real", "synthetic"),
        ("real", "unverified", "unverified"),
        ("unverified", "synthetic", "synthetic"),
        ("Real", "real", "unverified"),
        ("", "real", "unverified"),
    ],
)
def test_a_site_claims_no_more_than_its_weakest_input(
    claimed: str, of_a_run: str, said: str
) -> None:
    records = [record("prepare", "real"), record("train", of_a_run)]
    assert dataclasses.replace(NOTHING_MADE, data=data(claimed), records=records).state.key == said


def test_clients_have_letters_and_nothing_that_tells_who_they_are(texts: dict[str, str]) -> None:
    assert "Client A is declined" in texts["explanation.html"]
    assert "Client B is accepted" in texts["explanation.html"]
    rows = [entry["row"] for entry in site().explanation["clients"]]
    for text in texts.values():
        assert not any(f"{row}" in text or f"{row:,}" in text for row in rows)


@pytest.mark.parametrize(
    ("show_identifiers", "identifier", "heading"),
    [
        (True, {"identifier": 4711}, "Client A (4711) is declined"),
        (True, {"identifier": "K-4711"}, "Client A (K-4711) is declined"),
        (False, {"identifier": 4711}, "Client A is declined"),
        (True, {}, "Client A (row 98,765) is declined"),
        (False, {}, "Client A is declined"),
    ],
)
def test_identifiers_are_shown_where_configuration_asks_for_them_and_never_else(
    show_identifiers: bool, identifier: dict[str, Any], heading: str
) -> None:
    shown = changed("explanation")
    client = {**shown.explanation["clients"][0], "row": 98765, **identifier}
    shown.explanation["clients"] = [client]
    made = render(dataclasses.replace(shown, show_identifiers=show_identifiers))
    assert heading in made["explanation.html"]
    texts = " ".join(re.sub("<[^>]+>", " ", text) for text in made.values())
    assert ("4711" in texts) == (show_identifiers and bool(identifier))
    assert ("98,765" in texts) == (show_identifiers and not identifier)


@pytest.mark.parametrize(
    ("sample", "own_sample", "said"),
    [
        ("test", False, "the sample “test”, which the model has not been trained on; "),
        ("test", True, "the validator’s sample “test”, which was brought from outside"),
        ("clients of 2026", True, "the validator’s sample “clients of 2026”, which was brought"),
        ("validation", False, "the sample “validation”; "),
    ],
)
def test_only_the_splits_test_rows_are_called_unknown_to_the_model(
    sample: str, own_sample: bool, said: str
) -> None:
    found = changed("evaluation", sample=sample, own_sample=own_sample)
    page = render(found)["model.html"]
    assert said in page
    assert ("has not been trained on" in page) == (sample == "test" and not own_sample)


def test_values_of_clients_are_to_be_handled_as_such_and_a_twins_are_nobodys() -> None:
    parts = {"description": None, "evaluation": None}
    assert "their values are nobody’s" in render(site(["ONLY"], **parts))["explanation.html"]
    for state in ("real", "unverified"):
        text = render(site(["ONLY"], state=state, **parts))["explanation.html"]
        assert "handle the page as such" in text
        assert "nobody’s" not in text


def test_a_protected_attribute_that_would_have_been_a_reason_is_reported() -> None:
    withheld = [{"feature": "SEX", "clients": 12}]
    text = render(changed("explanation", withheld_reasons=withheld))["explanation.html"]
    assert "SEX is protected and would have been a reason for 12 clients" in text


def checked(column: str, words: ColumnWords, *examples: Any, **changes: Any) -> str:
    """The page about the table, where a rule for a column is broken by the given values."""
    problem = {"column": column, "rule": "a rule", "count": 2, "rows": [1], "examples": examples}
    found = {"rows": 3, "columns": [], "correlations": {"columns": [], "matrix": []}}
    content = dataclasses.replace(
        NOTHING_MADE,
        description=found,
        vocabulary=Vocabulary(columns={column: words}),
        check={"violations": [problem], "remarks": []},
        **changes,
    )
    return render(content)["data.html"]


def test_examples_of_an_identifier_are_not_shown_unless_asked_for() -> None:
    words = ColumnWords(role="identifier")
    assert "4711" not in checked("ID", words, "4711")
    assert "4711" in checked("ID", words, "4711", show_identifiers=True)


@pytest.mark.parametrize("role", ["feature", "protected", "ignored", "time", "label"])
@pytest.mark.parametrize("show_identifiers", [False, True])
def test_a_value_of_a_client_is_no_example(role: str, show_identifiers: bool) -> None:
    words = ColumnWords(role=role, values={0: "not documented"})
    page = checked("C", words, 987654321, "Ada L.", 0, show_identifiers=show_identifiers)
    assert '<td class="l">0</td>' in page
    assert "987654321" not in page
    assert "Ada" not in page
    assert '<td class="l">not shown</td>' in checked("C", words, 987654321)


def depending(values: list[float], pushes: list[float]) -> str:
    """The text of the section about a feature that has these values in the sample."""
    cloud = {"PAY_0": {"values": values, "contributions": pushes, "codes": []}}
    page = render(changed("explanation", dependence=cloud))["explanation.html"]
    _, _, section = page.partition('<section id="dependence"')
    return re.sub("<[^>]+>", " ", section.partition("</section>")[0])


def test_neither_tables_nor_ticks_tell_of_a_client_alone_with_its_value() -> None:
    text = depending([2] * 200 + [3] * 60 + [777], [0.0] * 260 + [8.25])
    assert "Values of fewer than 20 clients are not in the picture." in text
    assert "777" not in text
    assert "8.25" not in text
    assert re.search(r"other values \(2\)\s+61\s", text)


def test_a_feature_with_few_values_in_the_sample_has_no_picture() -> None:
    assert not depending([2] * 19, [0.5] * 19)
    assert "contribution by value" in depending([2] * 20, [0.5] * 20)


def test_the_start_page_shows_commits_runs_and_each_warning_once() -> None:
    dirty = {"sha": "3bb069d2f1c84e0a", "dirty": True, "note": ""}
    none = {"sha": None, "dirty": True, "note": "the repository has no commit yet"}
    records = [
        record("prepare", "real", commit=none),
        record("train", "real", commit=dirty, warnings=["The code differs."]),
        record("evaluate", "real", warnings=["The code differs."]),
    ]
    for each in records:
        each["warnings"].append("The versions are not pinned.")
    text = render(dataclasses.replace(NOTHING_MADE, records=records))["index.html"]
    assert "in no commit: the repository has no commit yet" in text
    assert "3bb069d2f1c8, changed since" in text
    assert text.count("The code differs.") == 1
    assert "Train and evaluate: The code differs." in text
    assert "<li>The versions are not pinned.</li>" in text
    assert "24 Nov 2026, 09:12 UTC" in text


# --- whatever the numbers are, the pages are made ---


def changed(part: str, **values: Any) -> SiteInput:
    """Only one part of the site, with some of its values replaced."""
    return dataclasses.replace(NOTHING_MADE, **{part: {**getattr(site(), part), **values}})


AUC = {"value": 0.5, "low": 0.45, "high": 0.55, "confidence": 0.95}
UNNAMED = {"evaluation": None, "training": None}  # parts that name no column
ODD_SITES = {
    "a single feature": lambda: site(["ONLY"]),
    "twenty features": lambda: site([f"COLUMN_{n}" for n in range(20)], **UNNAMED),
    "names of 5,000 letters": lambda: site(["A" * 5000, "B " * 2500], **UNNAMED),
    "one class only": lambda: changed(
        "evaluation",
        auc={"value": None, "low": None, "high": None, "confidence": 0.95},
        ks={"value": None, "score": None},
        label_rate=0.0,
        challenger=None,
    ),
    "chance": lambda: changed("evaluation", auc=AUC, gini=0.0),
    "perfect": lambda: changed("evaluation", auc={**AUC, "value": 1.0, "low": 1.0, "high": 1.0}),
    "threshold not in the table": lambda: changed("evaluation", chosen_threshold=0.123),
    "no clients, no reasons": lambda: changed(
        "explanation", clients=[], reason_frequency=[], declined=0, dependence={}
    ),
    "missing values": lambda: changed(
        "explanation", dependence={"PAY_0": {"values": [None] * 400, "contributions": [0.1] * 400}}
    ),
    "no movement": lambda: site(explanation=flat(), description=None, evaluation=None),
    "no correlations": lambda: changed("description", correlations={"columns": [], "matrix": []}),
    "no label": lambda: changed("description", label={"name": "y", "positive": 1, "rate": None}),
    "no rows": lambda: changed("description", rows=0, columns=[]),
    "no validation rows": lambda: dataclasses.replace(
        changed("evaluation"), training={**training(), "history": {"train": [0.7, 0.8]}}
    ),
}


def flat() -> dict[str, Any]:
    """An explanation in which no feature moves any score."""
    import numpy as np

    zeros = np.zeros((400, 5))
    found = explanation(["A", "B", "C", "D", "E"], zeros, zeros + 1e-300, np.full(400, 0.2))
    for feature in found["features"]:
        feature |= {"mean_absolute": 0.0, "share": 0.0}
    return found


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD_SITES)
def test_odd_content_still_makes_pages(name: str) -> None:
    for text in render(ODD_SITES[name]()).values():
        assert text.rstrip().endswith("</html>")
        assert not re.search(r"\bnan\b|\binf\b|\bNone\b", re.sub(r"<[^>]+>", " ", text))


# --- whatever the texts are, the pages keep their structure ---


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes, without any text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(("/" + tag,))


# Categories of characters that hide or reorder what stands beside them.
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def lettered(text: str) -> str:
    """A site in which every text that comes from outside is `text`."""
    table = {**data("synthetic"), "name": text, "citation": text, "license": text}
    warned = record(text, "synthetic", id=text, warnings=[text], started=text)
    warned["commit"] = {"sha": None, "dirty": True, "note": text}
    problem = {"column": text, "rule": text, "count": 1, "rows": [], "examples": [text]}
    return "".join(
        render(
            SiteInput(text, text, text, text, table, [warned], description={
                "rows": 3, "label": {"rate": 0.5}, "columns": [],
                "correlations": {"columns": [], "matrix": []},
            }, check={"violations": [problem], "remarks": []}, vocabulary=Vocabulary(text))
        ).values()
    )  # fmt: skip


@given(st.text(min_size=1).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_markup(text: str) -> None:
    page = lettered(text)
    assert Skeleton(page).tags == Skeleton(lettered("harmless")).tags
    assert not {unicodedata.category(letter) for letter in page if letter != "\n"} & INVISIBLE
