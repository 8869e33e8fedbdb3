"""`rml runs publish`: has the trackers of an environment show its records, or says what waits."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus

if TYPE_CHECKING:
    from regulated_ml.tracking.trackers.queue import Queue, Sent


def publish(
    status: Annotated[
        bool, typer.Option("--status", help="Say what waits, and send nothing.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Send MLflow and SageMaker Experiments what they have not been sent of the records."""
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.tracking.trackers.queue import Sent
    from regulated_ml.workflow import publishing

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, None if settings.platform is None else env)
    results: list[tuple[Queue, Sent]] = []
    for queue in publishing.queues(settings, store):
        if status:
            results.append((queue, Sent((), [run.id for run in queue.waiting()], ())))
            continue
        with output.progress(f"sending to {queue.tracker.name}") as progress:
            results.append((queue, queue.send(progress)))
    if as_json:
        output.print_json([_content(queue, result) for queue, result in results])
    else:
        output.print_table(
            "",
            ("tracker", "address", "shown", "sent now", "queued"),
            [_row(*each) for each in results],
        )
    problems = [problem for _, result in results for problem in result.problems]
    if problems:
        output.show_problems(list(dict.fromkeys(problems)), ExitStatus.RESOURCE)
        raise typer.Exit(ExitStatus.RESOURCE)


def _row(queue: "Queue", result: "Sent") -> tuple[object, ...]:
    tracker = queue.tracker
    shown = len(queue.wanted()) - len(result.waiting)
    return tracker.name, tracker.address, shown, len(result.sent), len(result.waiting)


def _content(queue: "Queue", result: "Sent") -> dict[str, Any]:
    tracker = queue.tracker
    return {
        "tracker": tracker.name,
        "address": tracker.address,
        "shown": len(queue.wanted()) - len(result.waiting),
        "sent": result.sent,
        "queued": result.waiting,
        "problems": [problem._asdict() for problem in result.problems],
    }
