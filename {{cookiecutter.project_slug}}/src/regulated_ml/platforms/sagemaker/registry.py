"""SageMaker's Model Registry, derived from the records: packages of versions, and their status.

What a package points to is held against the records first: the archive that the training job left
holds the very files of the model that was evaluated, and each report has the bytes of its record.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.archive import content_hash
from regulated_ml.platforms.interface import MODEL_ARCHIVE, Package, Report, report_nothing
from regulated_ml.platforms.sagemaker import naming, packages
from regulated_ml.platforms.sagemaker.deployments import Container
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.packages import Located
from regulated_ml.platforms.sagemaker.storage import Storage
from regulated_ml.security import clients
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RECORD, RunStore

# SageMaker says both with a code that stands for other mistakes as well: ValidationException.
MISSING = re.compile(r"(?i)could not find|not found|does not exist")
THERE = re.compile(r"(?i)already exists")


class SageMakerRegistry:
    """The model packages of a project in the account of an environment."""

    def __init__(self, settings: Settings, store: RunStore) -> None:
        self._settings, self._store = settings, store
        self._group = settings.project.project_slug

    def caller(self) -> str:
        """The ARN of the caller, in the account of the environment."""
        return self._caller

    def numbers(self) -> list[int]:
        """The numbers of the versions that have a package."""
        return [each.number for each in self._marked()]

    def others(self, version: Version) -> list[str]:
        """The registrations of the environment, made elsewhere, that have a version's number."""
        own = (version.number, self._settings.environment)
        found = {each.registered for each in self._marked() if each[:2] == own}
        return sorted(found - {version.registered.id})

    def find(self, version: Version) -> Package | None:
        """The package of a version, if there is one."""
        mark = packages.mark(self._settings, version)
        arns = [arn for found, arn in self._listed() if found == mark]
        if len(arns) > 1:
            rule = f"one package is described as {mark}, and not {', '.join(arns)}"
            fix = "find out who made them, and delete those that `rml` has not made"
            raise UserError.one("Model Registry", version.name, rule, fix, ExitStatus.FOUND)
        if not arns:
            return None
        answer = self._described(arns[0])
        properties = answer.get("CustomerMetadataProperties", {})
        return Package(arns[0], answer.get("ModelApprovalStatus", ""), properties)

    def problems(self, version: Version, runs: Sequence[Record]) -> Iterator[Problem]:
        """Where the package of a version is not there, or is not what the records say."""
        package = self.find(version)
        if package is None:
            rule = "the version has a package in SageMaker's Model Registry"
            yield Problem(
                "Model Registry", version.name, rule, f"{self._register(version)} makes it"
            )
            return
        located = [*self._left(runs), *self._of_registration(version)]
        yield from self._differences(package.arn, version, located)

    def check(self, runs: Sequence[Record], report: Report) -> Iterator[Problem]:
        """Where what the jobs left in S3 is not what their records say."""
        with TemporaryDirectory() as temporary:
            for number, each in enumerate(self._left(runs)):
                target = Path(temporary) / f"{number}" / Path(each.file.path).name
                target.parent.mkdir()
                self._fetch(each, target, report)
                if _content(target) != each.file.sha256:
                    rule = (
                        f"it holds what {each.run.id} made, by the hash of its record; it does not"
                    )
                    fix = "find out who can write to the bucket, and start `rml run --force`"
                    yield Problem("model bucket", each.address, rule, fix)

    def put(self, version: Version, runs: Sequence[Record]) -> str:
        """The ARN of a version's package, which is made, pending approval, unless it is there.

        Raises:
            UserError: a package that is there says otherwise than the records.
        """
        own = list(self._of_registration(version))
        if self.find(version) is None:
            self._store.check_whole(version.registered, [each.file for each in own])
            for each in own:
                address = naming.act_files(self._settings, each.run.id)
                source = self._store.folder_of(each.run) / each.file.path
                self._storage.keep(address, each.file.path, source, report_nothing)
        return self._put(version, [*self._left(runs), *own], {})

    def container(self, version: Version, report: Report) -> Container:
        """What a version is served with: what its package says, once it is the version's model.

        Raises:
            UserError: there is no package, or the archive that it names is another one.
        """
        package = self.find(version)
        if package is None:
            rule = "the version has no package in SageMaker's Model Registry"
            fix = f"start `{self._register(version)}`"
            raise UserError.one(version.name, self._group, rule, fix, ExitStatus.RESOURCE)
        (found,) = self._described(package.arn)["InferenceSpecification"]["Containers"]
        address = Address.parse(found["ModelDataUrl"].rpartition("/")[0])
        with TemporaryDirectory() as temporary:
            target = Path(temporary) / MODEL_ARCHIVE
            is_there = self._storage.fetch_one(address, MODEL_ARCHIVE, target, report)
            expected = version.registered.parameters["model_sha256"]
            if not is_there or content_hash(target) != expected:
                rule = f"the package names the model of {version.name}, by the hash of its record"
                fix = "find out who can write to the bucket, or to the registry; nothing was made"
                value = found["ModelDataUrl"]
                raise UserError.one("model bucket", value, rule, fix, ExitStatus.FOUND)
        return Container(found["Image"], found["ModelDataUrl"], package.arn)

    def promote(
        self, version: Version, runs: Sequence[Record], origin: Mapping[str, object], report: Report
    ) -> str:
        """The ARN of a version's approved package, made of what lies on this machine.

        Model and reports are uploaded under the key of the environment. The package is made
        pending, since no one may make an approved one, and approved by a request of its own.
        """
        with TemporaryDirectory() as temporary:
            located = [
                self._moved(version, each, Path(temporary) / str(number), report)
                for number, each in enumerate(packages.files([*runs, version.registered]))
            ]
        arn = self._put(version, located, origin)
        self.decide(version, packages.APPROVED, f"Promoted: {version.registered.id}")
        return arn

    def decide(self, version: Version, status: str, reason: str) -> str:
        """Gives the package of a version a status, unless it has it; returns its ARN."""
        package = self.find(version)
        if package is None:
            rule = "the version has no package in SageMaker's Model Registry"
            fix = f"start `{self._register(version)}`"
            raise UserError.one(version.name, self._group, rule, fix, ExitStatus.RESOURCE)
        if package.status != status:
            with clients.reached(self._settings):
                self._sagemaker.update_model_package(
                    ModelPackageArn=package.arn,
                    ModelApprovalStatus=status,
                    ApprovalDescription=reason,
                )
        return package.arn

    def _put(self, version: Version, located: list[Located], origin: Mapping[str, object]) -> str:
        if package := self.find(version):
            if problems := [*self._differences(package.arn, version, located)]:
                raise UserError(problems, ExitStatus.FOUND)
            return package.arn
        self._make_group()
        request = self._request(version, located, origin)
        with clients.reached(self._settings):
            arn: str = self._sagemaker.create_model_package(**request)["ModelPackageArn"]
        return arn

    def _request(
        self, version: Version, located: list[Located], origin: Mapping[str, object]
    ) -> dict[str, Any]:
        record = self._store.folder_of(version.registered) / RECORD
        runs = list({each.run.id: each.run for each in located}.values())
        properties = {**packages.properties(version, runs, sha256(record)), **origin}
        return packages.request(self._settings, version, located, properties)

    def _differences(self, arn: str, version: Version, located: list[Located]) -> Iterator[Problem]:
        """Where a package is not the one of a version: its description alone proves nothing.

        Where it came from is left out: a version that was approved anew has another approval.
        """
        expected = self._request(version, located, {})
        for place, right, wrong in packages.differences(expected, self._described(arn)):
            rule = f"the package is made of the version's records: {right or 'nothing'}"
            fix = f"find out who made {arn}, delete it, and start `{self._register(version)}`"
            yield Problem(f"Model Registry: {place}", wrong, rule, fix)

    def _described(self, arn: str) -> dict[str, Any]:
        with clients.reached(self._settings):
            answer: dict[str, Any] = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return answer

    def _register(self, version: Version) -> str:
        """The command that makes the package of a version."""
        registered = version.registered
        rml = f"rml --env {registered.environment}"
        return f"{rml} model register --run {registered.parameters['model']}"

    def _marked(self) -> Iterator[packages.Marked]:
        found = (packages.marked(self._settings, mark) for mark, _ in self._listed())
        return (each for each in found if each)

    def _make_group(self) -> None:
        from botocore.exceptions import ClientError

        with clients.reached(self._settings):
            try:
                self._sagemaker.create_model_package_group(
                    ModelPackageGroupName=self._group,
                    ModelPackageGroupDescription=self._settings.project.project_name,
                    Tags=[{"Key": k, "Value": v} for k, v in tags(self._settings).items()],
                )
            except ClientError as error:
                if not THERE.search(error.response["Error"]["Message"]):
                    raise

    def _listed(self) -> Iterator[tuple[str, str]]:
        """Description and ARN of each package of the group; none where there is no group."""
        from botocore.exceptions import ClientError

        pages = self._sagemaker.get_paginator("list_model_packages")
        with clients.reached(self._settings):
            try:
                for page in pages.paginate(ModelPackageGroupName=self._group):
                    for row in page["ModelPackageSummaryList"]:
                        yield row.get("ModelPackageDescription", ""), row["ModelPackageArn"]
            except ClientError as error:
                if not MISSING.search(error.response["Error"]["Message"]):
                    raise

    def _left(self, runs: Sequence[Record]) -> Iterator[Located]:
        """The files that jobs left in S3."""
        for shown, run, file in packages.files(runs):
            if run.remote is None:
                rule = "the run was a job on SageMaker, and this one has none"
                fix = f"start `rml --env {self._settings.environment} run`"
                raise UserError.one(f"runs/{run.id}", "", rule, fix)
            yield Located(
                shown, run, file, f"{run.remote.facts['outputs'].rstrip('/')}/{file.path}"
            )

    def _of_registration(self, version: Version) -> Iterator[Located]:
        """The files of a version's own record, its baseline, where they lie beside it in S3."""
        address = naming.act_files(self._settings, version.registered.id)
        for shown, run, file in packages.files([version.registered]):
            yield Located(shown, run, file, f"{address}{file.path}")

    def _fetch(self, each: Located, target: Path, report: Report) -> None:
        folder, _, name = each.address.rpartition("/")
        if not self._storage.fetch_one(Address.parse(folder), name, target, report):
            rule = f"the job of {each.run.id} left it there, and it is gone"
            fix = "find out what removed it, and start `rml run --force`"
            raise UserError.one("model bucket", each.address, rule, fix)

    def _moved(
        self,
        version: Version,
        each: tuple[packages.Shown, Record, Artifact],
        back: Path,
        report: Report,
    ) -> Located:
        """Uploads a file of a run, and reads it back: its hash is that of the record both times."""
        shown, run, file = each
        address = naming.models(self._settings, version.name, version.registered.id)
        name, source = Path(file.path).name, self._store.folder_of(run) / file.path
        self._store.check_whole(run, [file])
        self._storage.keep(address, name, source, report)
        self._storage.fetch_one(address, name, back, report)
        if not back.is_file() or sha256(back) != file.sha256:
            rule = "what was uploaded has the hash of the record when it is read back"
            fix = "find out who can write to the bucket; nothing was promoted"
            raise UserError.one("model bucket", f"{address}{name}", rule, fix)
        return Located(shown, run, file, f"{address}{name}")

    @cached_property
    def _caller(self) -> str:
        return clients.identity(self._settings).arn

    @cached_property
    def _sagemaker(self) -> Any:
        clients.identity(self._settings)  # the right account, before anything is asked of it
        return clients.client(self._settings, "sagemaker")

    @cached_property
    def _storage(self) -> Storage:
        return Storage(self._settings, clients.client(self._settings, "s3"))


def _content(path: Path) -> str:
    """The hash of a file; of a model, of its files as our own archives hold them."""
    return content_hash(path) if path.name == MODEL_ARCHIVE else sha256(path)
