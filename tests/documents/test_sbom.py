"""The bill of materials: valid CycloneDX, from the record, and the same bytes again."""

import json
import subprocess
import sys
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from commands import git

from regulated_ml.documents import model_card
from regulated_ml.locks import read
from regulated_ml.tracking import sbom
from regulated_ml.tracking.licenses import declared
from regulated_ml.tracking.records import Remote
from regulated_ml.workflow import documenting

from .conftest import Documented


def made(two: Documented, folder: Path, **changes: Any) -> dict[str, Any]:
    """The bill of the training of v1, or of one that differs from it in `changes`."""
    run = two.run("train").model_copy(update=changes)
    sbom.write(two.settings, run, folder / sbom.FILE)
    content: dict[str, Any] = json.loads((folder / sbom.FILE).read_text())
    return content


def library(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in content["components"] if each["name"] == name)
    return found


def test_the_registered_bill_is_valid_for_cyclonedxs_own_validator(two: Documented) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    registered = two.version("v1").registered
    assert registered.artifact(sbom.FILE)
    text = (two.store.folder_of(registered) / sbom.FILE).read_text()
    assert json.loads(text)["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_lists_just_the_packages_of_the_record_and_the_model(
    two: Documented, tmp_path: Path
) -> None:
    run, content = two.run("train"), made(two, tmp_path)
    listed = {each["name"]: each["version"] for each in content["components"]}
    assert listed == dict(run.dependencies.packages)
    model = content["metadata"]["component"]
    archive = run.artifact("model.tar.gz")
    assert archive and model["hashes"] == [{"alg": "SHA-256", "content": archive.sha256}]
    properties = {each["name"]: each["value"] for each in model["properties"]}
    assert properties["regulated_ml:commit"] == run.commit.sha
    assert properties["regulated_ml:data"] == run.data.fingerprint


def test_hashes_are_those_that_the_lock_file_admits(two: Documented, tmp_path: Path) -> None:
    pins, _ = read((two.repository / "requirements.lock").read_text())
    pin = next(pin for pin in pins if pin.name == "numpy" and pin.applies())
    packages = {"numpy": str(pin.version), "pandas": "0.0.1"}
    there = two.run("train").dependencies.model_copy(update={"packages": packages})
    content = made(two, tmp_path, dependencies=there)
    (reference,) = library(content, "numpy")["externalReferences"]
    assert {each["content"] for each in reference["hashes"]} == set(pin.hashes)
    assert len(pin.hashes) > 1
    assert "externalReferences" not in library(content, "pandas")  # another version is locked


def test_the_lock_is_the_one_of_the_record_although_the_file_has_changed(
    own: Documented, tmp_path: Path
) -> None:
    before = made(own, tmp_path)
    lock = own.repository / "requirements.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:" + "0" * 8, 1))
    assert made(own, tmp_path) == before
    git(own.repository, "update-ref", "-d", "HEAD")  # nor can the old one be had from git
    gone = own.run("train").commit.model_copy(update={"sha": "0" * 40})
    content = made(own, tmp_path, commit=gone)
    assert not any("externalReferences" in each for each in content["components"])


def test_equal_records_give_equal_bytes_in_any_process(two: Documented, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from regulated_ml.settings import load\n"
        "from regulated_ml.tracking.store import RunStore; from regulated_ml.tracking import sbom\n"
        "root = Path(sys.argv[1]); store = RunStore(root / 'runs', 'local')\n"
        "run = store.get(sys.argv[2]); sbom.write(load(root), run, Path(sys.argv[3]))\n"
    )
    run = two.run("train").id
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        subprocess.run(
            [sys.executable, "-c", script, two.repository, run, tmp_path / f"{seed}.json"],
            env={
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "PYTHONPATH": str(two.repository / "src"),
                "PATH": "/usr/bin:/bin",
            },
            check=True,
        )
    first = (tmp_path / "1.json").read_bytes()
    assert first == (tmp_path / "2.json").read_bytes()
    registered = two.version("v1").registered
    assert first == (two.store.folder_of(registered) / sbom.FILE).read_bytes()


def test_tools_of_developers_are_told_from_what_the_model_needs(
    two: Documented, tmp_path: Path
) -> None:
    content = made(two, tmp_path)
    assert library(content, "numpy")["scope"] == "required"
    assert library(content, "pytest")["scope"] == "excluded"
    sbom_file = tmp_path / sbom.FILE
    needed = {name: is_needed for name, _, _, is_needed in sbom.licenses(sbom_file)}
    assert needed["numpy"] and not needed["pytest"]


def test_the_bill_of_a_container_has_the_containers_packages_and_excludes_none(
    two: Documented, tmp_path: Path
) -> None:
    run = two.run("train")
    container = run.dependencies.model_copy(
        update={"packages": {"numpy": "2.1.0", "flask": "3.0.0"}, "image_digest": "sha256:abc"}
    )
    remote = Remote(name="job", seconds=1.0, billed_seconds=1.0, facts={})
    content = made(two, tmp_path, dependencies=container, remote=remote)
    assert [each["purl"] for each in content["components"]] == [
        "pkg:pypi/flask@3.0.0",
        "pkg:pypi/numpy@2.1.0",
    ]
    assert not any("scope" in each for each in content["components"])
    properties = {e["name"]: e["value"] for e in content["metadata"]["component"]["properties"]}
    assert properties["regulated_ml:image_digest"] == "sha256:abc"


def test_the_bill_of_a_container_says_that_it_is_incomplete(
    two: Documented, tmp_path: Path
) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert "compositions" not in made(two, tmp_path)
    run = two.run("train")
    remote = Remote(name="job", seconds=1.0, billed_seconds=1.0, facts={})
    content = made(two, tmp_path, remote=remote)
    model = content["metadata"]["component"]["bom-ref"]
    assert content["compositions"] == [{"aggregate": "incomplete", "dependencies": [model]}]
    text = (tmp_path / sbom.FILE).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None

    evidence = documenting.gather(two.settings, two.store, two.version("v1"), two.known)
    runs = {**evidence.runs, "train": run.model_copy(update={"remote": remote})}
    card = model_card.document(replace(evidence, runs=runs))
    (part,) = (part for part in card.parts if part.topic == "Supply chain")
    assert model_card.INCOMPLETE in part.signs
    assert "were installed" not in part.finding


@pytest.mark.parametrize(
    ("fields", "license"),
    [
        ([("License-Expression", "MIT OR Apache-2.0"), ("License", "x")], "MIT OR Apache-2.0"),
        ([("License", "BSD-3-Clause")], "BSD-3-Clause"),
        ([("License", "the whole text " * 100)], ""),
        ([("License", "UNKNOWN"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: BSD License")], "BSD License"),
        ([("Classifier", "Programming Language :: Python")], ""),
    ],
)
def test_a_licence_is_what_the_metadata_declare(
    fields: list[tuple[str, str]], license: str
) -> None:
    metadata = Message()
    for name, value in fields:
        metadata[name] = value
    assert declared(metadata) == license
