# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos that do not come from the harvest: taken before the camera, or dropped onto the page.

They are written into a folder of arrivals first, and moved into the class with the log of moves. So they can be undone
like every other gesture.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cac_core.data.decode import SUFFIXES, read_image
from cac_core.pictures.encode import encode_jpeg
from cac_core.support.errors import CacError, DataError
from cac_core.support.files import write_atomically
from cac_core.support.limits import UPLOAD_BYTES
from cac_core.support.names import one_line
from cac_ros.images import bgr_pixels
from cac_ros.images.likeness import Picture
from cac_ros.photos.choosing import ALIKE, BLURRED, Chooser
from cac_ros.teach.moves import MoveLog
from cac_ros.teach.view import View

_PAUSE = 0.15  # [s] between two photos: nobody turns a thing faster
_PATIENCE = 60.0  # [s] without a new photo


@dataclass(frozen=True)
class Collection:
    """How far the taking of photos is.

    Attributes:
        name: of the class.
        wanted: number of photos.
        taken: number so far.
        blurred: pictures left out because they were blurred.
        alike: pictures left out because they looked like one that was taken.
        going_on: whether more are taken.
        problem: why it ended early, as a sentence.
    """

    name: str = ""
    wanted: int = 0
    taken: int = 0
    blurred: int = 0
    alike: int = 0
    going_on: bool = False
    problem: str = ""


class Collector:
    """Takes photos of the thing before a camera while it is turned, in a thread of its own.

    Args:
        arrivals: folder where photos wait until they are moved.
        log: of the moves.
    """

    def __init__(self, arrivals: Path, log: MoveLog) -> None:
        self.arrivals = arrivals
        self._log = log
        self._stops = threading.Event()
        self._lock = threading.Lock()
        self._now = Collection()

    @property
    def now(self) -> Collection:
        """How far it is."""
        return self._now

    def start(self, view: View, name: str, folder: Path, wanted: int) -> None:
        """Begin; returns at once.

        Args:
            view: the camera.
            name: of the class.
            folder: of the class.
            wanted: number of photos.

        Raises:
            DataError: photos are being taken already.
        """
        with self._lock:
            if self._now.going_on:
                raise DataError(
                    f"Photos of {one_line(self._now.name)} are being taken. Wait for their end, or stop it."
                )
            self._stops.clear()
            self._now = Collection(name, wanted, going_on=True)
        threading.Thread(target=self._run, args=(view, name, folder, wanted), name="teach_photos", daemon=True).start()

    def stop(self) -> None:
        """End early; the photos that were taken stay."""
        self._stops.set()

    def _run(self, view: View, name: str, folder: Path, wanted: int) -> None:
        chooser, seen = Chooser(), view.frame(0)[0]
        counts = {"": 0, BLURRED: 0, ALIKE: 0}
        paths: list[Path] = []
        problem = ""
        last = time.monotonic()
        try:
            while len(paths) < wanted and not self._stops.wait(_PAUSE):
                seen, picture = view.frame(seen)
                if time.monotonic() - last > _PATIENCE:
                    problem = "No new picture came for a minute. Turn the thing, and look whether the camera works."
                    break
                if picture is None:
                    continue
                refusal = chooser.refuses(picture)
                counts[refusal] += 1
                if not refusal:
                    paths.append(write_photo(self.arrivals, picture))
                    last = time.monotonic()
                self._now = Collection(name, wanted, len(paths), counts[BLURRED], counts[ALIKE], going_on=True)
        except CacError as error:
            problem = str(error)
        try:
            if paths:  # those that were taken are kept, whatever ended the taking
                moved = self._log.move(paths, folder, name)
                problem = problem or moved.problem
        except CacError as error:
            problem = problem or str(error)
        self._now = Collection(name, wanted, len(paths), counts[BLURRED], counts[ALIKE], problem=problem)


def write_photo(folder: Path, picture: Picture) -> Path:
    """Write a BGR picture as a JPEG that is named after the time; raises UnwritableError."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
    path = folder / f"{moment}_camera.jpg"
    write_atomically(path, encode_jpeg(picture))
    return path


def take_in(folder: Path, name: str, content: bytes) -> Path:
    """Write a photo that somebody dropped onto the page, if it can be read as one.

    Args:
        folder: where to.
        name: of the file, as the browser says; only its suffix is used.
        content: of the file.

    Raises:
        DataError: it is too large, or no photo.
        UnwritableError: the disk is full, say.
    """
    if len(content) > UPLOAD_BYTES:
        raise DataError(f"The photo is larger than {UPLOAD_BYTES // 2**20} MB.")
    suffix = Path(name).suffix.lower()
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = folder / f"dropped_{digest}{suffix if suffix in SUFFIXES else '.jpg'}"
    write_atomically(path, content)
    try:
        frame = read_image(path)
        bgr_pixels(frame.pixels, frame.order)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DataError(f"{one_line(name)[:100]} is not taken: {one_line(str(error))}.") from error
    return path
