# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One idiom for every command: options from a typed dataclass, one help, one way to end.

A command is a module with a :class:`Command`, a ``main`` that takes the words of the command line, and
``run(main)`` at its end. Dashes, underscores and dots in the names of options are the same.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import jsonargparse
import yaml

from cac_core.support import console, pulse
from cac_core.support.command_help import help_text
from cac_core.support.command_words import Names, UsageError, named, nested, scan
from cac_core.support.devices import only_for_training
from cac_core.support.errors import CacError, first_line
from cac_core.support.options import Option, options_of
from cac_core.support.streams import open_missing

T = TypeVar("T")

_PATH = "\N{FILE FOLDER}"  # with a number it stands for a path

EXIT_INTERRUPTED = 130

_HELP = Option("help", bool, False, "show this text and end")
_CONFIG = Option("config", Path, None, "YAML file with any of these options; what comes later on the line wins")
_PRINT = Option("print_config", bool, False, "print all options as such a file and end")


@dataclass(frozen=True)
class Command(Generic[T]):
    """What a command line is made of.

    Attributes:
        kind: the dataclass of its options; its docstring gives the help.
        example: a whole command line that works, shown first; it begins with how the command is started.
        positional: names of options that may also be given without their name, in this order.
        rest: name of the option that takes every word after the positional ones.
        aliases: older spellings of options, and the name of today.
        notes: what the help says at its end.
        start: the option that names where the others start (a recipe), its usual value, and what gives that start.
    """

    kind: type[T]
    example: str
    positional: Sequence[str] = ()
    rest: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    start: tuple[Option, Callable[[str], T]] | None = None

    @cached_property
    def names(self) -> Names:
        """Every name that is understood."""
        return self._names(None)

    def parse(self, words: Sequence[str] | None = None) -> T:
        """Command line to options.

        Args:
            words: those after the command; the program's own when omitted.

        Raises:
            UsageError: for what cannot be understood, in one sentence.
            SystemExit: after ``--help`` and ``--print-config``.
        """
        given = scan(sys.argv[1:] if words is None else words, self.names)
        pairs: list[tuple[str, Any]] = []
        for name, value in given:
            pairs += named(_read(value), self.names, value) if name == _CONFIG.name else [(name, value)]
        start = None
        if self.start is not None:
            option, load = self.start
            chosen = [value for name, value in pairs if name == option.name]
            pairs = [pair for pair in pairs if pair[0] != option.name]
            start = load(str(chosen[-1] if chosen else option.default))
        asked = {name for name, _ in pairs}
        if _HELP.name in asked:
            text = help_text(self.example, self.kind, self._names(start), self.notes)
            console.out.print(text, markup=False, highlight=False, end="")
            raise SystemExit(0)
        missing = [o for o in self.names.options.values() if o.default is MISSING and o.name not in asked]
        if missing and _PRINT.name not in asked:
            what = missing[0].name.upper() if missing[0].name in self.positional else missing[0].spelling
            raise UsageError(f"{what} is missing: {missing[0].text.rstrip('.')}. Example: {self.example}")
        return self._typed(pairs, start)

    def _names(self, start: T | None) -> Names:
        own = [*options_of(self.kind, start)]
        if self.start is not None:
            own.insert(0, self.start[0])
        taken = {option.name for option in own} | set(self.aliases)
        common = [option for option in (_CONFIG, _PRINT, _HELP) if option.name not in taken]
        options = {option.name: option for option in (*own, *common)}
        return Names(options, self.positional, self.rest, self.aliases)

    def _typed(self, pairs: Sequence[tuple[str, Any]], start: T | None) -> T:
        parser = jsonargparse.ArgumentParser(exit_on_error=False)
        parser.add_argument("--config", action="config")
        parser.add_class_arguments(self.kind, nested_key=None, as_group=False, default=start or {})
        arguments: list[str] = []
        paths: list[str] = []
        printed = any(name == _PRINT.name for name, _ in pairs)
        for name, value in pairs:
            if name == _PRINT.name:
                arguments.append("--print_config")
            elif self._is_path(name) and isinstance(value, str) and value != "null" and not printed:
                # Values are read as YAML, where `#1` and `~` are nothing and a path that is no UTF-8 an error.
                arguments.append(f"--{name}={_PATH}{len(paths)}")
                paths.append(value)
            elif isinstance(value, str) and "\n" not in value:
                arguments.append(f"--{name}={value}")
            else:  # of a file
                arguments.append(f"--config={json.dumps(nested([(name, value)]))}")
        try:
            values = parser.instantiate(parser.parse_args(arguments))
        except jsonargparse.ArgumentError as error:
            raise UsageError(self._sentence(str(error), pairs)) from error
        return self.kind(**{each.name: _plain(values[each.name], paths) for each in fields(self.kind)})  # type: ignore[arg-type]

    def _is_path(self, name: str) -> bool:
        return name in self.names.options and self.names.options[name].kind is Path

    def _sentence(self, message: str, pairs: Sequence[tuple[str, Any]]) -> str:
        """What jsonargparse says about a value, in one line."""
        key = ".".join(re.findall(r'Parser key "([^"]+)"', message))
        values = [value for name, value in pairs if name == key or name.startswith(f"{key}.")]
        if key not in self.names.options or not values:
            return " ".join(message.split())
        option = self.names.options[key]
        return f"{option.spelling} must be {option.must_be()}, not {values[-1]}."


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a command and exit with its status.

    A :class:`CacError` becomes its sentence and status 2, as does PyTorch that is not installed; Ctrl-C becomes status
    130. Anything else is a bug of ours and keeps its traceback.
    """
    open_missing()
    try:
        with pulse.doing("working", console.say):
            status = main()
        sys.exit(status or 0)
    except CacError as error:
        console.fail(str(error))
    except ModuleNotFoundError as error:
        if not (sentence := only_for_training(error)):
            raise
        console.fail(sentence)
    except KeyboardInterrupt:
        console.err.print("interrupted", style="yellow")
        sys.exit(EXIT_INTERRUPTED)


def _plain(value: Any, paths: Sequence[str] = ()) -> Any:
    """The same with plain numbers and the paths that were given.

    A number with limits comes as a type of its own, and ``type(x) is int`` fails.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _plain(getattr(value, each.name), paths) for each in fields(value)})
    if isinstance(value, list | tuple):
        return type(value)(_plain(each, paths) for each in value)
    if isinstance(value, Path) and str(value).startswith(_PATH):
        return Path(paths[int(str(value).removeprefix(_PATH))])
    if isinstance(value, bool):
        return value
    return next((kind(value) for kind in (int, float) if isinstance(value, kind)), value)


def _read(path: str) -> Mapping[str, Any]:
    """A YAML file of options."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} is not a YAML file: {first_line(error)}.") from error
    if not isinstance(content, Mapping):
        raise UsageError(f"--config {path} holds no options: write a line such as seed: 1.")
    return content
