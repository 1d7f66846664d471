# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open a recording wherever it is: here, in place behind a URL, or as a copy of what cannot be read in place."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cac_core.support.errors import CacError, first_line
from cac_ros.bags.mcap_index import NotIndexedError
from cac_ros.bags.reader import Bag
from cac_ros.bags.recovery.mcap_records import MAGIC
from cac_ros.bags.remote_mcap import RemoteMcap
from cac_ros.fleet.errors import FleetError, PassingError
from cac_ros.fleet.remote import file_system, is_url, sentence_about


@contextmanager
def open_recording(place: str, scratch_gb: float) -> Iterator[Bag]:
    """Open a recording.

    Args:
        place: path or URL.
        scratch_gb: largest file that is copied [GB].

    Raises:
        BagError: it is none, or nothing of it is readable.
        FleetError: its URL cannot be used, or it is too large to be copied.
        PassingError: its URL stopped giving bytes.
    """
    if not is_url(place):
        with Bag(place) as bag:
            yield bag
        return
    with tempfile.TemporaryDirectory(prefix="cac_fleet_") as folder:
        fetcher = Fetcher(place)
        try:
            with _opened(fetcher, Path(folder), scratch_gb) as bag:
                yield bag
        except (CacError, OSError) as error:
            if not fetcher.failure:
                raise
            raise PassingError(f"{place} could not be read to its end: {fetcher.failure}.") from error
        if fetcher.failure:  # the reader took it for damage
            raise PassingError(f"{place} could not be read to its end: {fetcher.failure}.")


class Fetcher:
    """Gives bytes of a file behind a URL, and remembers whether that ever failed.

    Attributes:
        size: of the file [bytes].
        fetched: bytes that were fetched.
        failure: why fetching failed, in words; empty if it never did.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.fetched = 0
        self.failure = ""
        self._system, self._path = file_system(url)
        with sentence_about(url):
            size = self._system.info(self._path)["size"]
        if size is None:
            raise FleetError(f"{url}: the server does not tell the size of the file; copy it to a disk first.")
        self.size: int = size

    def fetch(self, begin: int, end: int) -> bytes:
        """The bytes of a range.

        Raises:
            OSError: they did not come.
        """
        try:
            data: bytes = self._system.cat_file(self._path, start=begin, end=end)
        except Exception as error:
            self.failure = first_line(error) or type(error).__name__
            raise OSError(self.failure) from error
        self.fetched += len(data)
        if len(data) != end - begin:
            self.failure = f"{end - begin} bytes were asked for, {len(data)} came"
            raise OSError(self.failure)
        return data

    def reads_ranges(self) -> bool:
        """Whether a part of the file can be had; some web servers send all of it."""
        try:
            return self.fetch(0, min(len(MAGIC), self.size)) == MAGIC
        except OSError:
            self.failure = ""
            return False

    def copy(self, target: Path) -> None:
        """Copy all of the file.

        Raises:
            OSError: it did not come.
        """
        try:
            self._system.get_file(self._path, str(target))
        except Exception as error:
            self.failure = first_line(error) or type(error).__name__
            raise OSError(self.failure) from error
        if target.stat().st_size != self.size:
            self.failure = f"{self.size} bytes were promised, {target.stat().st_size} came"
            raise OSError(self.failure)


@contextmanager
def _opened(fetcher: Fetcher, folder: Path, scratch_gb: float) -> Iterator[Bag]:
    name = fetcher.url.rpartition("/")[2]
    if name.lower().endswith(".mcap") and fetcher.reads_ranges():
        file = None
        with contextlib.suppress(NotIndexedError):  # without an index all of it must be read
            file = RemoteMcap(fetcher.fetch, fetcher.size, name, folder / "index")
        if file is not None:
            with Bag(fetcher.url, [file]) as bag:
                yield bag
            return
    if fetcher.size > scratch_gb * 1e9:
        raise FleetError(
            f"{fetcher.url} must be copied to be read, and its {fetcher.size / 1e9:.1f} GB are more than "
            f"--scratch-gb {scratch_gb:g}."
        )
    copy = folder / name
    fetcher.copy(copy)
    with Bag(copy) as bag:
        yield bag
