"""Goes through the account: lists, describes, reads tags, and keeps what it could not look at."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from regulated_ml.security import clients
from regulated_ml.security.audit.resources import RESOURCES, Resource
from regulated_ml.settings import Settings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# What AWS says of a resource that went away between the list and the question.
GONE = ("ResourceNotFound", "ResourceNotFoundException")
GONE_WORDS = ("could not find", "does not exist", "not found")
# In a region that does not have an operation nothing can be made by it either.
NOT_OFFERED = ("UnknownOperationException",)
# With these every further question would end in the same way.
FATAL = frozenset(code for code, (_, fix) in clients.ANSWERS.items() if fix == clients.SIGN_IN)


DELETED = "Deleted"  # applications are listed for a day after
# What started a job by itself: the tags are on that, and not all of them come down to the job.
STARTED_BY = ("TuningJobArn", "AutoMLJobArn", "MonitoringScheduleArn", "LabelingJobArn")

_BY_CREATE = {row.create: row for row in RESOURCES}


class Unseen(NamedTuple):
    """What could not be looked at, and why."""

    what: str
    reason: str


class Listed(NamedTuple):
    """One resource of the account."""

    row: Resource
    name: str
    arn: str
    description: Mapping[str, Any]
    tags: list[dict[str, str]]


class Account:
    """SageMaker in the account of an environment, as far as the caller may see it."""

    def __init__(self, settings: Settings, since: datetime | None = None) -> None:
        self._settings = settings
        self._since = since
        self._client = clients.client(settings, "sagemaker")
        self._summaries: dict[str, list[dict[str, Any]]] = {}
        self.unseen: list[Unseen] = []
        self.not_offered: list[str] = []

    def resources(self, row: Resource, say: Callable[[str], None]) -> Iterator[Listed]:
        """Every resource of a kind, described, with its tags; `say` is told what is looked at."""
        say(f"looking for each {row.words}")
        summaries = [each for each in self.summaries(row) if not self._is_old(row, each)]
        for number, summary in enumerate(summaries, start=1):
            say(f"{row.words} {number} of {len(summaries)}")
            name = str(summary[row.name_member])
            shown = f"{row.words} {name}"
            described = self._described(row, summary, shown)
            if described is None or described.get("Status") == DELETED:
                continue
            arn = row.arn(described, summary)
            tags = self._tags(arn, described, f"tags of {shown}")
            if tags is not None:
                yield Listed(row, name.partition("/")[2] or name, arn, described, tags)

    def _is_old(self, row: Resource, summary: Mapping[str, Any]) -> bool:
        """Whether it is a job of before; what lasts is looked at whatever its age."""
        made = summary.get("CreationTime")
        return bool(self._since and made and row.is_job and made < self._since)

    def _tags(
        self, arn: str, described: Mapping[str, Any], shown: str
    ) -> list[dict[str, str]] | None:
        """Its tags, or those of what started it where it has none."""
        starter = next((described[name] for name in STARTED_BY if described.get(name)), "")
        for each in filter(None, (arn, starter)):
            tags = self._all("list_tags", "Tags", shown, ResourceArn=each)
            if tags or tags is None:
                return tags
        return []

    def summaries(self, row: Resource) -> list[dict[str, Any]]:
        """What the list says of each resource of a kind, with what it was asked by."""
        if row.create not in self._summaries:
            self._summaries[row.create] = [
                {**asked, **summary}
                for asked in self._questions(row)
                for summary in self._all(
                    _method(row.list_operation), row.items, row.list_operation, **asked
                )
                or ()
            ]
        return self._summaries[row.create]

    def _questions(self, row: Resource) -> Iterator[dict[str, Any]]:
        """The requests that list a kind: one, or one for each parent and each choice."""
        parents: list[dict[str, Any]] = [{}]
        if row.parent:
            parents = [
                {asked: parent[said] for asked, said in row.of_parent.items()}
                for parent in self.summaries(_BY_CREATE[row.parent])
            ]
        for parent, chosen in product(parents, product(*row.choices.values())):
            yield {**row.arguments, **parent, **dict(zip(row.choices, chosen, strict=True))}

    def _described(
        self, row: Resource, summary: dict[str, Any], shown: str
    ) -> Mapping[str, Any] | None:
        if row.describe_operation is None:
            return summary
        return self._ask(_method(row.describe_operation), shown, **row.key(summary))

    def _all(self, method: str, items: str, shown: str, **asked: Any) -> list[Any] | None:
        """All pages of a list, or None where one of them could not be had."""
        found: list[Any] = []
        token: dict[str, str] = {}
        while True:
            answer = self._ask(method, shown, **asked, **token)
            if answer is None:
                return None
            found += answer.get(items) or ()
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}

    def _ask(self, method: str, shown: str, **asked: Any) -> dict[str, Any] | None:
        """The answer, or None where there is none; `UserError` where no question has an answer."""
        from botocore.exceptions import ClientError

        with clients.reached(self._settings):
            try:
                answer: dict[str, Any] = getattr(self._client, method)(**asked)
                return answer
            except ClientError as error:
                said = error.response.get("Error", {})
                code, message = said.get("Code", ""), said.get("Message", "")
                if code in FATAL:
                    raise
                if code in NOT_OFFERED:
                    self.not_offered.append(shown)
                elif not _is_gone(code, message):
                    self.unseen.append(Unseen(shown, _reason(error)))
                return None


def _reason(error: "ClientError") -> str:
    """Why there is no answer, in words."""
    if silence := clients.no_answer(error):
        return f"{silence}; {clients.TRY_AGAIN}"
    said = error.response.get("Error", {})
    code = said.get("Code", "")
    rule = clients.ANSWERS.get(code, ("",))[0]
    return ": ".join(part for part in (rule, code, said.get("Message", "")) if part)


def _is_gone(code: str, message: str) -> bool:
    is_about_it = code == "ValidationException" and any(
        words in message.lower() for words in GONE_WORDS
    )
    return code in GONE or is_about_it


def _method(operation: str) -> str:
    from botocore import xform_name

    name: str = xform_name(operation)
    return name
