"""The archive: the same bytes each time, little in it, and nothing that Lambda lacks."""

import ast
import sys
import zipfile
from pathlib import Path

from commands import rml

from regulated_ml.security.detective import packaging
from regulated_ml.settings import load

LAMBDA_HAS = {"boto3", "botocore", "regulated_ml"}


def test_the_same_environment_makes_the_same_bytes_and_name(
    sample: Path, archive: Path, tmp_path: Path
) -> None:
    again = packaging.write(load(sample, "dev"), tmp_path)
    assert again.name == archive.name
    assert again.read_bytes() == archive.read_bytes()


def test_another_control_makes_another_name(repository: Path, archive: Path) -> None:
    own = repository / "config/controls.yaml"
    own.write_text("controls: []\ntighten: [{control: RML-TAG-1, severity: high}]\n")
    done = rml(repository, "security", "package", "--env", "dev", "--json")
    assert done.returncode == 0, done.stderr
    assert archive.name not in done.stdout


def test_everything_in_it_is_pythons_or_boto3s(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
        modules = {name: content.read(name) for name in names if name.endswith(".py")}
    assert len(names) < 30
    for name, source in modules.items():
        for node in ast.walk(ast.parse(source, feature_version=(3, 12))):
            found = []
            if isinstance(node, ast.Import):
                found = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                found = [node.module or ""]
            used = {each.partition(".")[0] for each in found}
            assert used <= LAMBDA_HAS | set(sys.stdlib_module_names), name


def test_a_package_needs_an_environment_on_aws(repository: Path) -> None:
    done = rml(repository, "security", "package")
    assert done.returncode == 2
    assert "environment on AWS" in done.stderr
