"""Whether a repository is what the standard says: its managed files, lock file and templates.

The hashes come from the repository's own manifest, or from a release of the template. Only a
release can show that somebody changed a file and its hash together; and since this very module lies
in the repository, a check that must not be fooled runs the release's copy of it (docs of the
template, threat model).
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.locks import LOCK
from regulated_ml.security import catalogue
from regulated_ml.security.policies import templates
from regulated_ml.settings import own_controls
from regulated_ml.standard import lockfile, manifest
from regulated_ml.standard.manifest import MANIFEST, Manifest, Owner

State = Literal["changed", "removed", "added", "wrong", "stale"]

# The folder of the template that is rendered.
RENDERED_FOLDER = "{{cookiecutter.project_slug}}"

# What a manifest that is none raises, and what reading a damaged or encrypted archive does.
NO_MANIFEST = (OSError, ValueError, KeyError, TypeError, AttributeError)
DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)

FIXES: dict[State, str] = {
    "changed": "restore the standard's file; what it must do otherwise belongs into config/ or the "
    "team's package",
    "removed": "restore the standard's file",
    "added": "move it to the team's package: this folder is the standard's",
    "wrong": "run `make lock`, then `make setup`",
    "stale": "run `rml security policies --write`; mend config/ first where it is wrong",
}


class Finding(NamedTuple):
    """One file that is not what the standard says."""

    path: str
    owner: Owner
    state: State
    detail: str

    @property
    def fix(self) -> str:
        """What to do about it."""
        return FIXES[self.state]


def check(root: Path, against: Path | None = None) -> list[Finding]:
    """Everything in the repository `root` that is not what the standard says.

    Args:
        root: the repository.
        against: a release of the template, as a folder, a git checkout or a zip file; without it
            the repository's own manifest is believed.

    Raises:
        UserError: `against` is no release, is damaged, or is another version than the repository's.
    """
    findings = [*_managed(root, _release(root, against) if against else None)]
    findings += [
        Finding(LOCK, Owner.GENERATED, "wrong", mistake) for mistake in lockfile.mistakes(root)
    ]
    return [*findings, *_infrastructure(root)]


def _infrastructure(root: Path) -> Iterator[Finding]:
    """The templates that are not what the controls make."""
    try:
        controls = catalogue.merged(own_controls(root))
    except UserError as error:
        said = f"it cannot be made: {error.problems[0].field}: {error.problems[0].rule}"
        yield Finding(templates.FOLDER, Owner.GENERATED, "stale", said)
        return
    for name in templates.differing(controls, root):
        path = f"{templates.FOLDER}/{name}"
        yield Finding(path, Owner.GENERATED, "stale", "it is not what the controls make")


def _managed(root: Path, release: Manifest | None) -> Iterator[Finding]:
    own = _manifest(root)
    if own is None:
        state: State = "changed" if (root / MANIFEST).exists() else "removed"
        yield Finding(MANIFEST, Owner.MANAGED, state, "it is no manifest")
    expected = release or own
    if expected is None:
        return
    if release and own and own != release:
        yield Finding(MANIFEST, Owner.MANAGED, "changed", "its hashes are not those of the release")
    present = manifest.managed_files(root)
    for path in sorted(expected.files.keys() | present.keys()):
        wanted, there = expected.files.get(path), present.get(path)
        if wanted is None:
            yield Finding(path, Owner.MANAGED, "added", "the standard has no such file")
        elif there is None:
            yield Finding(path, Owner.MANAGED, "removed", "the standard has it")
        elif there != wanted:
            detail = there if there.startswith("symbolic") else "its content is not the standard's"
            yield Finding(path, Owner.MANAGED, "changed", detail)


def _manifest(folder: Traversable) -> Manifest | None:
    try:
        return manifest.read(folder)
    except NO_MANIFEST:
        return None


def _release(root: Path, path: Path) -> Manifest:
    """The manifest of a release that is whole and of the repository's version."""
    try:
        release = _whole_release(path)
    except DAMAGED as error:
        raise _refusal(str(path), f"it cannot be read: {error}", "fetch it again") from error
    own = _manifest(root)
    if own and own.version != release.version:
        raise _refusal(
            f"{path}, version {release.version}",
            f"the release must be the repository's version, {own.version}",
            f"name the release {own.version}",
        )
    return release


def _whole_release(path: Path) -> Manifest:
    for folder in _folders(path):
        if folder.joinpath(MANIFEST).is_file():
            break
    else:
        raise _refusal(
            str(path),
            "holds no release of the template",
            "name the unpacked release, a checkout of its tag, or its zip file",
        )
    release = _manifest(folder)
    if release is None:
        raise _refusal(str(path), f"its {MANIFEST} is no manifest", "fetch it again")
    if manifest.managed_files(folder) != release.files:
        raise _refusal(
            str(path),
            "the release's files are not those of its own manifest",
            "fetch it again, or check the tag out without changes",
        )
    return release


def _folders(path: Path) -> Iterator[Traversable]:
    """The places in a release where the rendered folder may lie; archives often add one on top."""
    top: Traversable = path
    if path.is_file():
        if not zipfile.is_zipfile(path):
            return
        top = zipfile.Path(path)
    elif not path.is_dir():
        return
    yield top.joinpath(RENDERED_FOLDER)
    yield top
    for child in top.iterdir():
        if child.is_dir():
            yield child.joinpath(RENDERED_FOLDER)


def _refusal(value: str, rule: str, fix: str) -> UserError:
    return UserError.one("--against", value, rule, fix, ExitStatus.USAGE)
