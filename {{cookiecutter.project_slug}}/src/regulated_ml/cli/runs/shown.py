"""What the verbs of `rml runs` share: the store they read, and how they write facts."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regulated_ml.cli import output

if TYPE_CHECKING:
    from regulated_ml.tracking.store import RunStore
    from regulated_ml.tracking.trail import Finding

RUN_HELP = "An id, a unique beginning of one, or a step: its latest run."
HEADLINES = ("auc", "gini", "ks", "rounds", "train_rows", "test_rows", "declined", "version")
AT_ONCE = 3  # headlines in a line


def store(environment: str | None = None) -> "RunStore":
    """The runs of an environment of the repository, or of all."""
    from regulated_ml.settings import check_environment, find_root
    from regulated_ml.tracking.store import RUNS, RunStore

    root = find_root(Path.cwd())
    if environment is not None:
        check_environment(root, environment)
    return RunStore(root / RUNS, environment)


def findings(store: "RunStore") -> "list[Finding]":
    """In what trail, records and the tags of releases disagree."""
    from regulated_ml.tracking import anchors

    return anchors.findings(store.folder.parent, store)


def leftovers(store: "RunStore") -> list[str]:
    """That killed processes have left unfinished runs behind, in a sentence; none: nothing."""
    left = store.leftovers()
    names = ", ".join(left)
    return [f"left by a stop, removed when the next run begins: {names}"] if left else []


def commit(sha: str | None, dirty: bool) -> str:
    """The beginning of a commit's hash, and whether the code differed from it."""
    return "none" if sha is None else sha[:8] + ("+changes" if dirty else "")


def person(user: str) -> str:
    """Who did it, in a few characters: of an ARN the role and the session, or the user."""
    return "/".join(user.split("/")[-2:]) if user.startswith("arn:") else user


def short(value: object) -> str:
    """A value in a few characters."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def headlines(metrics: Mapping[str, object]) -> str:
    """The metrics that one looks at first, in one line: an act has those of all its runs."""
    there = [name for name in HEADLINES if name in metrics][:AT_ONCE]
    return ", ".join(f"{name} {short(metrics[name])}" for name in there)


def mark(finding: str) -> str:
    """What stands beside a record that the audit trail has otherwise."""
    return f"NOT AS THE TRAIL HAS IT: {finding}" if finding else ""


def warn_of(findings: "Sequence[Finding]", ids: Iterable[str]) -> None:
    """Says in how many places the trail disagrees with what is shown, and with what is not."""
    from regulated_ml.tracking.trail import about

    against = about(findings)
    own = [name for name in ids if name in against]
    if own:
        output.warn(f"not as the audit trail has it: {', '.join(own)}; `rml runs verify` tells all")
    elif findings:
        places = "1 place" if len(findings) == 1 else f"{len(findings)} places"
        output.warn(f"the audit trail is not whole in {places}: `rml runs verify` tells which")
