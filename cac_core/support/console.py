# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the command lines share: how they show progress, warn, fail and print tables."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, NoReturn, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cac_core.support import pulse
from cac_core.support.names import one_line, several_lines
from cac_core.support.streams import Stream

T = TypeVar("T")

EXIT_ERROR = 2

_PIPED_WIDTH = 200  # rich assumes 80 columns off a terminal and would cut the figures of a wide table short

_STDOUT, _STDERR = cast("IO[str]", Stream("stdout")), cast("IO[str]", Stream("stderr"))

out = Console(file=_STDOUT, soft_wrap=True, markup=False, emoji=False, width=None if _STDOUT.isatty() else _PIPED_WIDTH)
"""Results go here (standard output). What is printed is text: the class ``[red] mug`` is no markup."""

err = Console(file=_STDERR, soft_wrap=True, markup=False, emoji=False)
"""Progress, warnings and errors go here, so that results can be piped."""


def fail(sentence: str) -> NoReturn:
    """Print one sentence as an error and exit with status 2."""
    err.print(several_lines(f"error: {sentence}"), style="bold red", highlight=False)
    sys.exit(EXIT_ERROR)


def warn(sentence: str) -> None:
    """Print one sentence as a warning."""
    err.print(several_lines(f"warning: {sentence}"), style="yellow", highlight=False)


class Bar(Progress):
    """A progress bar. Off a terminal it becomes a line now and then, see :mod:`cac_core.support.pulse`.

    Args:
        line: gives that line; the newest task with its figures when omitted.
    """

    def __init__(self, line: Callable[[], str] | None = None) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            disable=not err.is_terminal,
            auto_refresh=err.is_terminal,  # rich's refreshing thread ends at once off a terminal and counts nothing
        )
        self._line = line or self._newest_task
        self._pulse = ExitStack()

    def start(self) -> None:
        """Show it."""
        if self.disable:
            self._pulse.enter_context(pulse.doing(self._line, say))
        super().start()

    def stop(self) -> None:
        """Leave it as it stands."""
        self._pulse.close()
        super().stop()

    def _newest_task(self) -> str:
        tasks = [task for task in self.tasks if task.visible]
        if not tasks:
            return "working"
        task = tasks[-1]
        total = "" if task.total is None else f" of {task.total:.0f}"
        return f"{task.description}: {task.completed:.0f}{total}"


def progress_bar(line: Callable[[], str] | None = None) -> Bar:
    """A progress bar in the house style; use it as a context manager. See :class:`Bar`."""
    return Bar(line)


@contextmanager
def activity(what: str) -> Iterator[None]:
    """Show that something goes on that may take long; without a figure, because nobody knows how far it is."""
    if err.is_terminal and not err._live_stack:  # within a bar, the bar shows it
        spinner = "dots" if err.encoding.startswith("utf") else "line"
        with err.status(Text(what), spinner=spinner):
            yield
    else:
        with pulse.doing(what, say):
            yield


def say(sentence: str) -> None:
    """Progress in a line of its own."""
    err.print(sentence, markup=False, highlight=False)


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
    """Iterate with a progress bar."""
    with progress_bar() as bar:
        yield from bar.track(items, total=total, description=description)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: first column to the left, numbers to the right. Print it with ``out.print``.

    Every cell is one line of text: a name cannot break a row or colour it, and ``[red] mug`` is no markup. A narrow
    terminal folds cells and cuts none.
    """
    result = Table(title=Text(one_line(title)), title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        result.add_column(Text(one_line(column)), justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        result.add_row(*(Text(one_line(cell), overflow="fold") for cell in row))
    return result


def number(value: float | None, digits: int = 3) -> str:
    """A figure for a table; a dash when there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"
