"""A site is swapped in as a whole, or the old one stays."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from regulated_ml.reports.folder import replacing_folder

OURS = ("index.html", "model.html")


def write(destination: Path, **files: str) -> None:
    """A site with the given pages, as a build would leave it."""
    with replacing_folder(destination, OURS) as folder:
        for name, text in files.items():
            (folder / f"{name}.html").write_text(text)


def content(folder: Path) -> dict[str, str]:
    """All files by name."""
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder that holds a site already."""
    write(tmp_path / "reports", index="old", model="old")
    return tmp_path / "reports"


def test_the_first_site_makes_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "reports", index="new")
    assert content(tmp_path / "deep" / "reports") == {"index.html": "new"}


def test_a_page_that_is_no_longer_made_goes(reports: Path) -> None:
    write(reports, index="new")
    assert content(reports) == {"index.html": "new"}
    assert [path.name for path in reports.parent.iterdir()] == ["reports"]


def test_a_failure_leaves_the_old_site_and_nothing_beside_it(reports: Path) -> None:
    with pytest.raises(OSError, match="disk"), replacing_folder(reports, OURS) as folder:
        (folder / "index.html").write_text("half")
        raise OSError("disk full")
    assert content(reports) == {"index.html": "old", "model.html": "old"}
    assert [path.name for path in reports.parent.iterdir()] == ["reports"]


def test_files_of_others_are_kept(reports: Path) -> None:
    (reports / "minutes.txt").write_text("of the board")
    write(reports, index="new")
    assert content(reports) == {"index.html": "new", "minutes.txt": "of the board"}


def test_a_build_killed_while_writing_is_cleared_away(reports: Path) -> None:
    (reports.parent / ".reports-new").mkdir()
    (reports.parent / ".reports-new" / "index.html").write_text("half")
    write(reports, index="new")
    assert content(reports) == {"index.html": "new"}
    assert [path.name for path in reports.parent.iterdir()] == ["reports"]


def test_a_build_killed_between_the_two_renames_is_undone(reports: Path) -> None:
    reports.rename(reports.parent / ".reports-old")
    with pytest.raises(OSError, match="disk"), replacing_folder(reports, OURS):
        raise OSError("disk full")
    assert content(reports) == {"index.html": "old", "model.html": "old"}


def test_a_build_killed_after_both_renames_leaves_nothing_to_the_next(reports: Path) -> None:
    (reports / "minutes.txt").write_text("of the board")
    reports.rename(reports.parent / ".reports-old")
    reports.mkdir()
    (reports / "index.html").write_text("newer")
    write(reports, index="new")
    assert content(reports) == {"index.html": "new", "minutes.txt": "of the board"}
    assert [path.name for path in reports.parent.iterdir()] == ["reports"]


def test_two_builds_at_once_leave_one_whole_site(reports: Path) -> None:
    def build(text: str) -> None:
        for _ in range(20):
            write(reports, index=text, model=text)

    with ThreadPoolExecutor() as pool:
        list(pool.map(build, ("a", "b")))
    found = content(reports)
    assert len(found) == 2
    assert len(set(found.values())) == 1
