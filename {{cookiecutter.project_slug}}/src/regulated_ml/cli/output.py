"""How every verb speaks: results to stdout, progress and problems to stderr, JSON on request."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.errors import ExitStatus
from regulated_ml.identifiers import Problem, visible

if TYPE_CHECKING:
    from rich.console import Console

    from regulated_ml.settings import Settings

PIPED_WIDTH = 120  # characters
GAP = 3  # characters between two columns of a table
SHORT_WORD = 10  # characters of a word that never breaks: 2026-11-24, 12:30:59, Completed
READABLE = 20  # characters of a column of words, below which others make room for it
LONGEST_LINE = 40_000  # characters; a command with a policy in it may have 20,480

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
EnvironmentOption = Annotated[
    str,
    typer.Option(
        "--env",
        envvar="RML_ENV",
        help="The environment to work in: a name below config/environments, or local.",
    ),
]


def settings(environment: str) -> "Settings":
    """The settings of the repository that the current folder lies in."""
    from regulated_ml.settings import find_root, load

    found = load(find_root(Path.cwd()), environment)
    os.environ["RML_ENV"] = environment  # what the guard goes by, here and in child processes
    return found


def console(*, stderr: bool = False) -> "Console":
    """A terminal that writes words as they are: no markup is read from data.

    What goes to a file or a pipe is as wide as `COLUMNS` says, or else `PIPED_WIDTH`.
    """
    from rich.console import Console

    terminal = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not terminal.is_terminal and "COLUMNS" not in os.environ:
        terminal.width = PIPED_WIDTH
    return terminal


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    spare: Sequence[str] = (),
) -> None:
    """A table on stdout; cells are shown with control characters made visible.

    Args:
        title: above it; may be empty.
        columns: their heads; the first column names the row.
        rows: a cell a column.
        spare: columns of a list of names that a narrow terminal does without, the first of them
            first; a line below says which. A name that is still too long is shortened, not broken.
    """
    from rich import box
    from rich.table import Table

    terminal = console()
    lines = [[visible(str(cell), limit=400) for cell in row] for row in rows]
    cells = {column: [line[place] for line in lines] for place, column in enumerate(columns)}
    absent = _done_without(cells, spare, terminal.width)
    shown = {column: texts for column, texts in cells.items() if column not in absent}
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    least = {column: _least(column, texts) for column, texts in shown.items()}
    # The first column names the row, and is there to be copied; yet it starves no other.
    name = columns[0]
    whole = max(map(len, (name, *shown[name])))
    left = terminal.width - sum(least.values()) + least[name] - GAP * len(shown)
    is_whole = whole <= max(terminal.width // 3, left)
    if not is_whole and spare:
        whole, is_whole = max(left, least[name]), True
        shown[name] = [shortened(cell, whole) for cell in shown[name]]
    for column in shown:
        no_wrap = is_whole and column == name
        width = whole if no_wrap else least[column]
        table.add_column(column, overflow="fold", no_wrap=no_wrap, min_width=width)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    terminal.print(table)
    if absent and lines:
        terminal.print(f"No room for: {', '.join(absent)} (--json has all)\n", style="dim")


def shortened(name: str, most: int) -> str:
    """A name in at most so many characters: what is too long goes from its middle."""
    if len(name) <= most:
        return name
    kept = max(most - 1, 2)
    return f"{name[: kept - kept // 2]}…{name[-(kept // 2) :]}"


def _done_without(
    cells: Mapping[str, Sequence[str]], spare: Sequence[str], width: int
) -> list[str]:
    """The spare columns that go, so that the last column, that of words, can be read."""
    absent: list[str] = []
    *others, words = cells
    needed = min(READABLE, max(map(len, cells[words]), default=0))
    for column in spare:
        there = [each for each in others if each not in absent]
        taken = sum(max(map(len, (each, *cells[each]))) + GAP for each in there)
        if taken + needed + 2 <= width:
            break
        absent.append(column)
    return absent


def _least(column: str, cells: Sequence[str]) -> int:
    """How narrow a column may be: no word of its head breaks, nor a day, a time or a state."""
    words = [word for cell in cells for word in cell.split()]
    return max(map(len, (*column.split(), *(word for word in words if len(word) <= SHORT_WORD))))


def print_blocks(blocks: Iterable[tuple[str, Sequence[tuple[str, object]]]]) -> None:
    """For each block a title and what is said of it, a line each: what no table has room for."""
    for title, facts in blocks:
        typer.echo(f"\n{visible(title, limit=LONGEST_LINE)}")
        for label, fact in facts:
            if text := str(fact):
                typer.echo(f"  {label:<10}{visible(text, limit=LONGEST_LINE)}")


def show_problems(problems: Sequence[Problem], status: ExitStatus) -> None:
    """Every problem on stderr: the field, its value, the rule, the fix.

    Where the command was asked for JSON, the problems are the JSON document on stdout as well.
    """
    if "--json" in sys.argv[1:]:
        print_json({"status": status.name.lower(), "problems": [p._asdict() for p in problems]})
    terminal = console(stderr=True)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    terminal.print(f"rml: {count}", style="bold red")
    for problem in problems:
        terminal.print(f"\n  {visible(problem.field, limit=200)}", style="bold")
        if problem.value:
            terminal.print(f"    value  {visible(problem.value)}", soft_wrap=True)
        terminal.print(f"    rule   {visible(problem.rule, limit=2000)}", soft_wrap=True)
        terminal.print(f"    fix    {visible(problem.fix, limit=2000)}", soft_wrap=True)


def warn(sentence: str) -> None:
    """A remark on stderr, said once in a process however often it comes up."""
    if sentence not in _warned:
        _warned.add(sentence)
        console(stderr=True).print(f"note: {visible(sentence, limit=2000)}", style="yellow")


_warned: set[str] = set()


def tell(line: str) -> None:
    """A line of what goes on, on stderr, above the progress."""
    # By `print`: a progress bar takes what is printed and shows it above itself.
    print(visible(line, limit=2000), file=sys.stderr, flush=True)


class Progress:
    """One line of progress on stderr; silent where stderr is no terminal."""

    def __init__(self, report: Any, task: Any) -> None:
        self._report, self._task = report, task

    def __call__(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """`done` of `total` units, and what is being done."""
        changes: dict[str, Any] = {"completed": done, "total": total}
        if text is not None:
            changes["description"] = visible(text, limit=60)
        self._report.update(self._task, **changes)


@contextmanager
def progress(text: str) -> Iterator[Progress]:
    """A progress bar for work that takes longer than a person waits without asking."""
    from rich import progress as bars

    columns = (
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=30),
        bars.TaskProgressColumn(),
        bars.TimeElapsedColumn(),
    )
    terminal = console(stderr=True)
    with bars.Progress(
        *columns, console=terminal, transient=True, disable=not terminal.is_terminal
    ) as report:
        yield Progress(report, report.add_task(text, total=None))
