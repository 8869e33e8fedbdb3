"""Run in a repository: times what the guard adds to requests, in microseconds each.

Reads requests as JSON from stdin and prints the costs. What is timed are the two events at which
the guard sits, on a client with it less on one without.
"""

import copy
import json
import sys
import time
from typing import Any

import boto3
import jmespath

from regulated_ml.security.guard.plugin import initialize_client_plugin

ROUNDS, TIMES = 7, 100
EVENTS = ("provide-client-params", "before-parameter-build")
PATHS = (
    "VpcConfig.Subnets",
    "OutputDataConfig.KmsKeyId",
    "ResourceConfig.VolumeKmsKeyId",
    "EnableNetworkIsolation",
    "InputDataConfig[].DataSource.S3DataSource.S3Uri",
)
SEARCHES = [jmespath.compile(path) for path in PATHS] * 8


def main() -> None:
    """Times every request on both clients in turns, and the searches."""
    requests = json.load(sys.stdin)
    bare = boto3.client("sagemaker", region_name="eu-central-1")
    guarded = boto3.client("sagemaker", region_name="eu-central-1")
    initialize_client_plugin(guarded)
    costs = {
        name: [_cost(bare, guarded, *request) for request in found]
        for name, found in requests.items()
    }
    training = next(r for name, r in requests["right already"] if name == "CreateTrainingJob")
    json.dump({**costs, "peer": _searching(training)}, sys.stdout)


def _cost(bare: Any, guarded: Any, operation: str, request: dict[str, Any]) -> float:
    # The least of some rounds: whatever else the machine does only ever adds.
    rounds = [
        (_emit(bare, operation, request), _emit(guarded, operation, request)) for _ in range(ROUNDS)
    ]
    without = min(bare_cost for bare_cost, _ in rounds)
    return max(min(guarded_cost for _, guarded_cost in rounds) - without, 0.0)


def _emit(client: Any, operation: str, request: dict[str, Any]) -> float:
    model = client.meta.service_model.operation_model(operation)
    names = [f"{event}.sagemaker.{operation}" for event in EVENTS]
    emit = client.meta.events.emit
    requests = [copy.deepcopy(request) for _ in range(TIMES)]
    start = time.perf_counter()
    for params in requests:
        for name in names:
            emit(name, params=params, model=model, context={})
    return float(time.perf_counter() - start) / TIMES * 1e6


def _searching(request: dict[str, Any]) -> float:
    rounds: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(TIMES):
            for search in SEARCHES:
                search.search(request)
        rounds.append((time.perf_counter() - start) / TIMES * 1e6)
    return min(rounds)


if __name__ == "__main__":
    main()
