# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of a command, read from its dataclass: name, type, default and help text."""

import types
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

NONE_SHOWN = object()
"""Default of an option whose value, when it is not given, only its help text can say."""

_NAMES = {float: "a number", int: "a whole number", bool: "true or false"}
_SEVERAL = {float: "numbers", int: "whole numbers"}
_PLACEHOLDERS = {float: "X", int: "N", str: "TEXT"}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: as in the dataclass, with dots between nested ones: ``data.known_unknown``.
        kind: its type, without ``None``.
        default: the value when it is not given; ``MISSING`` when it must be given.
        text: what it is for.
        group: it stands for all options below its name, and is not listed.
        or_none: None is a value of its own.
    """

    name: str
    kind: Any
    default: Any
    text: str = ""
    group: bool = False
    or_none: bool = False

    @property
    def spelling(self) -> str:
        """As help and messages write it: ``--data.known-unknown``."""
        return "--" + self.name.replace("_", "-")

    @property
    def several(self) -> bool:
        """Whether more than one value may follow."""
        return get_origin(self.kind) in (list, tuple)

    @property
    def open(self) -> bool:
        """Whether names of its own may follow after a dot."""
        return get_origin(self.kind) is dict

    def must_be(self) -> str:
        """What a value must be, as the end of a sentence."""
        if self.several:
            return f"{_SEVERAL.get(number_of(get_args(self.kind)[0]), 'names')} with spaces between"
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(map(str, get_args(self.kind)))}"
        return restricted(self.kind) or _NAMES.get(self.kind, "a value of another kind")

    def placeholder(self) -> str:
        """What stands for the value in the help."""
        if self.kind is bool:
            return "{true,false}" if self.default is True else ""
        if self.several:
            return f"{_PLACEHOLDERS.get(number_of(get_args(self.kind)[0]), 'NAME')} …"
        if get_origin(self.kind) is Literal:
            return "{" + ",".join(map(str, get_args(self.kind))) + "}"
        kind = number_of(self.kind)
        return _PLACEHOLDERS.get(kind, "VALUE" if self.open or get_origin(kind) else "PATH")


def restricted(kind: Any) -> str:
    """What a number of ``jsonargparse.typing`` must be, such as "a whole number above 0"; empty for another type."""
    base, _, limits = (kind.__doc__ or "").partition(" restricted to be ") if isinstance(kind, type) else ("", "", "")
    for sign, words in ((">", "above "), ("≥", "at least "), ("<", "below "), ("≤", "at most ")):
        limits = limits.replace(sign, words)
    return limits and f"{_NAMES[int if base == 'int' else float]} {limits}"


def number_of(kind: Any) -> Any:
    """``int`` or ``float`` for a number with or without limits; any other type as it is."""
    bases = (int, float) if isinstance(kind, type) and kind is not bool else ()
    return next((base for base in bases if issubclass(kind, base)), kind)


def options_of(kind: type, start: object | None = None, prefix: str = "") -> Iterator[Option]:
    """The options of a dataclass and of those nested in it.

    Args:
        kind: the dataclass; its ``Attributes`` are the help texts.
        start: an instance whose values are the defaults; those of the dataclass when omitted.
        prefix: what goes before each name.
    """
    hints, texts = get_type_hints(kind), _texts(kind)
    for field in fields(kind):
        name, hint = prefix + field.name, _without_none(hints[field.name])
        default = _default(field) if start is None else getattr(start, field.name, NONE_SHOWN)
        if is_dataclass(hint):
            yield Option(name, hint, default, texts.get(field.name, ""), group=True)
            inner = default if is_dataclass(default) else NONE_SHOWN
            yield from options_of(hint, inner, f"{name}.")  # type: ignore[arg-type]
        else:
            yield Option(name, hint, default, texts.get(field.name, ""), or_none=hint != hints[field.name])


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a sentence that names what may have been meant; empty when nothing is near."""
    found = get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]}?" if found else "."


def flat(name: str) -> str:
    """The same for every spelling of a name: dashes, underscores and dots are one."""
    return name.replace("-", "_").replace(".", "_")


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _without_none(hint: Any) -> Any:
    """``T`` of ``T | None``."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    parts = [part for part in get_args(hint) if part is not type(None)]
    return parts[0] if len(parts) == 1 else hint


def _texts(kind: type) -> dict[str, str]:
    """Help texts from the docstrings of a dataclass and of those it is derived from."""
    from docstring_parser import parse as parse_docstring  # the node uses this file, and shows no help

    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if is_dataclass(each):
            for entry in parse_docstring(each.__doc__ or "").params:
                texts[entry.arg_name] = " ".join((entry.description or "").split())
    return texts
