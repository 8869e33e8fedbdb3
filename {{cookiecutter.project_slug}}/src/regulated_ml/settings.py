"""config/ -> one frozen, validated object. No other module reads a file below config/.

All mistakes in all files are reported at once. The rules for names and identifiers of AWS are not
written here: they are those of `identifiers.py`, which the template's generation hook uses too.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from pydantic_core import ErrorDetails

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, check_answers

LOCAL = "local"  # the environment that needs no file and no account
PROJECT, DATASET, MODEL = (
    "config/project.yaml",
    "config/dataset.yaml",
    "config/model.yaml",
)

TYPE_PARTS = ("int", "float", "str", "bool", "[key]")  # of a location: which type was tried
Code = StrictInt | StrictStr  # strict, since YAML reads an unquoted yes as true
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of the configuration: cannot be changed, and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SomeSection = TypeVar("SomeSection", bound=Section)


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
    """The four jobs of the workflow."""

    prepare: StepModule
    train: StepModule
    evaluate: StepModule
    explain: StepModule


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
    report: Report = Report()


class Settings(Section):
    """All that the repository's config/ says, for one environment."""

    root: Path
    environment: str
    project: Project
    platform: Environment | None  # None in the environment `local`
    dataset: Dataset
    model: Model


def find_root(start: Path) -> Path:
    """The repository that `start` lies in: the nearest folder above with config/project.yaml."""
    for folder in (start, *start.parents):
        if (folder / PROJECT).is_file():
            return folder
    raise UserError.one(
        "folder",
        start,
        f"neither this folder nor one above it has {PROJECT}",
        "change into the repository and start the command again",
        ExitStatus.CONFIGURATION,
    )


def load(root: Path, environment: str = LOCAL) -> Settings:
    """Reads and checks the configuration; raises one `UserError` that names every mistake."""
    problems: list[Problem] = []
    project = _section(root, PROJECT, Project, problems)
    dataset = _section(root, DATASET, Dataset, problems)
    model = _section(root, MODEL, Model, problems)
    platform = None
    if environment != LOCAL:
        path = _environment_path(root, environment)
        platform = _section(root, path, Environment, problems)
        if project and platform:
            problems += _with_file(path, check_answers(_answers(project, platform)))
    elif project:
        # The other environments' values are not looked at here, so that `local` always works.
        answers = project.model_dump()
        problems += _with_file(PROJECT, check_answers(answers, only=answers))
    if dataset:
        problems += _dataset_problems(dataset)
    if dataset and model:
        problems += _model_problems(dataset, model)
    if problems or project is None or dataset is None or model is None:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return Settings(
        root=root,
        environment=environment,
        project=project,
        platform=platform,
        dataset=dataset,
        model=model,
    )


def environments(root: Path) -> list[str]:
    """The names of the environments, `local` first."""
    return [LOCAL, *sorted(path.stem for path in (root / "config/environments").glob("*.yaml"))]


def _environment_path(root: Path, environment: str) -> str:
    known = environments(root)
    if environment not in known:
        raise UserError.one(
            "--env",
            environment,
            f"the repository has the environments {', '.join(known)}",
            _did_you_mean(environment, known) or "choose one of them",
            ExitStatus.CONFIGURATION,
        )
    return f"config/environments/{environment}.yaml"


def _answers(project: Project, platform: Environment) -> dict[str, Any]:
    return {**project.model_dump(), **platform.model_dump()}


def _with_file(path: str, problems: list[Problem]) -> Iterator[Problem]:
    return (problem._replace(field=f"{path}: {problem.field}") for problem in problems)


def _section(
    root: Path, path: str, kind: type[SomeSection], problems: list[Problem]
) -> SomeSection | None:
    """One file as an object of `kind`, or None after adding what is wrong to `problems`."""
    try:
        content = yaml.load((root / path).read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        problems.append(Problem(path, "", "the file is missing", "restore it: git checkout it"))
    except UnicodeDecodeError as error:
        problems.append(Problem(path, f"byte {error.start}", "not UTF-8", "save it as UTF-8"))
    except yaml.YAMLError as error:
        problems.append(_yaml_problem(path, error))
    else:
        try:
            return kind.model_validate(content)
        except ValidationError as error:
            problems += _merged(_problem(path, kind, detail) for detail in error.errors())
    return None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as data only, and a key that is written twice is a mistake instead of a surprise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _yaml_problem(path: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}: line {mark.line + 1}, column {mark.column + 1}" if mark else path
    return Problem(place, "", f"not YAML: {getattr(error, 'problem', error)}", "mend the line")


def _merged(problems: Iterable[Problem]) -> list[Problem]:
    """One problem for each field: a value that may be of two types breaks the rule of each."""
    by_field: dict[str, Problem] = {}
    for problem in problems:
        first = by_field.setdefault(problem.field, problem)
        if problem.rule not in first.rule:
            by_field[problem.field] = first._replace(rule=f"{first.rule}, or {problem.rule}")
    return list(by_field.values())


def _problem(path: str, kind: type[Section], detail: ErrorDetails) -> Problem:
    """What pydantic found, with the file and key named and the nearest known key proposed."""
    where = ".".join(str(part) for part in detail["loc"] if part not in TYPE_PARTS)
    field = f"{path}: {where}" if where else path
    value = "" if detail["type"] == "missing" else str(detail["input"])
    if detail["type"] == "extra_forbidden":
        known = _keys(kind, detail["loc"][:-1])
        fix = _did_you_mean(str(detail["loc"][-1]), known)
        return Problem(field, value, "no such key", fix or f"known keys: {', '.join(known)}")
    if detail["type"] == "missing":
        return Problem(field, "", "the key is missing", "add it")
    if isinstance(detail["input"], bool):
        fix = "write true or false where the rule says so; quote yes, no, on and off to mean words"
        return Problem(field, value, detail["msg"].lower(), fix)
    return Problem(field, value, detail["msg"].lower(), "write a value that follows the rule")


def _keys(kind: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place in the configuration."""
    for part in location:
        if isinstance(part, str):
            annotation = kind.model_fields[part].annotation
            inner = [annotation, *getattr(annotation, "__args__", ())]
            kind = next(t for t in inner if isinstance(t, type) and issubclass(t, Section))
    return sorted(kind.model_fields)


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _dataset_problems(dataset: Dataset) -> Iterator[Problem]:
    """The rules between the columns of a table."""
    names = [column.name for column in dataset.columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{DATASET}: columns", name, "named twice", "give each column one entry")
    for role, least, most in (("label", 1, 1), ("identifier", 0, 1), ("feature", 1, len(names))):
        count = len(dataset.having(role))
        if not least <= count <= most:
            rule = f"{least} to {most} columns have the role {role}, not {count}"
            yield Problem(f"{DATASET}: columns", role, rule, "change the role of a column")
    for column in dataset.columns:
        for value, rule, fix in _column_mistakes(column):
            yield Problem(f"{DATASET}: columns.{column.name}", value, rule, fix)


def _column_mistakes(column: Column) -> Iterator[tuple[str, str, str]]:
    """Value, rule and fix for each mistake in one column."""
    low, high = column.minimum, column.maximum
    if low is not None and high is not None and low > high:
        yield f"{low} > {high}", "minimum is at most maximum", "exchange the two"
    if column.role == "label" and column.positive not in column.values:
        yield str(column.positive), "positive is one of the label's values", "name one of its codes"
    if column.role == "label" and len(column.values) != 2:
        yield str(list(column.values)), "a label has two values", "list both codes"
    if column.monotone and (column.role != "feature" or column.type == "category"):
        yield str(column.monotone), "only a numeric feature can be monotone", "remove monotone"
    if column.role == "feature" and column.type == "date":
        yield column.type, "a date is no feature by itself", "set the role to time or ignored"
    if column.type == "category" and column.role == "feature" and not column.values:
        yield "", "a category lists its values, since their order is the model's code", "list them"
    if column.type in ("integer", "number"):
        for code in (*column.values, *column.undocumented):
            if isinstance(code, str):
                yield code, f"a code of type {column.type} is written without quotes", "unquote it"


def _model_problems(dataset: Dataset, model: Model) -> Iterator[Problem]:
    """The rules between model.yaml and dataset.yaml."""
    split = model.split
    if split.validation + split.test >= 1:
        value = f"{split.validation} + {split.test}"
        rule = "validation and test together leave rows for training"
        yield Problem(f"{MODEL}: split", value, rule, "make one of them smaller")
    times = [column.name for column in dataset.having("time")]
    if split.time_column is not None and split.time_column not in times:
        rule = f"time_column names a column of role time: {', '.join(times) or 'there is none'}"
        fix = "name one of them, or remove time_column for a random split"
        yield Problem(f"{MODEL}: split.time_column", split.time_column, rule, fix)
