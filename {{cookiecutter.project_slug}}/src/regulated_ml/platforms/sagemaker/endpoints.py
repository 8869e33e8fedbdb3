"""Endpoints on SageMaker: made, brought to another version, listed and deleted."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import chain, repeat
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report, Tell
from regulated_ml.platforms.sagemaker import endpoint_states as states
from regulated_ml.platforms.sagemaker.deployments import Plan, alarms
from regulated_ml.platforms.sagemaker.following import LAST_PAUSE, PAUSES, Patience
from regulated_ml.platforms.sagemaker.platform import NOT_FOUND
from regulated_ml.security import clients
from regulated_ml.settings import Settings


class SageMakerEndpoints:
    """The endpoints of a project in the account of an environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._start = f"{settings.project.project_slug}-{settings.environment}"

    def serve(self, plan: Plan, report: Report, tell: Tell) -> bool:
        """Has an endpoint serve what the plan says; False: it did already.

        Returns when it serves. What served before goes on serving until then, and whenever the
        deployment fails.

        Raises:
            UserError: it was refused, failed or was rolled back, and why.
        """
        report(0, None, f"looking at {plan.endpoint}")
        found = self._described(plan.endpoint)
        wanted = plan.config["EndpointConfigName"]
        if found and states.state(found) == (states.IN_SERVICE, wanted):
            return False
        if found is None or not states.is_on_the_way(found, wanted):
            self._check(plan.endpoint, found)
            self._make(plan)
            if found:
                self._check_alarms()
                self._call("update_endpoint", plan.update)
            else:
                self._call("create_endpoint", plan.create)
        self._follow(plan.endpoint, wanted, report, tell)
        return True

    def listed(self) -> list[states.Row]:
        """The endpoints of the environment, by name."""
        pages = self._client.get_paginator("list_endpoints")
        with clients.reached(self._settings):
            names = sorted(
                row["EndpointName"]
                for page in pages.paginate(NameContains=self._start)
                for row in page["Endpoints"]
                if self._is_own(row["EndpointName"])
            )
        return [states.row(found) for found in map(self._described, names) if found]

    def delete(self, name: str, report: Report) -> list[str]:
        """Deletes an endpoint with all configurations and models that were made for it.

        What it has captured stays in the bucket. Returns what was deleted.

        Raises:
            UserError: there is no endpoint of this name, or it is being changed just now.
        """
        found = self._described(name) if self._is_own(name) else None
        made = [*self._made("endpoint_config", name), *self._made("model", name)]
        if found is None and not made:  # a kill may have left these alone
            there = ", ".join(row.endpoint for row in self.listed()) or "none"
            rule = f"no endpoint of the environment has this name; those that do: {there}"
            fix = f"`rml --env {self._settings.environment} endpoint list` shows them"
            raise UserError.one("ENDPOINT", name, rule, fix)
        if found and found["EndpointStatus"] in states.CHANGING[:-1]:
            rule = f"it is {found['EndpointStatus']}, and SageMaker deletes none that changes"
            raise UserError.one("ENDPOINT", name, rule, "wait until it is InService or Failed")
        if found:
            if found["EndpointStatus"] != "Deleting":
                self._call("delete_endpoint", {"EndpointName": name})
            self._wait_until_gone(name, report)
        for kind, each in made:
            field = {"endpoint_config": "EndpointConfigName", "model": "ModelName"}[kind]
            self._call(f"delete_{kind}", {field: each})
        shown = {"endpoint_config": "configuration", "model": "model"}
        return [*([f"endpoint {name}"] if found else []), *(f"{shown[k]} {n}" for k, n in made)]

    def _make(self, plan: Plan) -> None:
        """Model and configuration, unless they are there; their names tell what they say."""
        for operation, request, name, held in (
            ("model", plan.model, "ModelName", states.MODEL),
            ("endpoint_config", plan.config, "EndpointConfigName", states.CONFIG),
        ):
            there = self._asked(f"describe_{operation}", {name: request[name]})
            if there is None:
                self._call(f"create_{operation}", request)
            elif differing := [
                each for each in held if states.at(request, each) != states.at(there, each)
            ]:
                rule = f"it is there and says otherwise in {', '.join(differing)}"
                fix = "find out who made it, delete it, and deploy again"
                raise UserError.one(name, request[name], rule, fix, ExitStatus.FOUND)

    def _check(self, name: str, found: Mapping[str, Any] | None) -> None:
        """Raises `UserError` where an endpoint takes no other configuration now."""
        status = found["EndpointStatus"] if found else states.IN_SERVICE
        if status == states.IN_SERVICE:
            return
        if status in states.CHANGING:
            rule = f"it is {status}: somebody changes it"
            fix = "wait until that has ended, and deploy again"
        else:
            said = str((found or {}).get("FailureReason", ""))
            rule = f"it is {status} and takes no other version: {said}".rstrip(": ")
            fix = f"rml --env {self._settings.environment} endpoint delete {name}; deploy again"
        raise UserError.one("endpoint", name, rule, fix, ExitStatus.RESOURCE)

    def _check_alarms(self) -> None:
        """Raises `UserError` where an alarm is not there that a deployment is rolled back by."""
        wanted = alarms(self._settings)
        if not wanted:
            return
        with clients.reached(self._settings):
            client = clients.client(self._settings, "cloudwatch")
            answer = client.describe_alarms(AlarmNames=wanted)
        there = {each["AlarmName"]: each["StateValue"] for each in answer["MetricAlarms"]}
        env = self._settings.environment
        deploy = (
            f"deploy infrastructure/alarms.yaml (rml --env {env} security policies --parameters)"
        )
        missing = [
            Problem("alarm", each, "there is no such alarm to roll back by", deploy)
            for each in wanted
            if each not in there
        ]
        fix = "find out why before anything is changed, and deploy when it is OK again"
        raised = [
            Problem("alarm", each, "it is in ALARM: what serves now is not well", fix)
            for each in wanted
            if there.get(each) == "ALARM"
        ]
        if missing or raised:
            raise UserError([*missing, *raised], ExitStatus.RESOURCE)

    def _follow(self, name: str, wanted: str, report: Report, tell: Tell) -> None:
        """Waits until an endpoint serves a configuration."""
        started, told = time.monotonic(), ""
        found: dict[str, Any] = {}
        for pause in chain(PAUSES, repeat(LAST_PAUSE)):
            looked = self._patiently(name, tell)
            if looked is None:
                rule = "it was deleted by somebody while it was made"
                raise UserError.one("endpoint", name, rule, "deploy again", ExitStatus.JOB)
            found = looked
            stage = " ".join([found["EndpointStatus"], *states.stages(found)])
            report(time.monotonic() - started, None, f"{name}: {stage}")
            if stage != told:
                tell(f"{name} {stage}")
                told = stage
            if found["EndpointStatus"] not in states.CHANGING:
                break
            try:
                time.sleep(pause)
            except KeyboardInterrupt:
                rule = "following was interrupted; SageMaker goes on with the deployment"
                fix = "the same command follows it again, and keeps the record"
                raise UserError.one("endpoint", name, rule, fix, ExitStatus.INTERRUPTED) from None
        if states.state(found) != (states.IN_SERVICE, wanted):
            raise self._failure(name, found)

    def _failure(self, name: str, found: Mapping[str, Any]) -> UserError:
        said = found.get("FailureReason") or "SageMaker gives no reason"
        if found["EndpointStatus"] == states.IN_SERVICE:
            rule = f"the deployment was rolled back: {said}"
            fix = f"{found['EndpointConfigName']} goes on serving; mend what it says, deploy again"
        else:
            rule = f"it is {found['EndpointStatus']}: {said}"
            delete = f"rml --env {self._settings.environment} endpoint delete {name}"
            fix = f"mend what it says; then {delete}, and deploy again"
        return UserError.one("endpoint", name, rule, fix, ExitStatus.JOB)

    def _wait_until_gone(self, name: str, report: Report) -> None:
        for pause in chain(PAUSES, repeat(LAST_PAUSE)):
            if self._described(name) is None:
                return
            report(0, None, f"{name} is being deleted")
            time.sleep(pause)

    def _made(self, kind: str, endpoint: str) -> Iterator[tuple[str, str]]:
        """The configurations, or models, that were made for an endpoint: kind and name."""
        api = {
            "endpoint_config": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
            "model": ("list_models", "Models", "ModelName"),
        }[kind]
        if not self._is_own(endpoint):
            return
        operation, field, name = api
        pages = self._client.get_paginator(operation)
        with clients.reached(self._settings):
            for page in pages.paginate(NameContains=endpoint):
                for row in page[field]:
                    if states.version(row[name], endpoint):
                        yield kind, row[name]

    def _is_own(self, name: str) -> bool:
        return name == self._start or name.startswith(f"{self._start}-")

    def _described(self, name: str) -> dict[str, Any] | None:
        return self._asked("describe_endpoint", {"EndpointName": name})

    def _patiently(self, name: str, tell: Tell) -> dict[str, Any] | None:
        def ask() -> dict[str, Any] | None:
            return self._ask("describe_endpoint", {"EndpointName": name})

        with clients.reached(self._settings):
            return Patience(tell)(ask)

    def _asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a question; None where there is no such thing."""
        with clients.reached(self._settings):
            return self._ask(operation, request)

    def _ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        call: Callable[..., dict[str, Any]] = getattr(self._client, operation)
        try:
            return call(**request)
        except ClientError as error:
            if NOT_FOUND.search(error.response["Error"]["Message"]):
                return None
            raise

    def _call(self, operation: str, request: Mapping[str, Any]) -> None:
        with clients.reached(self._settings):
            getattr(self._client, operation)(**request)

    @cached_property
    def _client(self) -> Any:
        clients.identity(self._settings)  # the right account, before anything is asked of it
        return clients.client(self._settings, "sagemaker")
