"""What is said when answers break rules: every problem, what was kept, and how to start again."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

NAME = "cookiecutter-regulated-ml"


def refuse(problems: Sequence[Any], good: dict[str, str], answers: Mapping[str, Any]) -> NoReturn:
    """Prints all problems and ends the process with status 1.

    `SystemExit` passes through cookiecutter; anything else ends in a traceback of cookiecutter's.
    """
    print_table(problems)
    for line in way_back(good, [problem.field for problem in problems], answers):
        print(line, file=sys.stderr)
    raise SystemExit(1)


def print_table(problems: Sequence[Any]) -> None:
    """One section for each problem, which stays readable in 80 columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.HORIZONTALS, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for problem in problems:
        table.add_row("field", problem.field, style="bold")
        for label, text in zip(("value", "rule", "fix"), problem[1:], strict=True):
            table.add_row(label, text or "(empty)", end_section=label == "fix")
    count = "an answer breaks" if len(problems) == 1 else f"{len(problems)} answers break"
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    console.print(f"\nNothing was rendered, because {count} a rule:")
    console.print(table)


def way_back(good: dict[str, str], wrong: list[str], answers: Mapping[str, Any]) -> Iterator[str]:
    """Where the good answers are, and the command that starts again from them."""
    is_cruft = "_commit" in answers
    if is_cruft and sys.argv[1:2] != ["create"]:
        yield "The answers come from .cruft.json. Mend them there, or for a new rule with:"
        changes = json.dumps(dict.fromkeys(wrong, "..."))
        yield f"\n  cruft update --variables-to-update {shlex.quote(changes)}\n"
        return
    output = Path(answers.get("_output_dir") or Path.cwd())
    try:
        kept = keep(good, output)
    except OSError as error:
        yield f"The other answers could not be kept: {error}"
        return
    yield "The other answers are kept in a file that only you can read. Start again from them:"
    tool = ["cruft", "create"] if is_cruft else ["cookiecutter"]
    command = [*tool, "--config-file", str(kept)]
    if output != Path.cwd():
        command += ["--output-dir", str(output)]
    if answers.get("_checkout"):
        command += ["--checkout", str(answers["_checkout"])]
    yield f"\n  {shlex.join([*command, str(answers['_template'])])}\n"


def keep(good: Mapping[str, str], output: Path) -> Path:
    """Writes the answers as a profile of mode 600 outside the output folder, under a new name."""
    folders = list(candidates())
    within = output.resolve()
    outside = [folder for folder in folders if not folder.resolve().is_relative_to(within)]
    failures = []
    for folder in outside or folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="answers-", suffix=".yaml", dir=folder)
        except OSError as error:
            failures.append(error)
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(profile(good))
        return Path(name)
    raise failures[0]


def candidates() -> Iterator[Path]:
    """Folders that can hold the answers, best first."""
    state = Path(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"))  # noqa: PTH111 (`Path.expanduser` raises where there is no home)
    if state.is_absolute():
        yield state / NAME
    yield Path(tempfile.gettempdir())


def profile(good: Mapping[str, str]) -> Iterator[str]:
    """The lines of a profile; JSON's texts are YAML's."""
    yield "default_context:\n" if good else "default_context: {}\n"
    for field, value in good.items():
        yield f"  {field}: {json.dumps(value, ensure_ascii=False)}\n"
