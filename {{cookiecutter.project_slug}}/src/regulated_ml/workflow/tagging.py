"""The tag of a release: what it says of the version, and how it comes to be there exactly once.

Its message is made from records alone, and its date is that of the release's record. So a tag that
a kill kept from being written comes out the same when it is written by the next start.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, visible
from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.settings import Settings
from regulated_ml.tracking.anchors import BEGINS, TRAILER, beginning, trailer
from regulated_ml.tracking.git import Git, said
from regulated_ml.tracking.records import Identity, Record
from regulated_ml.tracking.registry import OVERRULES, Version
from regulated_ml.tracking.trail import Entry, Trail

WIDTH = 72  # characters of a line of prose, as git's own messages have
REFS = "refs/tags/"
SIGNATURE = "\n-----BEGIN "  # of PGP, SSH and X.509 alike, at the end of the tag


def name(version: Version) -> str:
    """What the tag of a version is called."""
    return f"model/{version.name}"


def message(
    settings: Settings, version: Version, runs: Sequence[Record], release: Record, trail: Trail
) -> str:
    """The message: a sentence, the figures, and trailers, which `git interpret-trailers` reads.

    Each value is on one line with what cannot be seen made visible, so that no name or reason that
    a person has typed can add a line, and so no anchor of the trail either.
    """
    title = f"{settings.project.project_slug} {version.name}"
    first, entry = next(trail.entries()), trail.entry(release.id)
    facts = [
        *_facts(version, runs, release),
        (BEGINS, beginning(first)),
        (TRAILER, trailer(entry).partition(": ")[2]),
    ]
    lines = [
        f"{label}: {visible(str(value), limit=1200)}" for label, value in facts if value is not None
    ]
    return "\n".join([title, "", *_prose(settings, version, runs), "", *lines]) + "\n"


def _prose(settings: Settings, version: Version, runs: Sequence[Record]) -> list[str]:
    data = version.registered.data
    decision = version.decision
    approved = f" Approved by {_person(decision.identity)}." if decision else ""
    words = (
        f"{settings.project.description.rstrip('.')}. Trained on the table {data.name} "
        f"({data.state}, {data.rows:,} rows).{approved}"
    )
    metrics = {key: value for run in runs for key, value in run.metrics.items()}
    figures = [f"  {key:<24}{_number(value)}" for key, value in metrics.items()]
    return [*textwrap.wrap(visible(words, limit=2000), WIDTH), *(["", *figures] if figures else [])]


def _facts(
    version: Version, runs: Sequence[Record], release: Record
) -> Iterator[tuple[str, str | int | None]]:
    model = next(run for run in runs if run.step == "train")
    archive = model.artifact(MODEL_ARCHIVE)
    decision = version.decision
    yield "Model-Version", version.number
    yield "Environment", version.registered.environment
    yield "Model-SHA256", archive.sha256 if archive else None
    yield "Data-Fingerprint", model.data.fingerprint
    yield "Code-SHA256", model.code
    yield "Code-Commit", model.commit.sha
    yield "Lock-SHA256", model.dependencies.lock
    for run in (*runs, version.registered):
        yield "Run", run.id
    if decision:
        yield "Run", decision.id
        yield "Approved-By", _person(decision.identity)
        yield "Approved", decision.ended
        yield "Reason", str(decision.parameters.get("reason") or "") or None
        yield "Overrules", decision.parameters.get(OVERRULES)
        # What persons wrote was read from the approver's folder, which may be further on.
        yield "Documents-Commit", decision.commit.sha
    yield "Run", release.id
    yield "Released-By", _person(release.identity)


def _person(identity: Identity) -> str:
    return identity.aws or f"{identity.user}@{identity.host}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else visible(str(value))


def problems(git: Git, tag: str, commit: str, entry: Entry | None) -> Iterator[Problem]:
    """Why the tag that is there, if there is one, is not that of this release.

    `entry` is that of the release's record; None: there is no such record yet.
    """
    kind = git.output("cat-file", "-t", f"{REFS}{tag}")
    if kind is None:
        return
    if kind == "tag" and entry is not None and _is_ours(git, tag, commit, entry):
        return
    found = git.output("rev-parse", f"{REFS}{tag}^{{}}") or ""
    rule = "the tag of a release is made once, with its record; this one is another"
    fix = (
        f"find out who made it: git tag -n99 -l {tag}; "
        f"one that was never pushed goes by git tag -d {tag}"
    )
    yield Problem("tag", f"{tag} ({kind} of {found[:12]})", rule, fix)


def _is_ours(git: Git, tag: str, commit: str, entry: Entry) -> bool:
    text = git.output("for-each-ref", "--format=%(contents)", f"{REFS}{tag}") or ""
    peeled = git.output("rev-parse", f"{REFS}{tag}^{{commit}}")
    return peeled == commit and trailer(entry) in text.splitlines()


def put(git: Git, tag: str, release: Record, text: str, lock: int) -> bool:
    """Writes the tag, signed where git has a key; False: it is there already.

    Args:
        git: the repository.
        tag: its name.
        release: the record that names the commit and gives the date.
        text: its message.
        lock: of releases, which git inherits. Who has it knows that no git of another release
            lives, so that a lock of the tag's own was left behind by one that was killed.

    Raises:
        UserError: git cannot write or sign it.
    """
    if git.output("cat-file", "-t", f"{REFS}{tag}") is not None:
        return False
    left_behind = git.output("rev-parse", "--git-path", f"{REFS}{tag}.lock")
    if left_behind:
        (git.root / left_behind).unlink(missing_ok=True)
    is_signed = bool(git.output("config", "--get", "user.signingkey"))
    how = "--sign" if is_signed else "--annotate"
    arguments = ("tag", how, "--cleanup=verbatim", "--file=-", tag, release.parameters["commit"])
    date = {"GIT_COMMITTER_DATE": release.ended}
    done = git.run(*arguments, text=text, locks=(lock,), environment=date)
    # Git 2.39 says that it cannot sign, writes the tag unsigned and ends with status 0.
    written = git.output("cat-file", "tag", f"{REFS}{tag}") or ""
    if is_signed and done.returncode == 0 and SIGNATURE not in written:
        git.run("update-ref", "-d", f"{REFS}{tag}")
    if done.returncode or (is_signed and SIGNATURE not in written):
        rule = f"git cannot {'sign' if is_signed else 'write'} the tag: {said(done)}"
        fix = "mend what git says and start the same command again: the record is kept"
        raise UserError.one("tag", tag, rule, fix, ExitStatus.RESOURCE)
    return True
