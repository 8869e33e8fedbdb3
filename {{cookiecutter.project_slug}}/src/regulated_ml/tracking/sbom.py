"""The bill of materials of a model version: what was installed when it was trained (CycloneDX 1.6).

It is made from the record, so it tells what ran and not what is there now. The hashes are those of
`requirements.lock` as it was then; licences are what the packages declare that are installed here
in the same version. Equal records give equal bytes: the serial number is made from the content, and
the only time is the record's.
"""

import hashlib
import json
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, canonicalize_version

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import write_text
from regulated_ml.locks import LOCK, Pin, read
from regulated_ml.settings import Settings
from regulated_ml.tracking import git
from regulated_ml.tracking.licenses import Installed, installed
from regulated_ml.tracking.records import Record

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

FILE = "sbom.cdx.json"
MODEL = "model.tar.gz"
NAMESPACE = uuid.UUID("6f1c7c1e-6a0c-5b52-9d0f-6d6c2a3d1c11")  # of our serial numbers (RFC 9562)


def write(settings: Settings, record: Record, path: Path) -> None:
    """Writes the bill of materials of the environment in which `record`, a training, ran.

    Raises:
        UserError: the package that writes the format is not installed.
    """
    try:
        from cyclonedx.output.json import JsonV1Dot6
    except ModuleNotFoundError as error:
        raise UserError.one(
            "environment",
            error.name or "cyclonedx",
            "the package that writes the bill of materials (cyclonedx-python-lib) is not installed",
            f"set the environment up from {LOCK}: make setup",
            ExitStatus.RESOURCE,
        ) from error
    content = json.loads(JsonV1Dot6(_bom(settings, record)).output_as_string())
    # The library draws a random serial number; ours says which content it is of.
    content.pop("serialNumber")
    if record.remote:
        # Of a container only those packages are known that jobs may import. The library cannot
        # write compositions.
        model = content["metadata"]["component"]["bom-ref"]
        content["compositions"] = [{"aggregate": "incomplete", "dependencies": [model]}]
    serial = uuid.uuid5(NAMESPACE, json.dumps(content, sort_keys=True))
    content["serialNumber"] = serial.urn
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def licenses(path: Path) -> list[tuple[str, str, str, bool]]:
    """Name, version, licence and whether the model needs it at run time, of each package."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [
        (
            each["name"],
            each.get("version", ""),
            ", ".join(map(_license_name, each.get("licenses", ()))),
            each.get("scope") != "excluded",
        )
        for each in content.get("components", ())
        if each["type"] == "library"
    ]


def _license_name(entry: Mapping[str, Any]) -> str:
    if "expression" in entry:
        return str(entry["expression"])
    return str(entry["license"].get("id") or entry["license"]["name"])


def _bom(settings: Settings, record: Record) -> "Bom":
    from cyclonedx.model.bom import Bom

    here = installed()
    pins = _pins(settings.root, record)
    needed = _needed(settings.root, here)
    bom = Bom()
    bom.metadata.timestamp = datetime.fromisoformat(record.ended)
    model = _model(settings, record)
    bom.metadata.component = model
    components: dict[str, Component] = {}
    for name, version in record.dependencies.packages.items():
        normal = canonicalize_name(name)
        there = here.get(normal)
        same = there if there and _equal(there.version, version) else None
        locked = [pin for pin in pins if pin.name == normal and _equal(str(pin.version), version)]
        # In a container all that is there is there to run; here some are tools of developers.
        scoped = None if record.remote else normal in needed
        components[normal] = _component(name, version, same, locked, scoped)
    bom.components = components.values()
    bom.register_dependency(model, components.values())
    for own, component in components.items():
        if own in here:
            names = (n for n in _required(here[own].requires) if n in components)
            bom.register_dependency(component, [components[name] for name in names])
    return bom


def _equal(one: str, other: str) -> bool:
    # 2026.01 and 2026.1 are one version (PEP 440).
    return canonicalize_version(one) == canonicalize_version(other)


def _model(settings: Settings, record: Record) -> "Component":
    """The model that the environment has made, as what the bill is of."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    archive = record.artifact(MODEL)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=archive.sha256)] if archive else []
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=settings.project.project_slug,
        version=record.id,
        bom_ref=f"model:{record.id}",
        description=settings.project.description,
        hashes=hashes,
        properties=_properties(
            commit=record.commit.sha,
            data=record.data.fingerprint,
            image_digest=record.dependencies.image_digest,
            lock=record.dependencies.lock,
            python=record.dependencies.python,
            standard=record.standard,
            system=record.dependencies.system,
        ),
    )


def _properties(**facts: str | None) -> "list[Property]":
    from cyclonedx.model import Property

    return [Property(name=f"regulated_ml:{k}", value=v) for k, v in facts.items() if v]


def _component(
    name: str, version: str, there: Installed | None, locked: list[Pin], scoped: bool | None
) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.model.license import LicenseAcknowledgement
    from packageurl import PackageURL

    purl = PackageURL("pypi", None, canonicalize_name(name), version)
    licenses = (
        [
            LicenseFactory().make_from_string(
                there.license, license_acknowledgement=LicenseAcknowledgement.DECLARED
            )
        ]
        if there and there.license
        else []
    )
    # Which of the files that the lock admits was installed, pip does not keep: so they are hashes
    # of what may be distributed, not of the component.
    references = [
        ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(purl.to_string()),
            comment=f"one of the files that {LOCK} admits",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        )
        for pin in locked
    ]
    scopes = {True: ComponentScope.REQUIRED, False: ComponentScope.EXCLUDED, None: None}
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=licenses,
        scope=scopes[scoped],
        external_references=references,
    )


def _pins(root: Path, record: Record) -> list[Pin]:
    """The lock file as it was when the record was made; nothing where it cannot be found."""
    for content in _locks(root, record):
        if hashlib.sha256(content).hexdigest() == record.dependencies.lock:
            return read(content.decode("utf-8"))[0]
    return []


def _locks(root: Path, record: Record) -> Iterator[bytes]:
    if (root / LOCK).is_file():
        yield (root / LOCK).read_bytes()
    if record.commit.sha and (content := git.file_in(root, record.commit.sha, LOCK)):
        yield content


def _needed(root: Path, here: Mapping[str, Installed]) -> set[str]:
    """The packages that pyproject.toml asks for at run time, and those that they ask for."""
    content = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    waiting = list(_required(content.get("project", {}).get("dependencies", ())))
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _required(here[name].requires) if name in here else ()
    return found


def _required(requirements: Any) -> Iterator[str]:
    """The normal names of the requirements that apply to this Python, extras aside."""
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # an old package's own words; it is listed all the same
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)
