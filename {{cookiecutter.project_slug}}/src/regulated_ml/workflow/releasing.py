"""Releases an approved version: a tag on the version's commit, pushed to the team's remote.

The record comes first, then the tag, which names the record's entry of the audit trail and so keeps
the trail's end where nobody can cut it off unseen, then the branch and the tag on the other side.
That the other side has taken them is a record of its own, with the address: until there is one, the
release is told as not pushed. Whatever a kill or the network leaves out, the same command started
again completes.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.archive import mistake_in_model
from regulated_ml.platforms.interface import MODEL_ARCHIVE, Report
from regulated_ml.settings import Settings
from regulated_ml.tracking import pushing, registry
from regulated_ml.tracking.git import Git
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import RELEASE, VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import evidence, tagging
from regulated_ml.workflow.acting import Act, perform
from regulated_ml.workflow.approving import check_environment
from regulated_ml.workflow.registering import deciding


class Released(NamedTuple):
    """A release, and what became of each of its parts."""

    version: Version
    record: Record
    recorded: bool  # False: there was a record of it before
    tagged: bool  # False: the tag was there before
    pushed: dict[str, str]  # reference -> new, updated, already there
    push: Record  # that the remote of this address has them


class Place(NamedTuple):
    """What is released, and where it goes."""

    tag: str
    commit: str
    branch: str


def release(
    settings: Settings,
    store: RunStore,
    name: str,
    remote: str,
    caller: str | None,
    report: Report,
) -> Released:
    """Releases a version.

    Args:
        settings: of the version's environment.
        store: where runs are kept.
        name: of the version.
        remote: of git; branch and tag are pushed to it.
        caller: who AWS takes the person for, where it was asked.
        report: is told what is being done.

    Raises:
        UserError: everything that speaks against it; or git, or the other side, refuses.
    """
    git = Git(settings.root)
    with deciding(store, report) as lock:
        version = registry.named(store.all(), name, settings.environment)
        check_environment(settings, version)
        runs = evidence.of_version(store, version.registered)
        earlier = next(iter(version.done("release")), None)
        report(0, None, f"checking {version.name}")
        mistakes = [
            *_objections(settings, store, version, runs),
            *_git_problems(git, store, version, runs, remote, earlier),
        ]
        # What the trail's bucket says is asked for once all is well here: it takes an account.
        if mistakes := mistakes or [*evidence.bucket_problems(settings, store, runs)]:
            raise UserError(mistakes, ExitStatus.FOUND)
        place = _place(git, version, runs)
        report(0, None, "recording the release")
        record = earlier or _perform(settings, store, version, place, caller)
        report(0, None, f"writing the tag {place.tag}")
        text = tagging.message(settings, version, runs, record, store.trail)
        tagged = tagging.put(git, place.tag, record, text, lock)
        pushed = {}
        for ref in (f"refs/heads/{place.branch}", f"{tagging.REFS}{place.tag}"):
            report(0, None, f"pushing {ref} to {remote}")
            pushed[ref] = pushing.push(git, remote, ref, place.branch, lock)
        push = _pushed(settings, store, version, record, (git, remote), caller)
    return Released(version, record, earlier is None, tagged, pushed, push)


def _pushed(
    settings: Settings,
    store: RunStore,
    version: Version,
    release: Record,
    to: tuple[Git, str],
    caller: str | None,
) -> Record:
    """The record that a remote has the tag; one for each address."""
    address, tag = pushing.address(*to), release.parameters["tag"]
    for earlier in version.pushed(release):
        if earlier.parameters["address"] == address:
            return earlier
    act = Act(
        name="push",
        parents=(version.registered, release),
        parameters={
            VERSION: version.number,
            RELEASE: release.id,
            "tag": tag,
            "tag_object": to[0].output("rev-parse", f"{tagging.REFS}{tag}"),
            "branch": release.parameters["branch"],
            "remote": to[1],
            "address": address,
        },
    )
    return perform(settings, store, act, caller=caller)


def _perform(
    settings: Settings, store: RunStore, version: Version, place: Place, caller: str | None
) -> Record:
    decisions = [version.decision] if version.decision else []
    act = Act(
        name="release",
        parents=(version.registered, *decisions),
        parameters={VERSION: version.number, **place._asdict()},
    )
    return perform(settings, store, act, caller=caller)


def _objections(
    settings: Settings, store: RunStore, version: Version, runs: Sequence[Record]
) -> Iterator[Problem]:
    """What speaks against the version, whatever git says."""
    rml = evidence.command(settings.environment)
    if version.status != "approved":
        rule = f"only an approved version is released; {version.name} is {version.status}"
        fix = f"have it approved: {rml} model approve {version.name}"
        yield Problem(version.name, version.status, rule, fix)
    yield from evidence.problems(settings, store, version.registered.parameters["model"], runs)
    for run in runs:
        archive = store.folder_of(run) / MODEL_ARCHIVE
        if archive.is_file() and (mistake := mistake_in_model(archive)):
            fix = "find out who wrote it: `rml runs verify` tells whether it was changed"
            yield Problem(f"runs/{run.id}", MODEL_ARCHIVE, f"nothing of it is read: {mistake}", fix)
        if run.commit.sha and run.commit.dirty:
            rule = "a tag tells the code of a version, and this run's differed from its commit"
            fix = f"commit the code, start `{rml} run --force`, and register that model"
            yield Problem(f"runs/{run.id}", ", ".join(run.commit.changed[:3]), rule, fix)


def _git_problems(
    git: Git,
    store: RunStore,
    version: Version,
    runs: Sequence[Record],
    remote: str,
    earlier: Record | None,
) -> Iterator[Problem]:
    """What speaks against it on the side of git."""
    commit = _commit(runs)
    if known := [each for each in pushing.remotes(git) if each == remote]:
        if not pushing.address(git, remote):
            fix = f"git remote set-url {known[0]} codecommit::REGION://REPOSITORY"
            yield Problem("--remote", remote, "the remote has no address", fix)
    else:
        there = ", ".join(pushing.remotes(git)) or "none"
        fix = "name one of them, or add one: git remote add origin codecommit::REGION://REPOSITORY"
        yield Problem("--remote", remote, f"the repository has the remotes {there}", fix)
    if git.output("var", "GIT_COMMITTER_IDENT") is None:
        rule = "git knows who writes the tag"
        fix = 'git config user.name "YOUR NAME", and git config user.email YOUR@ADDRESS'
        yield Problem("git", "user.name, user.email", rule, fix)
    if commit is None:
        return  # said already: the run has no commit
    if not git.has(commit):
        yield from git.lost(commit).problems
    elif _branch(git, runs) is None:
        rule = "the commit of the version is in a branch, which is pushed with the tag"
        fix = f"git branch release-{version.name} {commit[:12]}; git switch release-{version.name}"
        yield Problem("commit", commit, rule, fix)
    entry = store.trail.entry(earlier.id) if earlier else None
    yield from tagging.problems(git, tagging.name(version), commit, entry)


def _place(git: Git, version: Version, runs: Sequence[Record]) -> Place:
    """What is released where, all of which has been found to be there."""
    commit, branch = _commit(runs), _branch(git, runs)
    if commit is None or branch is None:
        raise ValueError(f"{version.name} has passed the checks without a commit in a branch")
    return Place(tagging.name(version), commit, branch)


def _commit(runs: Sequence[Record]) -> str | None:
    """The commit that the model was trained on."""
    return next((run.commit.sha for run in runs if run.step == "train"), None)


def _branch(git: Git, runs: Sequence[Record]) -> str | None:
    """The branch to push, which has the commit in it: the one of the training, or the present one.

    Whoever has merged since then and deleted the branch pushes the one that it was merged into.
    """
    recorded = next((run.commit.branch for run in runs if run.step == "train"), None)
    present = git.output("symbolic-ref", "--short", "--quiet", "HEAD")
    for name in filter(None, (recorded, present)):
        has = ("merge-base", "--is-ancestor", str(_commit(runs)), f"refs/heads/{name}")
        if git.output(*has) is not None:
            return name
    return None
