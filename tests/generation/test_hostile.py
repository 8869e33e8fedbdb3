"""Whatever is typed is never run: it is refused, or it stays the text that it is in every file.

Most examples go through cookiecutter's own function in this process, which renders into memory;
a list of payloads goes through the real command, with each way in.
"""

import ast
import itertools
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import pytest
import yaml
from commands import TEMPLATE
from cookiecutter.main import cookiecutter
from cookiecutter.utils import create_env_with_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import BytecodeCache, FileSystemLoader
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError

from generation.place import GOOD, QUESTIONS, Place, refused_fields
from generation.test_rendering import RENDERED, TREE

FRAGMENTS = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{{ 7 * 7 }}", "{% raw %}", "{{ cookiecutter }}"),
    *("{{ cycler.__init__.__globals__.os.system('id') }}", "{{ ''.__class__.__mro__ }}"),
    *("'", '"', "'''", '"""', "\\", "\\n", "`", "``", "$(id)", "${HOME}", "%(home)s", "$", "%s"),
    *("; id", "| id", "&& id", "> x", "--", "-", "~", "../", "/", "/etc/passwd", ".", "..", "*"),
    *(": ", " #", "- ", "? ", "! ", "!!python/object/apply:os.system [id]", "&a", "*a", "@", "---"),
    *("[", "]", "{", "}", ",", "=", "[x]\ny=1", "null", "yes", "0x1", "1e3", "2026-01-01", "NaN"),
    *("<script>alert(1)</script>", "<!--", "-->", "<b>", "&lt;", "&#60;", "![x](y)", "# x", "|x|"),
    *("\n", "\r", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200b"),
    *(
        "\ufeff",
        "\ufffe",
        "\ud800",
        "\ue000",
        "\u00a0",
        "\u00ad",
        "é",
        "ß",
        "信",
        "🚀",
        "\U0010ffff",
    ),
    *(" ", "a", "Z", "0", "x" * 100, "x" * 10_000, "codecommit::", "arn:aws:", "aws:"),
]
# What people type beside what they should, by pieces of it, by fragments, and by chance.
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
    st.builds(
        lambda good, at, bad: good[:at] + bad + good[at:],
        st.sampled_from(sorted(GOOD.values())),
        st.integers(0, 80),
        st.sampled_from(FRAGMENTS),
    ),
)
WAYS = ("key=value", "profile", "prompt", "replay")


class RefusedError(Exception):
    """Stands for the table, which other tests look at."""


def refuse(problems: list[Any], *_: object) -> NoReturn:
    raise RefusedError([problem.field for problem in problems])


class Compiled(BytecodeCache):
    """Templates are compiled once, because that takes most of the time."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def render_into_memory(
    repo_dir: str, context: dict[str, Any], **_: object
) -> Iterator[tuple[str, str]]:
    """What `generate_files` would write, but for the files that are copied as they are."""
    environment = create_env_with_context(context)
    yield "folder", environment.from_string("{{cookiecutter.project_slug}}").render(**context)
    environment.loader = FileSystemLoader(TREE)
    environment.bytecode_cache = COMPILED
    for name in sorted(RENDERED):
        yield name, environment.get_template(name).render(**context)
    hook = (Path(repo_dir) / "hooks/post_gen_project.py").read_text("utf-8")
    yield "hook", create_env_with_context(context).from_string(hook).render(**context)


class Renderer:
    """Cookiecutter in this process, with answers given in one of the ways."""

    def __init__(self, folder: Path) -> None:
        self.profile = folder / "profile.yaml"
        self.replay = folder / "replay.json"
        self.folders = {
            "cookiecutters_dir": str(folder / "cookiecutters"),
            "replay_dir": str(folder / "replays"),
        }

    def __call__(self, way: str, field: str, value: str) -> dict[str, str]:
        """The rendered files by name; raises `RefusedError`."""
        answers = {**GOOD, field: value}
        arguments: dict[str, Any] = {"no_input": way in ("key=value", "profile")}
        # The same as a profile without answers, but without the time that reading YAML takes.
        arguments["default_config"] = self.folders
        if way == "key=value":
            arguments["extra_context"] = answers
        if way == "profile":
            arguments |= {"config_file": str(self.profile), "default_config": False}
            self.profile.write_text(json.dumps({"default_context": answers, **self.folders}))
        if way == "replay":
            context = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
            context |= {**answers, "__git_remote": "", "_template": str(TEMPLATE)}
            self.replay.write_text(json.dumps({"cookiecutter": context}))
            arguments["replay"] = str(self.replay)

        def typed(key: str, *_: object, **__: object) -> str:
            return answers[key]

        with (
            patch("cookiecutter.main.generate_files", lambda **kw: dict(render_into_memory(**kw))),
            patch("cookiecutter.prompt.read_user_variable", typed),
        ):
            files: dict[str, str] = cookiecutter(str(TEMPLATE), **arguments)
            return files


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    sys.path.append(str(TEMPLATE))
    with patch("hooks.refusal.refuse", refuse):
        yield Renderer(tmp_path_factory.mktemp("memory"))
    sys.path.remove(str(TEMPLATE))


def assert_harmless(render: Renderer, way: str, field: str, value: str) -> None:
    """The value is refused, by its field, or it is the same text wherever it is rendered."""
    try:
        files = render(way, field, value)
    except RefusedError as refused:
        assert field in refused.args[0]
        return
    project = yaml.safe_load(files["config/project.yaml"])
    environment = yaml.safe_load(files["config/environments/dev.yaml"])
    found = {**project, **environment}
    assert found.keys() == GOOD.keys()
    for key, answer in {**GOOD, field: value}.items():
        expected = [part.strip(" ") for part in answer.split(",")]
        assert found[key] == (expected if isinstance(found[key], list) else answer)
    package = tomllib.loads(files["pyproject.toml"])["project"]
    author = {"name": found["owner_name"], "email": found["owner_email"]}
    assert (package["description"], package["authors"]) == (found["description"], [author])
    remote = f"codecommit::{found['aws_region']}://{found['codecommit_repository']}"
    assert constants(files["hook"])["REMOTE"] == remote
    assert files["folder"] == found["project_slug"]


def constants(code: str) -> dict[str, object]:
    """The constants that a module assigns, without running it."""
    nodes = [node for node in ast.parse(code).body if isinstance(node, ast.Assign)]
    return {
        node.targets[0].id: node.value.value
        for node in nodes
        if isinstance(node.value, ast.Constant) and isinstance(node.targets[0], ast.Name)
    }


def examples(number: int) -> Callable[..., Any]:
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=number, deadline=None, suppress_health_check=quiet)


@pytest.mark.parametrize("field", QUESTIONS)
@examples(200)
@given(way=st.sampled_from(WAYS), value=TEXTS)
def test_any_text_at_any_prompt_is_harmless(
    render: Renderer, field: str, way: str, value: str
) -> None:
    assert_harmless(render, way, field, value)


@pytest.mark.exhaustive
@pytest.mark.parametrize("field", QUESTIONS)
@examples(20_000)
@given(way=st.sampled_from(WAYS), value=TEXTS)
def test_any_text_at_any_prompt_is_harmless_exhaustively(
    render: Renderer, field: str, way: str, value: str
) -> None:
    assert_harmless(render, way, field, value)


@pytest.mark.parametrize("way", WAYS)
def test_the_good_answers_pass_every_way(render: Renderer, way: str) -> None:
    assert render(way, "vpc_id", GOOD["vpc_id"])["folder"] == "credit-default"


@pytest.mark.parametrize(
    "code", ["''.__class__.__mro__", "cycler.__init__.__globals__", "cookiecutter.update(a=1)"]
)
def test_a_text_of_the_template_runs_in_a_sandbox(render: Renderer, code: str) -> None:
    """The second wall, should an answer ever get into such a text."""
    context = {"cookiecutter": json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))}
    environment = create_env_with_context(context)
    with pytest.raises(SecurityError):
        environment.compiled(f"{{{{ {code} }}}}", context)
    assert environment.from_string(f"{{{{ {code} }}}}").render(**context) == f"{{{{ {code} }}}}"


FREE = ("project_name", "description", "owner_name")
# Each of these makes the file `ran` where it is run by what its form is meant for.
PAYLOADS: dict[str, str] = {
    "jinja": "{{ cycler.__init__.__globals__.os.system('touch ran') }}",
    "jinja by a loaded module": "{{ self.__init__.__globals__.__builtins__.open('ran', 'w') }}",
    "jinja statement": "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "jinja that does not parse": "{{ {% #}",
    "python": '"; import os; os.system("touch ran"); x = "',
    "python with newlines": '"""\nimport os\nos.system("touch ran")\n"""',
    "shell": "$(touch ran)`touch ran`; touch ran | touch ran && touch ran",
    "git option": "--upload-pack=touch ran",
    "git address": "ext::sh -c touch% ran",
    "yaml": '!!python/object/apply:os.system ["touch ran"]',
    "path": "../../ran",
    "ten thousand characters": "x" * 10_000,
    "marks of direction": "\u202emoc.elpmaxe\u2066 \u200f",
}


@pytest.mark.parametrize("shift", range(0, len(PAYLOADS), 4))
@pytest.mark.parametrize("way", ["key=value", "prompt", "profile"])
def test_payloads_in_every_answer_run_nothing(place: Place, way: str, shift: int) -> None:
    payloads = itertools.islice(itertools.cycle(PAYLOADS.values()), shift, None)
    answers = dict(zip(QUESTIONS, payloads, strict=False))
    if way == "key=value":
        result = place.cookiecutter(**answers)
    elif way == "profile":
        result = place.cookiecutter("--config-file", place.profile(**answers))
    else:
        # A line is what one types at a prompt.
        lines = "".join(f"{payload.splitlines()[0]}\n" for payload in answers.values())
        result = place.run("cookiecutter", TEMPLATE, stdin=lines)
    assert {"aws_region", "vpc_id", "codecommit_repository"} <= set(refused_fields(result))
    assert os.listdir(place.output) == []  # noqa: PTH208 (also what is hidden)
    assert list(place.output.parent.rglob("ran")) == []


@pytest.mark.parametrize("name", ["python", "shell", "git option", "git address", "yaml", "path"])
def test_payloads_in_free_text_are_rendered_as_text(place: Place, name: str) -> None:
    result = place.cookiecutter(
        "--config-file", place.profile(**dict.fromkeys(FREE, PAYLOADS[name]))
    )
    assert result.returncode == 0, result.stderr
    project = yaml.safe_load((place.repository / "config/project.yaml").read_text("utf-8"))
    assert [project[key] for key in FREE] == [PAYLOADS[name]] * 3
    assert list(place.output.parent.rglob("ran")) == []


def test_bytes_that_are_no_text_are_refused(place: Place) -> None:
    result = place.cookiecutter(
        "--config-file", place.profile(), owner_name=os.fsdecode(b"\xff\xfe")
    )
    assert refused_fields(result) == ["owner_name"]
    assert "<U+DCFF><U+DCFE>" in result.stderr
