"""`rml ui`: the runs of this repository in MLflow's pages, on this machine."""

import signal
from typing import Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus

PORT = 5000


def ui(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0: one that is free.")
    ] = PORT,
    env: output.EnvironmentOption = "local",
) -> None:
    """Bring MLflow up to date from the records, and show its pages; Ctrl-C ends it."""
    from regulated_ml.settings import LOCAL
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.tracking.trackers import mlflow, mlflow_server, mlflow_ui
    from regulated_ml.tracking.trackers.queue import Queue
    from regulated_ml.workflow import publishing

    mlflow.require()
    port = mlflow_ui.free_port(port)
    output.settings(env)  # a wrong name of an environment is said, though all are shown
    settings = output.settings(LOCAL)
    tracker = mlflow.LocalMlflow(settings, RunStore(settings.root / RUNS))
    queue = Queue(tracker.store, tracker)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends as by Ctrl-C
    try:
        with output.progress("bringing MLflow up to date") as progress:
            result = queue.send(progress)
        if sentence := publishing.waits(settings, queue, result):
            output.warn(sentence)
        with (
            output.progress("starting MLflow") as progress,
            mlflow_ui.serving(tracker, port, progress) as server,
        ):
            runs = "1 run" if len(queue.wanted()) == 1 else f"{len(queue.wanted())} runs"
            address = f"http://{mlflow_server.HOST}:{port}"
            typer.echo(f"MLflow shows {runs} at {address}; Ctrl-C ends it.")
            server.wait()
    except KeyboardInterrupt:
        typer.echo("MLflow was ended; `rml ui` starts it again.", err=True)
        return
    raise typer.Exit(ExitStatus.RESOURCE)
