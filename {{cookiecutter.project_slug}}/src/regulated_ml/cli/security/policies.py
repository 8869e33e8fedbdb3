"""`rml security policies` and `rml security package`: what IAM holds, and how it gets there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.security.policies.deployed import Difference
    from regulated_ml.settings import Settings


def policies(
    show: Annotated[
        str, typer.Option("--show", metavar="NAME", help="Print one policy as JSON.")
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the templates below infrastructure/.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Say which templates --write would change.")
    ] = False,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Print the commands that deploy an environment.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Compare with what is deployed in the account.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the policies that follow from the controls, with their sizes."""
    settings = output.settings(env)
    if sum((bool(show), write, check, parameters, diff)) > 1:
        rule = "one of --show, --write, --check, --parameters and --diff"
        raise UserError.one("policies", "", rule, "ask one thing at a time", ExitStatus.USAGE)
    if write or check:
        _templates(settings, write, as_json)
    elif parameters:
        _parameters(settings, as_json)
    elif diff:
        _differences(settings, as_json)
    else:
        _listed(settings, show, as_json)


def package(
    folder: Annotated[Path, typer.Option("--output", help="Where the archive is written.")] = Path(
        "build"
    ),
    upload: Annotated[
        bool, typer.Option("--upload", help="Put it into the data bucket as well.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Make the archive of the detective function, whose name is the hash of its content."""
    from regulated_ml.security import clients
    from regulated_ml.security.detective import packaging

    settings = output.settings(env)
    if upload:
        clients.identity(settings)  # the right account, before anything is sent to it
    archive = packaging.write(settings, folder)
    key = packaging.key(settings, archive)
    if upload:
        place = clients.platform(settings)
        with clients.reached(settings), archive.open("rb") as content:
            clients.client(settings, "s3").put_object(
                Bucket=place.data_bucket,
                Key=key,
                Body=content,
                ExpectedBucketOwner=place.aws_account_id,
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=place.kms_key_arn,
            )
    if as_json:
        output.print_json({"archive": str(archive), "CodeKey": key, "uploaded": upload})
        return
    typer.echo(f"{archive}\nCodeKey={key}")


def _templates(settings: "Settings", write: bool, as_json: bool) -> None:
    from regulated_ml.security import catalogue
    from regulated_ml.security.policies import templates

    controls = catalogue.load(settings)
    names = templates.differing(controls, settings.root)
    if write:
        templates.write(controls, settings.root)
    if as_json:
        output.print_json({"changed" if write else "differing": names})
    else:
        verb = "written" if write else "differs"
        for name in names:
            typer.echo(f"{templates.FOLDER}/{name}: {verb}")
        if not names:
            typer.echo("all templates are as the controls make them")
    if names and not write:
        raise typer.Exit(ExitStatus.FOUND)


def _parameters(settings: "Settings", as_json: bool) -> None:
    from regulated_ml.security.clients import platform
    from regulated_ml.security.policies.stacks import stacks

    found = stacks(settings)
    if as_json:
        output.print_json([each._asdict() for each in found])
        return
    for each in found:
        typer.echo(each.command(platform(settings).aws_region))
    untold = sorted({name for each in found for name in each.untold})
    output.warn(f"in angle brackets is what no setting says: {', '.join(untold)}")


def _differences(settings: "Settings", as_json: bool) -> None:
    from regulated_ml.security import clients
    from regulated_ml.security.policies import deployed_differences
    from regulated_ml.security.wording import counted

    clients.identity(settings)
    found = deployed_differences(settings)
    if as_json:
        output.print_json([each._asdict() for each in found])
    elif found:
        typer.echo(f"{counted(len(found), 'difference')}:")
        output.print_blocks((each.policy, _difference(each)) for each in found)
    else:
        typer.echo("what is deployed is what the controls make")
    if found:
        raise typer.Exit(ExitStatus.FOUND)


def _difference(each: "Difference") -> list[tuple[str, str]]:
    return [
        ("statement", each.statement or "all"),
        ("state", each.state),
        ("deployed", each.found or "nothing"),
        ("expected", each.expected or ("nothing" if each.state == "foreign" else "")),
    ]


def _listed(settings: "Settings", show: str, as_json: bool) -> None:
    from regulated_ml.security.policies import inventory

    found = inventory.entries(settings)
    if show:
        chosen = [each for each in found if each.name == show]
        if not chosen:
            fix = f"names: {', '.join(dict.fromkeys(each.name for each in found))}"
            raise UserError.one("--show", show, "the name of a policy", fix, ExitStatus.USAGE)
        for each in chosen:
            output.print_json(each.document)
        return
    too_long = [each for each in found if (each.size or each.at_most) > each.kind.longest]
    if as_json:
        rows = [
            {**each._asdict(), "kind": each.kind.words, "limit": each.kind.longest}
            for each in found
        ]
        output.print_json(rows)
    else:
        output.print_table(
            f"environment {settings.environment}",
            ("policy", "kind", "statements", "characters", "at most", "limit"),
            [
                (e.name, e.kind.words, e.statements, e.size or "-", e.at_most, e.kind.longest)
                for e in found
            ],
        )
    if too_long:
        rule = "longer than AWS takes: " + ", ".join(each.name for each in too_long)
        fix = "shorten the organisation's own controls, or split them over more operations"
        raise UserError.one("policies", "", rule, fix, ExitStatus.CONFIGURATION)
