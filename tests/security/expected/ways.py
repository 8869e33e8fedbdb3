"""Run as a process: sends one training job in every way in which Python reaches AWS.

`python ways.py '{"RoleArn": ..., "OutputDataConfig": ...}' WAY...` prints, for each way, what was
raised. The job's name is that of the way, so that whoever receives it knows which it was.
"""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config


@cache
def earlier_session() -> Any:
    """A session of before."""
    return boto3.Session()


@cache
def earlier_client() -> Any:
    """A client of before, as a notebook's first cell makes one."""
    return earlier_session().client("sagemaker")


def client_of_boto3(request: dict[str, Any]) -> None:
    """The default session's client."""
    boto3.client("sagemaker").create_training_job(**request)


def client_of_a_session(request: dict[str, Any]) -> None:
    """A session of one's own."""
    boto3.Session().client("sagemaker").create_training_job(**request)


def client_of_botocore(request: dict[str, Any]) -> None:
    """Without boto3."""
    session = botocore.session.get_session()
    session.create_client("sagemaker").create_training_job(**request)


def client_made_earlier(request: dict[str, Any]) -> None:
    """A client that was there before."""
    earlier_client().create_training_job(**request)


def new_client_of_an_earlier_session(request: dict[str, Any]) -> None:
    """A new client of a session that was there before."""
    earlier_session().client("sagemaker").create_training_job(**request)


def unsigned_client(request: dict[str, Any]) -> None:
    """Without credentials."""
    config = Config(signature_version=UNSIGNED)
    boto3.client("sagemaker", config=config).create_training_job(**request)


def without_validation(request: dict[str, Any]) -> None:
    """With botocore's own checks of parameters switched off."""
    config = Config(parameter_validation=False)
    boto3.client("sagemaker", config=config).create_training_job(**request)


def the_clients_inner_call(request: dict[str, Any]) -> None:
    """Past the client's public methods."""
    boto3.client("sagemaker")._make_api_call("CreateTrainingJob", request)


def thread(request: dict[str, Any]) -> None:
    """In a thread of a pool."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(client_of_boto3, request).result()


def daemon_thread_with_the_earlier_client(request: dict[str, Any]) -> None:
    """In a thread, with a client of another."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            earlier_client().create_training_job(**request)
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join()
    if raised:
        raise raised[0]


def event_loop(request: dict[str, Any]) -> None:
    """From a coroutine."""

    async def run() -> None:
        await asyncio.to_thread(client_of_boto3, request)

    asyncio.run(run())


def forked_process(request: dict[str, Any]) -> None:
    """In a process that was forked."""
    _in_a_process("fork", request)


def spawned_process(request: dict[str, Any]) -> None:
    """In a process that starts anew."""
    _in_a_process("spawn", request)


def bare_python(request: dict[str, Any]) -> None:
    """In another program that knows nothing of the guard."""
    code = f"import boto3; boto3.client('sagemaker').create_training_job(**{request!r})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stderr)


def sagemaker_core(request: dict[str, Any]) -> None:
    """The SageMaker SDK's resource class, through a client that it keeps."""
    from sagemaker.core.resources import TrainingJob
    from sagemaker.core.shapes import OutputDataConfig

    TrainingJob.create(
        training_job_name=request["TrainingJobName"],
        role_arn=request["RoleArn"],
        output_data_config=OutputDataConfig(
            s3_output_path=request["OutputDataConfig"]["S3OutputPath"]
        ),
        **({"enable_network_isolation": False} if "EnableNetworkIsolation" in request else {}),
    )


def signed_by_hand(request: dict[str, Any]) -> None:
    """Without a client: the guard sits in clients."""
    address = os.environ["AWS_ENDPOINT_URL"]
    headers = {
        "X-Amz-Target": "SageMaker.CreateTrainingJob",
        "Content-Type": "application/x-amz-json-1.1",
    }
    signed = AWSRequest("POST", f"{address}/", headers, json.dumps(request))
    SigV4Auth(boto3.Session().get_credentials(), "sagemaker", "eu-central-1").add_auth(signed)
    sent = urllib.request.Request(signed.url, signed.body, dict(signed.headers.items()))
    urllib.request.urlopen(sent).close()


def variable_taken_away(request: dict[str, Any]) -> None:
    """By somebody who takes the guard off on purpose."""
    taken = os.environ.pop("BOTOCORE_EXPERIMENTAL__PLUGINS", None)
    try:
        boto3.Session().client("sagemaker").create_training_job(**request)
    finally:
        if taken is not None:
            os.environ["BOTOCORE_EXPERIMENTAL__PLUGINS"] = taken


def _in_a_process(method: str, request: dict[str, Any]) -> None:
    with multiprocessing.get_context(method).Pool(1) as pool:
        pool.apply(client_of_boto3, (request,))


WAYS: tuple[Callable[[dict[str, Any]], None], ...] = (
    client_of_boto3,
    client_of_a_session,
    client_of_botocore,
    client_made_earlier,
    new_client_of_an_earlier_session,
    unsigned_client,
    without_validation,
    the_clients_inner_call,
    thread,
    daemon_thread_with_the_earlier_client,
    event_loop,
    forked_process,
    spawned_process,
    bare_python,
    sagemaker_core,
)

# What no guard in the process can see; IAM denies it.
UNSEEN = (signed_by_hand, variable_taken_away)


def main() -> None:
    """Goes each way and says what came of it."""
    request = json.loads(sys.argv[1])
    earlier_client()
    for way in (*WAYS, *UNSEEN):
        name = way.__name__
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        try:
            way({"TrainingJobName": name.replace("_", "-"), **request})
            print(f"{name}: sent", flush=True)
        except Exception as error:
            words = " ".join(str(error).split())
            print(f"{name}: {type(error).__name__} {words}", flush=True)


if __name__ == "__main__":
    main()
