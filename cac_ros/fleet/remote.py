# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings and results behind URLs, through fsspec (https://filesystem-spec.readthedocs.io); the extra `fleet`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cac_core.support.devices import is_installed
from cac_core.support.errors import first_line
from cac_ros.fleet.errors import FleetError

_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "Last-Modified", "last_modified", "updated", "mtime", "created")
"""Keys by which file systems say that a file is another one, the most exact first."""


def is_url(place: str) -> bool:
    """Whether this is no path of this machine."""
    return bool(_URL.match(place))


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it.

    Raises:
        FleetError: a package is missing.
    """
    if not is_installed("fsspec"):
        raise FleetError(f"{url} needs fsspec: pip install '.[fleet]' in the folder of cac_ros.")
    import fsspec

    with sentence_about(url):
        system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    return system, path


@contextmanager
def sentence_about(url: str) -> Iterator[None]:
    """Turn what a file system raises into a sentence: no such file, no credentials, a package that is missing.

    Raises:
        FleetError: instead.
    """
    try:
        yield
    except FleetError:
        raise
    except ImportError as error:
        raise FleetError(f"{url} needs another package: {first_line(error)}.") from error
    except FileNotFoundError as error:
        raise FleetError(f"There is nothing at {url}; check the URL.") from error
    except PermissionError as error:
        raise FleetError(
            f"{url} may not be used; check the credentials of this machine: {first_line(error)}."
        ) from error
    except Exception as error:  # clients of object stores raise errors of their own
        kind = type(error).__name__
        hint = "; check the credentials" if "redential" in f"{kind}{error}" else ""
        raise FleetError(f"{url} cannot be used ({kind}: {first_line(error)}){hint}.") from error


def mark_of(url: str) -> list[Any]:
    """What a file is known by: its size, and its ETag or time of change as far as the store tells.

    Raises:
        FleetError: it cannot be asked.
    """
    system, path = file_system(url)
    with sentence_about(url):
        info = system.info(path)
    mark = next((str(info[key]) for key in _MARKS if info.get(key)), "")
    return [info.get("size"), mark]


def full_name(system: Any, path: str) -> str:
    """The URL of a path in a file system."""
    return str(system.unstrip_protocol(path))
