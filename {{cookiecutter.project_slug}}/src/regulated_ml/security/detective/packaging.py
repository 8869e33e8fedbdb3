"""Makes the archive that Lambda runs: the same content, the same bytes, and so the same name."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regulated_ml.files import replacing
from regulated_ml.identifiers import partitions
from regulated_ml.security import aws_models, catalogue
from regulated_ml.security.clients import platform
from regulated_ml.security.detective import parts
from regulated_ml.settings import Settings

HANDLER = "regulated_ml.security.detective.handler.handle"
ROOM = "regulated_ml/security/detective"
PACKAGE = Path(__file__).parents[2]  # regulated_ml
MODULES = (
    "security/__init__.py",
    "security/detective/__init__.py",
    "security/detective/answers.py",
    "security/detective/events.py",
    "security/detective/handler.py",
    "security/detective/parts.py",
    "security/detective/reactions.py",
)
ANY_DAY = (2020, 1, 1, 0, 0, 0)  # an archive's times say nothing, and change its bytes
READABLE = 0o100644 << 16


def write(settings: Settings, folder: Path) -> Path:
    """Writes the archive of an environment; its name is the hash of its content."""
    platform(settings)  # there is none to watch for `local`
    contents = dict(sorted(_contents(settings)))
    digest = hashlib.sha256(b"".join(k.encode() + b"\0" + v for k, v in contents.items()))
    path = folder / f"detective-{digest.hexdigest()[:16]}.zip"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in contents.items():
            # Stored, because compressed bytes depend on the version of zlib.
            entry = zipfile.ZipInfo(name, ANY_DAY)
            entry.external_attr = READABLE
            archive.writestr(entry, content)
    return path


def key(settings: Settings, archive: Path) -> str:
    """Where the archive lies in the data bucket: the parameter CodeKey."""
    return f"{settings.project.project_slug}/{settings.environment}/detective/{archive.name}"


def names(operations: list[str]) -> dict[str, Any]:
    """The names of SageMaker's requests and answers, by what CloudTrail makes of them."""
    model = aws_models.service_model("sagemaker")
    shapes: dict[str, Any] = {}
    found = {}
    for operation in operations:
        both = model.operation_model(operation)
        found[operation] = {
            "input": _shape(both.input_shape, shapes),
            "output": _shape(both.output_shape, shapes) if both.output_shape else "",
        }
    return {"operations": found, "shapes": shapes}


def project(settings: Settings) -> dict[str, Any]:
    """What the function has to know of the environment."""
    place, slug, environment = (
        platform(settings),
        settings.project.project_slug,
        settings.environment,
    )
    partition, account, region = (
        partitions()[place.aws_region],
        place.aws_account_id,
        place.aws_region,
    )
    role = f"arn:{partition}:iam::{account}:role/{slug}-{environment}"
    return {
        "slug": slug,
        "environment": environment,
        "region": region,
        "namespace": f"regulated-ml/{slug}/{environment}",
        "topic": f"arn:{partition}:sns:{region}:{account}:{slug}-{environment}-findings",
        "roles": [place.execution_role_arn, f"{role}-approver", f"{role}-data-scientist"],
    }


def _contents(settings: Settings) -> Iterator[tuple[str, bytes]]:
    plan = catalogue.plan(settings)
    operations = sorted(
        {o for o in (*plan["operations"], *plan["embedded"], *parts.OPERATIONS) if "." not in o}
    )
    data = {"plan": plan, "names": names(operations), "project": project(settings)}
    for name, content in data.items():
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        yield f"{ROOM}/{name}.json", text.encode()
    requests = (f"security/requests/{p.name}" for p in (PACKAGE / "security/requests").glob("*.py"))
    yield f"{PACKAGE.name}/__init__.py", b""  # the standard's own has what is for notebooks
    for name in (*MODULES, *requests):
        yield f"{PACKAGE.name}/{name}", (PACKAGE / name).read_bytes()


def _shape(shape: Any, shapes: dict[str, Any]) -> str:
    """Adds a structure, list or map to the shapes; returns its name, empty for a plain value."""
    if shape.type_name not in ("structure", "list", "map"):
        return ""
    name = str(shape.name)
    if name in shapes:
        return name
    known: dict[str, Any] = {}
    shapes[name] = known  # before its members: a structure may hold itself
    if shape.type_name == "list":
        known["each"] = _shape(shape.member, shapes)
    elif shape.type_name == "map":
        known["values"] = _shape(shape.value, shapes)
    else:
        members = shape.members.items()
        known["members"] = {key.lower(): [key, _shape(each, shapes)] for key, each in members}
    return name
