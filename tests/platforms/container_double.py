"""A double for SageMaker's instances: it executes a job from the fields of its request alone.

Code, channels and outputs are fetched from S3 and written there, as the request says. The program
runs in an environment with the managed container's versions; training is entered as there, through
sagemaker-training. What it cannot be is /opt/ml itself, so a folder stands for it, in every field
that names it. A job that is to be isolated has no network, where the machine can do so.
"""

import io
import json
import os
import subprocess
import tarfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from container import ENTRY

OPT_ML = "/opt/ml"
GROUPS = {
    "Training": "/aws/sagemaker/TrainingJobs",
    "Processing": "/aws/sagemaker/ProcessingJobs",
}
NOTHING = ("unshare", "--map-root-user", "--net", "--")  # a network with nothing in it


class End(NamedTuple):
    """How a job ended."""

    status: str
    reason: str
    seconds: float


@dataclass
class Container:
    """One instance.

    Args:
        folder: stands for /opt/ml; empty.
        python: of the container's environment.
        s3: a client.
        logs: a client of CloudWatch Logs.
    """

    folder: Path
    python: Path
    s3: Any
    logs: Any

    def run(self, kind: str, request: dict[str, Any]) -> End:
        """Executes a job of a kind, Training or Processing."""
        request = json.loads(json.dumps(request).replace(OPT_ML, str(self.folder)))
        started = time.monotonic()
        lay_out, command, deliver = {
            "Training": (self._training, [str(self.python), str(ENTRY)], self._model),
            "Processing": (
                self._processing,
                request.get("AppSpecification", {}).get("ContainerEntrypoint", []),
                self._files,
            ),
        }[kind]
        lay_out(request)
        isolated = request.get("EnableNetworkIsolation") or request.get("NetworkConfig", {}).get(
            "EnableNetworkIsolation"
        )
        status = self._execute(
            [*(NOTHING if isolated and can_isolate() else ()), *command],
            request.get("Environment", {}),
            GROUPS[kind],
            request[f"{kind}JobName"],
        )
        seconds = time.monotonic() - started
        if status:
            said = self.folder / "output" / ("failure" if kind == "Training" else "message")
            reason = said.read_text().strip() if said.is_file() else f"exit status {status}"
            return End("Failed", f"AlgorithmError: {reason}", seconds)
        deliver(request)
        return End("Completed", "", seconds)

    # --- the folders, before ---

    def _training(self, request: dict[str, Any]) -> None:
        for channel in request["InputDataConfig"]:
            place = self.folder / "input/data" / channel["ChannelName"]
            self._fetch(channel["DataSource"]["S3DataSource"]["S3Uri"], place)
        for output in ("model", "output/data", "checkpoints"):
            (self.folder / output).mkdir(parents=True)
        files = {
            "hyperparameters.json": request["HyperParameters"],
            "resourceconfig.json": {
                "current_host": "algo-1",
                "hosts": ["algo-1"],
                "network_interface_name": "lo",
            },
            "inputdataconfig.json": {
                channel["ChannelName"]: {"TrainingInputMode": "File"}
                for channel in request["InputDataConfig"]
            },
            "checkpointconfig.json": {"LocalPath": str(self.folder / "checkpoints")},
        }
        folder = self.folder / "input/config"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content))

    def _processing(self, request: dict[str, Any]) -> None:
        for given in request["ProcessingInputs"]:
            self._fetch(given["S3Input"]["S3Uri"], Path(given["S3Input"]["LocalPath"]))
        for output in request["ProcessingOutputConfig"]["Outputs"]:
            Path(output["S3Output"]["LocalPath"]).mkdir(parents=True)

    def _fetch(self, address: str, folder: Path) -> None:
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        assert listed, f"nothing lies at {address}"
        for item in listed:
            target = folder / item["Key"].removeprefix(prefix).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(bucket, item["Key"], str(target))

    # --- the program ---

    def _execute(
        self, command: list[str], environment: dict[str, str], group: str, name: str
    ) -> int:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={
                "PATH": f"{self.python.parent}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "SAGEMAKER_BASE_DIR": str(self.folder),
                # Or the entry waits for the host's name to be known in the network.
                "SM_STUDIO_LOCAL_MODE": "true",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        stream = f"{name}/algo-1-1764000000"
        place = {"logGroupName": group, "logStreamName": stream}
        if group not in [g["logGroupName"] for g in self.logs.describe_log_groups()["logGroups"]]:
            self.logs.create_log_group(logGroupName=group)
        self.logs.create_log_stream(**place)
        for line in process.stdout or ():
            event = {"timestamp": int(time.time() * 1000), "message": line.rstrip("\n") or " "}
            self.logs.put_log_events(**place, logEvents=[event])
        return process.wait()

    # --- the outputs, after ---

    def _model(self, request: dict[str, Any]) -> None:
        output = request["OutputDataConfig"]
        place = f"{output['S3OutputPath']}/{request['TrainingJobName']}/output"
        archives = {"model.tar.gz": "model", "output.tar.gz": "output/data"}
        for name, folder in archives.items():
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w:gz") as tar:  # with times, as SageMaker's
                for path in sorted((self.folder / folder).iterdir(), reverse=True):
                    tar.add(path, arcname=path.name)
            self._put(f"{place}/{name}", content.getvalue(), output["KmsKeyId"])
        for path in (self.folder / "checkpoints").iterdir():
            address = f"{request['CheckpointConfig']['S3Uri']}/{path.name}"
            self._put(address, path.read_bytes(), output["KmsKeyId"])

    def _files(self, request: dict[str, Any]) -> None:
        key = request["ProcessingOutputConfig"]["KmsKeyId"]
        for output in request["ProcessingOutputConfig"]["Outputs"]:
            folder, address = (output["S3Output"][name] for name in ("LocalPath", "S3Uri"))
            for path in Path(folder).rglob("*"):
                if path.is_file():
                    place = f"{address}/{path.relative_to(folder).as_posix()}"
                    self._put(place, path.read_bytes(), key)

    def _put(self, address: str, content: bytes, key: str) -> None:
        bucket, _, name = address.removeprefix("s3://").partition("/")
        self.s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=content,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=key,
        )


@cache
def can_isolate() -> bool:
    """Whether this machine lets us start a process without a network."""
    try:
        done = subprocess.run([*NOTHING, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
