"""`rml model score` against a bare loop over XGBoost, on the same rows and in turns."""

import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import training
from benchmarks.figures import Figure

BARE = Path(__file__).with_name("bare_scoring.py")
ROWS, TIMES = 3_000_000, 3
SMALL = 300_000  # rows; memory must not grow from here on
RML = (sys.executable, "-m", "regulated_ml")


def measure(folder: Path) -> Iterator[Figure]:
    """Scores a large portfolio in a repository that is rendered into `folder`."""
    repository = training.rendered(folder)
    _commit(repository)  # a version's code is that of a commit
    _rml(repository, "run")
    _rml(repository, "model", "register")
    model = _model(repository, folder)
    for rows in (SMALL, ROWS):
        _rml(repository, "data", "twin", "--rows", str(rows), "--output", f"{rows}.parquet")
    pair = (
        _ours(ROWS),
        [sys.executable, str(BARE), str(model), f"{ROWS}.parquet", "bare.csv"],
    )
    turns = [[training.cost(command, repository) for command in pair] for _ in range(TIMES)]
    seconds = [statistics.median(turn[side].seconds for turn in turns) for side in (0, 1)]
    small = training.cost(_ours(SMALL), repository)
    size = f"{ROWS:,} rows"
    yield Figure(f"bare loop, {size}", seconds[1], "s")
    yield Figure(f"`rml model score`, {size}", seconds[0], "s")
    yield Figure(f"`rml model score` / bare loop, {size}", seconds[0] / seconds[1], "times", 1.1)
    yield Figure(f"memory of `rml model score`, {SMALL:,} rows", small.megabytes, "MB")
    highest = max(turn[0].megabytes for turn in turns)
    yield Figure(f"memory of `rml model score`, {size}", highest, "MB", small.megabytes * 1.1)


def _ours(rows: int) -> list[str]:
    files = ["--input", f"{rows}.parquet", "--output", "ours.csv"]
    return [*RML, "model", "score", "v1", *files, "--overwrite", "--force"]


def _model(repository: Path, folder: Path) -> Path:
    """The model's own file, out of the archive of its run."""
    (archive,) = repository.glob("runs/train-*/model.tar.gz")
    with tarfile.open(archive) as content:
        content.extractall(folder / "model", filter="data")
    (model,) = (folder / "model").glob("*.ubj")
    return model


def _commit(repository: Path) -> None:
    person = ("-c", "user.name=A benchmark", "-c", "user.email=benchmark@example.com")
    for arguments in (("add", "--all"), ("commit", "--quiet", "--message", "As it was rendered")):
        subprocess.run(["git", "-C", str(repository), *person, *arguments], check=True)


def _rml(repository: Path, *arguments: str) -> None:
    subprocess.run(
        [*RML, *arguments],
        cwd=repository,
        env=training.environment(repository),
        check=True,
        capture_output=True,
    )
