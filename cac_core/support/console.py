# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the command lines share: how they show progress, warn, fail and print tables."""

import math
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

T = TypeVar("T")

EXIT_ERROR = 2

_PIPED_WIDTH = 200  # rich assumes 80 columns off a terminal and would cut the figures of a wide table short

out = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
"""Results go here (standard output)."""

err = Console(stderr=True, soft_wrap=True)
"""Progress, warnings and errors go here, so that results can be piped."""


def fail(sentence: str) -> NoReturn:
    """Print one sentence as an error and exit with status 2."""
    err.print(f"error: {sentence}", style="bold red", markup=False, highlight=False)
    sys.exit(EXIT_ERROR)


def warn(sentence: str) -> None:
    """Print one sentence as a warning."""
    err.print(f"warning: {sentence}", style="yellow", markup=False, highlight=False)


def progress_bar() -> Progress:
    """A progress bar in the house style; use it as a context manager. Off a terminal it stays silent."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
    """Iterate with a progress bar."""
    with progress_bar() as bar:
        yield from bar.track(items, total=total, description=description)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: first column to the left, numbers to the right. Print it with ``out.print``."""
    result = Table(title=title, title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        result.add_column(column, justify="left" if i == 0 else "right")
    for row in rows:
        result.add_row(*row)
    return result


def number(value: float | None, digits: int = 3) -> str:
    """A figure for a table; a dash when there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"
