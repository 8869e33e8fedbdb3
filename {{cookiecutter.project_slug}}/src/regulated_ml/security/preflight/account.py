"""The account as the checks see it: each question is asked once, and only questions are asked."""

import json
from collections.abc import Callable
from typing import Any

from regulated_ml.errors import UserError
from regulated_ml.security import clients
from regulated_ml.security.preflight.commands import aws
from regulated_ml.settings import Settings

# How AWS's services say that something does not exist.
NOT_THERE = frozenset(
    {
        "404",
        "InvalidKeyId",
        "InvalidVpcID.NotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchPublicAccessBlockConfiguration",
        "NotFound",
        "NotFoundException",
        "ObjectLockConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


class NotThere(Exception):
    """What was asked about does not exist; the check that looks for it says so."""


class CouldNotLook(Exception):
    """The account did not answer, with the reason; `fix` is what helps, but for permission."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix


class Account:
    """Answers from AWS, kept; an answer that was an error is the same error again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.platform = clients.platform(settings)
        self._session = clients.session(settings)
        self._clients: dict[str, Any] = {}
        self._answers: dict[str, dict[str, Any] | Exception] = {}

    def caller(self) -> dict[str, Any]:
        """Who is asking; `UserError` where nobody is signed in, or AWS is not reached."""
        with clients.reached(self.settings):
            answer: dict[str, Any] = self._client("sts").get_caller_identity()
        self._answers[_question("sts", "get_caller_identity", {})] = answer
        return answer

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer of an operation; `NotThere` or `CouldNotLook` where there is none."""
        return self._kept(service, operation, parameters, self._once)

    def find(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer of an operation, empty where what it is about does not exist."""
        try:
            return self.ask(service, operation, **parameters)
        except NotThere:
            return {}

    def all(self, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        """What all pages of an operation have below `key`."""
        items: list[Any] = self._kept(service, operation, parameters, self._pages)[key]
        return items

    def command(self, service: str, operation: str, **options: Any) -> str:
        """A command of the AWS CLI in the environment's region."""
        return aws(self.platform.aws_region, service, operation, **options)

    @property
    def partition(self) -> str:
        """The partition of AWS that the environment lies in, as in its ARNs."""
        return self.platform.kms_key_arn.split(":")[1]

    @property
    def file(self) -> str:
        """The file of the environment."""
        return f"config/environments/{self.settings.environment}.yaml"

    def _kept(
        self, service: str, operation: str, parameters: dict[str, Any], call: Callable[..., Any]
    ) -> dict[str, Any]:
        question = _question(service, operation, parameters)
        if question not in self._answers:
            try:
                self._answers[question] = self._called(service, operation, parameters, call)
            except (NotThere, CouldNotLook) as error:
                self._answers[question] = error
        answer = self._answers[question]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _called(
        self, service: str, operation: str, parameters: dict[str, Any], call: Callable[..., Any]
    ) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with clients.reached(self.settings):
                try:
                    answer: dict[str, Any] = call(self._client(service), operation, parameters)
                    return answer
                except ClientError as error:
                    if error.response.get("Error", {}).get("Code") in NOT_THERE:
                        raise NotThere(str(error)) from error
                    raise
        except UserError as error:
            rules = "; ".join(problem.rule for problem in error.problems)
            is_silent = any(problem.fix == clients.TRY_AGAIN for problem in error.problems)
            raise CouldNotLook(rules, clients.TRY_AGAIN if is_silent else "") from error
        except BotoCoreError as error:
            raise CouldNotLook(str(error)) from error

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = clients.client(self.settings, service, self._session)
        return self._clients[service]

    @staticmethod
    def _once(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        return getattr(client, operation)(**parameters)

    @staticmethod
    def _pages(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        return client.get_paginator(operation).paginate(**parameters).build_full_result()


def _question(service: str, operation: str, parameters: dict[str, Any]) -> str:
    return json.dumps([service, operation, parameters], sort_keys=True)
