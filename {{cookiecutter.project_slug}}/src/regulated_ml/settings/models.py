"""What config/ may say: frozen objects that know all of their keys, and the range of each value."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StrictStr

from regulated_ml.settings.base import Section
from regulated_ml.settings.controls import ControlException, OwnControls
from regulated_ml.settings.documents import Documents
from regulated_ml.settings.endpoint import Endpoint
from regulated_ml.settings.fairness import Fairness
from regulated_ml.settings.gates import Gate
from regulated_ml.settings.instances import Instances
from regulated_ml.settings.monitoring import Monitoring

Code = StrictInt | StrictStr  # strict, since YAML reads an unquoted yes as true
Share = Annotated[float, Field(gt=0, lt=1)]


class Project(Section):
    """Who this repository belongs to; the same in every environment."""

    project_name: str
    project_slug: str
    package_name: str
    description: str
    owner_name: str
    owner_email: str
    data_classification: str
    cost_center: str
    codecommit_repository: str


class Environment(Section):
    """Where jobs run on AWS."""

    aws_account_id: str
    aws_region: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    kms_key_arn: str
    execution_role_arn: str
    data_bucket: str
    model_bucket: str
    mlflow_arn: str = ""  # of a tracking server or app that SageMaker manages; empty: there is none


class Column(Section):
    """One column of the table."""

    name: str
    type: Literal["integer", "number", "category", "date"]
    role: Literal["identifier", "feature", "protected", "label", "time", "ignored"]
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: Mapping[Code, str] = {}  # a code and what it means; empty: any value in the range
    undocumented: Mapping[Code, str] = {}  # codes that occur without being documented
    required: bool = True  # no missing values
    monotone: Literal[-1, 0, 1] = 0  # the sign that the model must keep, for a rising value
    reason: str = ""  # what a declined client is told when this column weighed most
    positive: Code | None = None  # of a label: the code that the model predicts


CODED = ("values", "undocumented")  # of a column: what has codes for keys


def _codes(meanings: Mapping[str, str]) -> dict[int | str, str]:
    return {
        int(code) if re.fullmatch("0|-?[1-9][0-9]*", code) else code: meaning
        for code, meaning in meanings.items()
    }


class Source(Section):
    """Where the real table comes from."""

    addresses: tuple[str, ...] = ()
    member: str = ""  # a pattern for the file's name inside a zip archive
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""  # of the canonical table


class Dataset(Section):
    """The table: where it comes from, what its columns mean."""

    name: str
    description: str
    license: str = ""
    citation: str = ""
    file: str
    profile: str = ""
    source: Source = Source()
    missing_values: tuple[str, ...] = ("",)
    columns: tuple[Column, ...]

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Dataset":
        """The description that a record holds, whose keys are texts as all are in JSON.

        A code that reads like a whole number is one, but for a label whose `positive` is a text.
        """
        columns = [
            column
            if isinstance(column.get("positive"), str)
            else {**column, **{key: _codes(column.get(key, {})) for key in CODED}}
            for column in content["columns"]
        ]
        return cls.model_validate({**content, "columns": columns})

    def having(self, role: str) -> tuple[Column, ...]:
        """The columns of one role, in the order of the table."""
        return tuple(column for column in self.columns if column.role == role)

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def label(self) -> Column:
        """What the model predicts."""
        return self.having("label")[0]

    @property
    def identifier(self) -> Column | None:
        """What tells one client from another, if the table has it."""
        return next(iter(self.having("identifier")), None)

    @property
    def features(self) -> tuple[Column, ...]:
        """What the model may learn from."""
        return self.having("feature")

    @property
    def protected(self) -> tuple[Column, ...]:
        """What is measured, and not learnt from."""
        return self.having("protected")


class Split(Section):
    """How the rows are divided; what is left of validation and test is for training."""

    validation: Share
    test: Share
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    time_column: str | None = None


class StepModule(Section):
    """The module that a step runs: a name in the team's package, or a dotted path."""

    module: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class Steps(Section):
    """The four jobs of the workflow, and that which scores a portfolio."""

    prepare: StepModule
    train: StepModule
    evaluate: StepModule
    explain: StepModule
    score: StepModule = StepModule(module="regulated_ml.jobs.score")


class Training(Section):
    """The training job."""

    rounds: Annotated[int, Field(ge=1, le=100_000)]
    early_stopping_rounds: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    threads: Annotated[int, Field(ge=1)] | None = None  # None: all cores
    external_memory_rows: Annotated[int, Field(ge=1)] = 1_000_000
    hyperparameters: Mapping[str, bool | int | float | str] = {}


class Costs(Section):
    """What a wrong decision costs, in any unit; only the ratio matters."""

    false_positive: Annotated[float, Field(ge=0)]
    false_negative: Annotated[float, Field(ge=0)]


class Evaluation(Section):
    """How the model is judged."""

    threshold: Share
    costs: Costs
    score_bands: Annotated[int, Field(ge=2, le=50)] = 10
    confidence: Share = 0.95


class Explanation(Section):
    """What is explained, and for whom."""

    sample: Annotated[int, Field(ge=100)] = 2000
    top_features: Annotated[int, Field(ge=1)] = 5
    clients: tuple[Annotated[int, Field(ge=1)], ...] = ()  # rows of the test table, from 1
    reason_codes: Annotated[int, Field(ge=1, le=10)] = 4


class Report(Section):
    """What pages may show."""

    show_identifiers: bool = False


class Model(Section):
    """From the table to the explained model."""

    split: Split
    steps: Steps
    training: Training
    evaluation: Evaluation
    explanation: Explanation
    fairness: Fairness = Fairness()
    report: Report = Report()
    gates: tuple[Gate, ...] = ()
    instances: Instances = Instances()
    endpoint: Endpoint = Endpoint()
    monitoring: Monitoring = Monitoring()


class Settings(Section):
    """All that the repository's config/ says, for one environment."""

    root: Path
    environment: str
    project: Project
    platform: Environment | None  # None in the environment `local`
    dataset: Dataset
    model: Model
    documents: Documents = Documents()  # what persons say of the model
    controls: OwnControls = OwnControls()
    exceptions: tuple[ControlException, ...] = ()  # of this environment
