"""`rml model documents`: the documents of a version, made from its records."""

from typing import Annotated

import typer

from regulated_ml.cli import output


def documents(
    name: Annotated[
        str, typer.Argument(metavar="VERSION", help="v3 or 3; latest: the newest one.")
    ] = "latest",
    compare: Annotated[
        str, typer.Option(help="The version that the change log goes back to, as v2.")
    ] = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Write model card, data sheet, validation report, inventory entry and change log.

    On AWS the model card is put into SageMaker's model cards, too.
    """
    from regulated_ml.tracking import registry
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import documenting

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, settings.environment)
    known = store.all()
    version = registry.find(known, name, env)
    before = registry.find(known, compare, env) if compare else None
    folder = settings.root / documenting.FOLDER / version.name
    with output.progress("writing the documents") as progress:
        paths = documenting.write(settings, store, version, known, folder, before, progress)
        card = documenting.put_card(settings, version, folder, progress)
    problems = documenting.open_fields(settings, version, known)
    if as_json:
        output.print_json(
            {
                "version": version.name,
                "files": [path.relative_to(settings.root).as_posix() for path in paths],
                "model_card": card,
                "open": [problem._asdict() for problem in problems],
            }
        )
        return
    for path in paths:
        if path.suffix == ".html":
            typer.echo(path.relative_to(settings.root))
    if card:
        typer.echo(f"SageMaker: {card}")
    if problems:
        places = ", ".join(problem.field.partition(": ")[2] for problem in problems)
        output.warn(f"{len(problems)} open in config/documents.yaml, before an approval: {places}")
