"""Run as a process: starts jobs by the SageMaker SDK's own classes, as a notebook would.

`python sdk.py TEAM WAY...`: TEAM is JSON with `role`, `bucket`, `image` and `region`. Each way is
written by somebody who has never heard of controls. Prints what came of each.
"""

import asyncio
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig

MEGABYTE = 1024 * 1024


def script_processor(team: Mapping[str, str]) -> None:
    """A processing job with a script that the SDK uploads."""
    from sagemaker.core.processing import ScriptProcessor

    ScriptProcessor(**_processor(team), command=["python3"]).run(
        code=_script(), outputs=[_output(team)], wait=False, logs=False
    )


def framework_processor(team: Mapping[str, str]) -> None:
    """A processing job with a folder of code."""
    from sagemaker.core.processing import FrameworkProcessor

    script = Path(_script())
    FrameworkProcessor(**_processor(team), command=["python3"]).run(
        code=script.name, source_dir=str(script.parent), outputs=[_output(team)], wait=False
    )


def model_monitor(team: Mapping[str, str]) -> None:
    """The baseline of Model Monitor."""
    from sagemaker.core.model_monitor import DefaultModelMonitor
    from sagemaker.core.model_monitor.dataset_format import DatasetFormat

    DefaultModelMonitor(role=team["role"], sagemaker_session=_session(team)).suggest_baseline(
        baseline_dataset=f"s3://{team['bucket']}/inputs/rows.csv",
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"s3://{team['bucket']}/baseline",
        wait=False,
        logs=False,
    )


def script_processor_with_a_way_out(team: Mapping[str, str]) -> None:
    """A processing job that asks for the network."""
    from sagemaker.core.network import NetworkConfig
    from sagemaker.core.processing import ScriptProcessor

    network = NetworkConfig(enable_network_isolation=False)
    processor = ScriptProcessor(**_processor(team), command=["python3"], network_config=network)
    processor.run(code=_script(), outputs=[_output(team)], wait=False, logs=False)


def s3_resource(team: Mapping[str, str]) -> None:
    """An object by boto3's resource."""
    boto3.resource("s3").Object(team["bucket"], "a/resource").put(Body=b"rows")


def s3_upload(team: Mapping[str, str]) -> None:
    """A small file by the transfer manager, in its threads."""
    boto3.client("s3").upload_file(_script(), team["bucket"], "a/file")


def s3_upload_in_parts(team: Mapping[str, str]) -> None:
    """A large file, in parts."""
    with tempfile.NamedTemporaryFile() as large:
        large.write(b"0" * 6 * MEGABYTE)
        large.flush()
        config = TransferConfig(multipart_threshold=MEGABYTE, multipart_chunksize=5 * MEGABYTE)
        boto3.client("s3").upload_file(large.name, team["bucket"], "a/large", Config=config)


def s3_copy(team: Mapping[str, str]) -> None:
    """A managed copy."""
    source = {"Bucket": team["bucket"], "Key": "a/resource"}
    boto3.resource("s3").Bucket(team["bucket"]).copy(source, "a/copy")


def model_trainer(team: Mapping[str, str]) -> None:
    """The SDK's trainer."""
    _trainer(team).train(wait=False, logs=False)


def model_trainer_told_everything(team: Mapping[str, str]) -> None:
    """The SDK's trainer, by somebody who gives a volume key and wants isolation."""
    from sagemaker.train.configs import Compute, Networking

    compute = Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_kms_key_id=team["key"])
    networking = Networking(
        enable_network_isolation=True, enable_inter_container_traffic_encryption=True
    )
    _trainer(team, compute=compute, networking=networking).train(wait=False, logs=False)


def model_trainer_elsewhere(team: Mapping[str, str]) -> None:
    """The SDK's trainer in somebody else's subnet."""
    _trainer(team, networking=_elsewhere()).train(wait=False, logs=False)


def pipeline_elsewhere(team: Mapping[str, str]) -> None:
    """A pipeline with a step in somebody else's subnet."""
    pipeline(team, networking=_elsewhere())


def hyperparameter_tuner(team: Mapping[str, str]) -> None:
    """The SDK's tuner, of a trainer that has a volume key and isolation."""
    from sagemaker.core.parameter import ContinuousParameter
    from sagemaker.train.configs import Compute, Networking
    from sagemaker.train.tuner import HyperparameterTuner

    compute = Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_kms_key_id=team["key"])
    networking = Networking(
        enable_network_isolation=True, enable_inter_container_traffic_encryption=True
    )
    HyperparameterTuner(
        model_trainer=_trainer(team, compute=compute, networking=networking),
        objective_metric_name="validation:auc",
        metric_definitions=[{"Name": "validation:auc", "Regex": "auc=(.*)"}],
        hyperparameter_ranges={"eta": ContinuousParameter(0.1, 0.5)},
        max_jobs=2,
    ).tune(wait=False)


def pipeline(team: Mapping[str, str], **more: Any) -> None:
    """A pipeline of the SDK with a training step."""
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import TrainingStep

    session = PipelineSession(
        boto_session=boto3.Session(region_name=team["region"]), default_bucket=team["bucket"]
    )
    arguments = _trainer(team, sagemaker_session=session, **more).train()
    step = TrainingStep(name="fit", step_args=arguments)
    Pipeline(name=f"credit-{len(more)}", steps=[step], sagemaker_session=session).create(
        role_arn=team["role"]
    )


def asynchronous_client(team: Mapping[str, str]) -> None:
    """A client of aiobotocore."""
    from aiobotocore.session import get_session  # type: ignore[import-not-found,unused-ignore]

    async def run() -> None:
        async with get_session().create_client("sagemaker") as client:
            await client.create_training_job(
                TrainingJobName="asynchronous",
                RoleArn=team["role"],
                AlgorithmSpecification={
                    "TrainingImage": team["image"],
                    "TrainingInputMode": "File",
                },
                OutputDataConfig={"S3OutputPath": f"s3://{team['bucket']}/runs"},
                ResourceConfig={
                    "InstanceType": "ml.m5.xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 5,
                },
                StoppingCondition={"MaxRuntimeInSeconds": 60},
            )

    asyncio.run(run())


CORE: tuple[Callable[[Mapping[str, str]], None], ...] = (
    script_processor,
    framework_processor,
    script_processor_with_a_way_out,
    model_monitor,
    s3_resource,
    s3_upload,
    s3_upload_in_parts,
    s3_copy,
)
# These need the packages of tests/sdk.in.
TRAIN: tuple[Callable[[Mapping[str, str]], None], ...] = (
    model_trainer,
    model_trainer_told_everything,
    model_trainer_elsewhere,
    hyperparameter_tuner,
    pipeline,
    pipeline_elsewhere,
    asynchronous_client,
)


# What these ask for contradicts the controls.
CONTRADICTING = (script_processor_with_a_way_out, model_trainer_elsewhere, pipeline_elsewhere)


def _elsewhere() -> Any:
    from sagemaker.train.configs import Networking

    return Networking(subnets=["subnet-elsewhere"], security_group_ids=["sg-elsewhere"])


def _session(team: Mapping[str, str]) -> Any:
    from sagemaker.core.helper.session_helper import Session

    boto_session = boto3.Session(region_name=team["region"])
    return Session(boto_session=boto_session, default_bucket=team["bucket"])


def _processor(team: Mapping[str, str]) -> dict[str, Any]:
    return {
        "role": team["role"],
        "image_uri": team["image"],
        "instance_count": 1,
        "instance_type": "ml.m5.xlarge",
        "sagemaker_session": _session(team),
    }


def _output(team: Mapping[str, str]) -> Any:
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    place = f"s3://{team['bucket']}/prepared"
    written = ProcessingS3Output(
        s3_uri=place, local_path="/opt/ml/processing/out", s3_upload_mode="EndOfJob"
    )
    return ProcessingOutput(output_name="rows", s3_output=written)


def _trainer(team: Mapping[str, str], **more: Any) -> Any:
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, OutputDataConfig, SourceCode

    script = Path(_script())
    output = OutputDataConfig(s3_output_path=f"s3://{team['bucket']}/runs")
    given = {
        "training_image": team["image"],
        "role": team["role"],
        "sagemaker_session": _session(team),
        "source_code": SourceCode(source_dir=str(script.parent), entry_script=script.name),
        "compute": Compute(instance_type="ml.m5.xlarge", instance_count=1),
        "output_data_config": output,
        "base_job_name": "fit",
    }
    return ModelTrainer(**{**given, **more})


def _script() -> str:
    path = Path(tempfile.mkdtemp()) / "job.py"
    path.write_text("print('a job')\n")
    return str(path)


def main() -> None:
    """Goes the ways that are named and says what came of each."""
    team = json.loads(sys.argv[1])
    for way in (*CORE, *TRAIN):
        if way.__name__ in sys.argv[2:]:
            urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/way/{way.__name__}").close()
            try:
                way(team)
                print(f"{way.__name__}: sent", flush=True)
            except Exception as error:
                words = " ".join(str(error).split())
                print(f"{way.__name__}: {type(error).__name__} {words}", flush=True)


if __name__ == "__main__":
    main()
