# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the words of a command line to names and values, whichever way the names are spelt."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from cac_core.support.errors import CacError
from cac_core.support.options import Option, flat, nearest, number_of

_YES_OR_NO = ("true", "false", "yes", "no")
_NUMBER = re.compile(r"-[\d.]")


class UsageError(CacError):
    """A command line, or a file of options, that cannot be understood."""


@dataclass(frozen=True)
class Names:
    """Every name that a command understands.

    Attributes:
        options: the options by name.
        positional: names of those that may also be given without their name, in this order.
        rest: name of the option that takes every word after the positional ones; empty when there is none.
        aliases: older spellings, and the name of today.
    """

    options: Mapping[str, Option]
    positional: Sequence[str] = ()
    rest: str = ""
    aliases: Mapping[str, str] | None = None

    def find(self, given: str) -> tuple[str, Option] | None:
        """The name of an option (with what follows after a dot, for an open one) and the option; None without it."""
        known = {flat(name): name for name in self.options}
        known |= {flat(old): new for old, new in (self.aliases or {}).items()}
        if flat(given) in known:
            name = known[flat(given)]
            return name, self.options[name]
        for option in self.options.values():
            head = given[: len(option.name)]
            if option.open and flat(head) == flat(option.name) and given[len(head) :].startswith("."):
                return option.name + given[len(head) :], option
        return None

    def listed(self) -> list[Option]:
        """The options that are shown."""
        return [option for option in self.options.values() if not option.group]


def scan(words: Sequence[str], names: Names) -> list[tuple[str, str]]:
    """Names and values in the order in which they are given.

    A yes-or-no option needs no value. An option of several values takes every word up to the next option.

    Raises:
        UsageError: for a name that does not exist, a value that is missing, or a word too many.
    """
    left, free = list(words), list(names.positional)
    pairs: list[tuple[str, str]] = []
    while left:
        word = left.pop(0)
        if word.startswith("-") and not _NUMBER.match(word) and word != "-":
            given, equals, value = word.lstrip("-").partition("=")
            found = names.find(given) if word.startswith("--") else None
            if found is None:
                near = nearest(word.partition("=")[0], [option.spelling for option in names.listed()])
                raise UsageError(f"there is no option {word.partition('=')[0]}{near}")
            name, option = found
            pairs.append((name, value if equals else _value(option, left)))
        elif free and names.options[free[0]].several:
            name = free.pop(0)
            left.insert(0, word)
            pairs.append((name, _value(names.options[name], left)))
        elif free:
            pairs.append((free.pop(0), word))
        else:
            raise UsageError(f"there is one word too many: {word}.")
        if names.rest and not free:
            pairs.append((names.rest, json.dumps(left)))
            return pairs
    return pairs


def named(mapping: Mapping[str, Any], names: Names, source: str) -> list[tuple[str, Any]]:
    """Names and values of a file of options; the same spellings and aliases as on the command line.

    What stands there without a value (``schedule:``) is as if it were left out.

    Raises:
        UsageError: for a name that does not exist.
    """
    pairs: list[tuple[str, Any]] = []
    for key, value in _leaves(mapping, names):
        found = names.find(key)
        if found is None:
            raise UsageError(f"{source}: there is no option {key}{nearest(key, names.options)}")
        name, option = found
        if value is None and (option.group or (name == option.name and not option.or_none)):
            continue
        pairs.append((name, value))
    return pairs


def nested(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """``[("data.root", 1)]`` as ``{"data": {"root": 1}}``."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        *above, last = name.split(".")
        place = result
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return result


def _leaves(mapping: Mapping[str, Any], names: Names, prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        found = names.find(f"{prefix}{key}")
        if isinstance(value, Mapping) and (found is None or found[1].group):
            leaves += _leaves(value, names, f"{prefix}{key}.")
        else:
            leaves.append((f"{prefix}{key}", value))
    return leaves


def _value(option: Option, left: list[str]) -> str:
    """Take the value of an option from the words that are left."""
    if option.kind is bool:
        return left.pop(0) if left and left[0].lower() in _YES_OR_NO else "true"
    taken: list[str] = []
    while left and not (left[0].startswith("--") or left[0] == "-h") and (option.several or not taken):
        taken.append(left.pop(0))
    if not taken:
        raise UsageError(f"{option.spelling} needs a value.")
    if not option.several or (len(taken) == 1 and taken[0].startswith("[")):
        return taken[0]
    quoted = number_of(get_args(option.kind)[0]) not in (int, float)
    return f"[{', '.join(json.dumps(word) if quoted else word for word in taken)}]"
