"""Has the trackers of an environment show its records, and says what could not be sent yet.

No run fails because of a tracker: what it does not take now is sent by the next command that
publishes.
"""

from collections.abc import Sequence

from regulated_ml.errors import UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report, Tell
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Begun
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trackers import contents
from regulated_ml.tracking.trackers.buckets import AnchoredTrail, RecordsBesideModels
from regulated_ml.tracking.trackers.experiments import Experiments
from regulated_ml.tracking.trackers.mlflow import LocalMlflow, ManagedMlflow
from regulated_ml.tracking.trackers.queue import Queue, Sent
from regulated_ml.workflow.evidence import command


def queues(settings: Settings, store: RunStore) -> list[Queue]:
    """The trackers of an environment: of `local` MLflow on this machine, of others those on AWS.

    The buckets come first: what they keep is the evidence, the others are for looking at.
    """
    if settings.platform is None:
        return [Queue(store, LocalMlflow(settings, store))]
    found = [
        Queue(store, RecordsBesideModels(settings, store)),
        Queue(store, AnchoredTrail(settings, store)),
        Queue(store, Experiments(settings, store)),
    ]
    if settings.platform.mlflow_arn:
        found.append(Queue(store, ManagedMlflow(settings, store)))
    return found


def opened(settings: Settings, store: RunStore, begun: Begun, tell: Tell) -> str:
    """Makes the trial that a job is to be shown in; returns the run that its line began with.

    Empty where that did not work: the job runs all the same, and is shown when its record is sent.
    """
    known = {run.id: run for run in store.all()}
    line = contents.origin_of(begun.parents, known) or begun.id
    tracker = Experiments(settings, store)
    try:
        tracker.open(line)
    except UserError as error:
        tell(f"{tracker.name}: {_reasons(error.problems)}; the job runs, and is shown there later")
        return ""
    return line


def after_a_run(settings: Settings, store: RunStore, report: Report, tell: Tell) -> None:
    """Sends what waits, where jobs run on AWS; what cannot be sent is said, and waits.

    MLflow on this machine is brought up to date when somebody looks at it: its import alone takes
    longer than a step.
    """
    if settings.platform is None:
        return
    for queue in queues(settings, store):
        if sentence := waits(settings, queue, queue.send(report)):
            tell(sentence)


def waits(settings: Settings, queue: Queue, result: Sent) -> str:
    """What waits for a tracker, why, and what sends it; empty where nothing waits."""
    if not result.waiting:
        return ""
    count = len(result.waiting)
    runs = "1 run is" if count == 1 else f"{count} runs are"
    rml = command(settings.environment)
    return (
        f"{runs} queued for {queue.tracker.name} ({_reasons(result.problems)}); the records are "
        f"whole, and `{rml} runs publish` or the next `{rml} run` sends them"
    )


def _reasons(problems: Sequence[Problem]) -> str:
    return "; ".join(dict.fromkeys(problem.rule for problem in problems))
