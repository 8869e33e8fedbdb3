"""Pushes to the team's remote, and says in words why the other side did not take it."""

import re
from typing import Literal, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.tracking.git import Git, said

# `git push --porcelain` begins a line with one of these for each reference (git-push(1)).
TAKEN: dict[str, Literal["new", "updated", "already there"]] = {
    "*": "new",
    " ": "updated",
    "=": "already there",
}
PASSWORD = re.compile(r"(https?://)[^/@\s]+@")


class Refusal(NamedTuple):
    """What git says, as a pattern; what that means, and what to do. The first that fits counts."""

    pattern: str
    rule: str
    fix: str


REFUSALS = (
    Refusal(
        "non-fast-forward|fetch first|stale info",
        "the branch there has commits that this clone lacks",
        "git pull --no-rebase {remote} {branch}",
    ),
    Refusal(
        "already exists|would clobber",
        "the tag is there already and is another one; what was released is never moved",
        "find out who made it: git ls-remote --tags {remote}",
    ),
    Refusal(
        "remote-codecommit.*not a git command|unable to find remote helper",
        "git does not find git-remote-codecommit, which the locked environment has",
        "make setup",
    ),
    Refusal(
        "credential|ExpiredToken|expired|AccessDenied|not authorized|Authentication|\\b403\\b",
        "the other side does not know you, or you may not write to it",
        "sign in to the account (aws sso login), with a role that may push",
    ),
    Refusal(
        "pre-receive|hook declined|protected|remote rejected|denied",
        "the other side has a rule against it",
        "ask who looks after the repository",
    ),
    Refusal(
        "",
        "the repository could not be reached",
        "see whether it exists and the network leads there: git ls-remote {remote}",
    ),
)


def remotes(git: Git) -> list[str]:
    """The names of the remotes."""
    return (git.output("remote") or "").splitlines()


def address(git: Git, remote: str) -> str:
    """Where a remote is pushed to, as configuration says, without a password."""
    own = git.output("config", "--get", f"remote.{remote}.pushurl")
    return masked(own or git.output("config", "--get", f"remote.{remote}.url") or "")


def masked(text: str) -> str:
    """A text without the user and password that addresses in it may have."""
    return PASSWORD.sub(r"\1", text)


def push(git: Git, remote: str, ref: str, branch: str, lock: int) -> str:
    """Pushes one reference, never by force; gives what became of it there.

    Args:
        git: the repository.
        remote: a name among `remotes`.
        ref: the whole name, the same here and there.
        branch: the one that goes with it, for the words of a refusal.
        lock: a descriptor that git holds for as long as it lives.

    Raises:
        UserError: the other side did not take it, or could not be reached.
    """
    done = git.run("push", "--porcelain", remote, f"{ref}:{ref}", locks=(lock,))
    lines = [line for line in done.stdout.splitlines() if f"\t{ref}:{ref}\t" in line]
    if done.returncode == 0 and lines:
        return TAKEN.get(lines[0][0], "updated")
    words = masked("; ".join([*(line.rpartition("\t")[2] for line in lines), said(done)]))
    found = next(each for each in REFUSALS if re.search(each.pattern, words, re.IGNORECASE))
    fix = found.fix.format(remote=remote, branch=branch)
    raise UserError.one(
        f"git push {remote}",
        ref,
        f"{found.rule}: {words}",
        f"{fix}; then start the same command again: record and tag are kept, and it pushes them",
        ExitStatus.RESOURCE,
    )
