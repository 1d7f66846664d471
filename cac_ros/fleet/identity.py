# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""By what a recording is known again, and the key of its result.

Usually that is the path, and the size and the time of change [ns] of every file. Whoever changes a file and sets its
time back is not noticed. With `by_content` it is the SHA-256 of the bytes; then a copy elsewhere is known again, and
every run reads every recording once more. Behind a URL it is the URL, the size, and the ETag or the time of change, as
far as the store tells; `by_content` leaves the URL out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cac_ros.fleet.errors import PassingError
from cac_ros.fleet.remote import is_url, mark_of
from cac_ros.fleet.sources import ANSWERS

_PIECE = 1 << 20


def identity_of(place: str, by_content: bool) -> str:
    """What a recording is known by, as hex digits.

    Raises:
        PassingError: a file cannot be read.
        FleetError: a URL cannot be used.
    """
    if is_url(place):
        size, mark = mark_of(place)
        return _hex([size, mark] if by_content and mark else [place, size, mark])
    path = Path(place)
    try:
        files = [path]
        if path.is_dir():
            files = sorted(each for each in path.iterdir() if each.is_file() and not each.name.endswith(ANSWERS))
        if by_content:
            return _hex([[file.name, _digest(file)] for file in files])
        stats = [(file.name, file.stat()) for file in files]
    except OSError as error:
        raise PassingError(f"{place} cannot be read ({error.strerror}); check the path.") from error
    return _hex([place, [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]])


def key_of(identity: str, settings: Mapping[str, Any]) -> str:
    """The key of a result: what decides its content.

    Args:
        identity: of the recording.
        settings: everything else: model, labels, options, version.
    """
    return _hex([identity, settings])


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _hex(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
