"""The contract between a job and whoever runs it: SageMaker's folders, parameters and failure file.

A job is a module, run as `python -m MODULE`, that reads and writes the folders of SageMaker below
/opt/ml, or below another folder where SAGEMAKER_BASE_DIR names one. Only this module knows them. It
imports nothing but the standard library, so that a job starts at once.

The layout is that of Amazon SageMaker's "How Amazon SageMaker Runs Your Training Image" and of the
variables `SM_*` that sagemaker-training sets.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SENTENCE = 1024  # characters of the failure file that SageMaker shows
RESERVED = "sagemaker_"  # begins hyperparameters that are meant for the container, not for us


class JobError(Exception):
    """A mistake of the user's, in one sentence; the job ends without a traceback."""


def run(job: Callable[[], None]) -> None:
    """Runs a job's function and ends the process with exit status 1 when it fails.

    A `JobError` goes to the failure file as it is. Of any other error the traceback goes to the log
    and its last line to the failure file.
    """
    try:
        job()
    except JobError as error:
        _fail(str(error))
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception as error:
        _fail(traceback.format_exception_only(error)[-1])
        traceback.print_exc()
        sys.exit(1)


def progress(step: str, done: int, total: int, text: str = "") -> None:
    """Prints how far the job is, in the form that a platform turns into a bar."""
    print(f"progress {step} {done}/{total} {text}".rstrip(), flush=True)


def warn(sentence: str) -> None:
    """Prints a sentence that the reader of the log should see."""
    print(f"warning: {sentence}", file=sys.stderr, flush=True)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # there is none on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Processing jobs


def processing_input(channel: str) -> Path:
    """The folder of an input of a processing job."""
    return _base() / "processing/input" / channel


def processing_output(name: str) -> Path:
    """The folder of an output of a processing job; it is made when it is not there."""
    return _made(_base() / "processing/output" / name)


def parameters() -> dict[str, Any]:
    """The parameters of a processing job, from `parameters/parameters.json`."""
    content = read_json(processing_input("parameters") / "parameters.json")
    if not isinstance(content, dict):
        raise JobError("parameters.json holds no mapping of names to values")
    return content


# Training jobs


def channel(name: str) -> Path:
    """The folder of an input of a training job."""
    given = os.environ.get(f"SM_CHANNEL_{name.upper()}")
    return Path(given) if given else _base() / "input/data" / name


def model_folder() -> Path:
    """What lies here when the job ends becomes model.tar.gz."""
    return _made(Path(os.environ.get("SM_MODEL_DIR") or _base() / "model"))


def output_folder() -> Path:
    """What lies here when the job ends becomes output.tar.gz, beside the model."""
    return _made(Path(os.environ.get("SM_OUTPUT_DATA_DIR") or _base() / "output/data"))


def checkpoint_folder() -> Path:
    """The folder whose files outlive the job: they are there again when it is started again."""
    configuration = _base() / "input/config/checkpointconfig.json"
    if configuration.is_file() and (path := read_json(configuration).get("LocalPath")):
        return _made(Path(path))
    return _made(_base() / "checkpoints")


def hyperparameters() -> dict[str, Any]:
    """The hyperparameters of a training job, decoded.

    SageMaker passes each value as text. Text that is JSON is decoded, other text stays as it is, so
    `"0.2"` gives a number whoever wrote it, and `"binary:logistic"` a text. Nulls are left out.
    """
    given = os.environ.get("SM_HPS")
    path = _base() / "input/config/hyperparameters.json"
    content = _decoded(given, "SM_HPS") if given else read_json(path)
    if not isinstance(content, dict):
        raise JobError("the hyperparameters are no mapping of names to values")
    values = {name: _value(text) for name, text in content.items() if not name.startswith(RESERVED)}
    return {name: value for name, value in values.items() if value is not None}


def scratch_folder() -> Path:
    """A new folder for what a job needs while it runs, on the volume that holds its inputs."""
    return Path(tempfile.mkdtemp(dir=_made(_base() / "scratch")))


# Files


def read_json(path: Path) -> Any:
    """The content of a JSON file; a `JobError` names the file that is missing or damaged."""
    return _decoded(_text(path), path.name)


def write_json(path: Path, content: Any) -> None:
    """Writes JSON with sorted keys, so that equal content means equal bytes.

    Raises:
        ValueError: a number is infinite or no number, which JSON cannot hold.
    """
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a temporary path beside `target`; renames it to `target` when the block ends well.

    SageMaker does not upload files whose names end with `.sagemaker-ignore`, so half a checkpoint
    never leaves the machine.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.sagemaker-ignore")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _base() -> Path:
    return Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise JobError(f"{path.name} is missing in the input folder {path.parent.name}") from None


def _decoded(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise JobError(f"{name} is no JSON: {error}") from None


def _value(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fail(sentence: str) -> None:
    """Leaves the sentence where SageMaker looks: `failure` of training, `message` of processing."""
    for name in ("failure", "message"):
        path = _base() / "output" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sentence.strip()[:SENTENCE] + "\n", encoding="utf-8")
