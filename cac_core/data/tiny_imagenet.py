# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TinyImageNet from its official zip or from the folder that comes out of it."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cac_core.support import console
from cac_core.support.errors import DataError

FOLDER = "tiny-imagenet-200"
SIZE = 64


class _Source:
    """Files below ``tiny-imagenet-200/``, wherever they lie.

    Args:
        place: for people.
        names: all files, with ``/`` between folders.
        read: the content of one of them.
    """

    def __init__(self, place: Path, names: list[str], read: Callable[[str], bytes]) -> None:
        self.place = place
        self.names = names
        self._read = read

    def read(self, name: str) -> bytes:
        """The content of a file."""
        try:
            return self._read(name)
        except (KeyError, FileNotFoundError) as error:
            raise DataError(
                f"TinyImageNet is not whole: {name} is missing in {self.place}; unpack it again."
            ) from error
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{name} in {self.place} cannot be read ({error}): copy or download it again.") from error


def read_tiny_imagenet(
    root: Path, train: bool, classes: Sequence[int] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images ``(M, 64, 64, 3)`` and class numbers ``(M,)``: positions of the sorted WordNet ids.

    Args:
        root: holds ``tiny-imagenet-200.zip`` or ``tiny-imagenet-200/``, or is that folder.
        train: the training part, else the official validation part (whose test part has no labels).
        classes: only these class numbers, because decoding everything takes a while.

    Raises:
        DataError: when it is not there, not whole, or an image is damaged.
    """
    with _open(root) as source:
        wnids = sorted(source.read("wnids.txt").decode().split())
        wanted = set(range(len(wnids)) if classes is None else classes)
        if wanted and max(wanted) >= len(wnids):
            raise DataError(
                f"wnids.txt in {source.place} names {len(wnids)} classes, but class {max(wanted)} is wanted."
            )
        numbers = {wnid: i for i, wnid in enumerate(wnids)}
        files = _train_files(source, wnids, wanted) if train else _validation_files(source, numbers, wanted)
        images = np.empty((len(files), SIZE, SIZE, 3), dtype=np.uint8)
        for i, (name, _) in enumerate(console.track(files, "reading TinyImageNet", total=len(files))):
            images[i] = _decode(source, name)
    return images, np.array([number for _, number in files], dtype=np.int64)


def _train_files(source: _Source, wnids: list[str], wanted: set[int]) -> list[tuple[str, int]]:
    by_class: dict[str, list[str]] = {}
    for name in source.names:
        parts = PurePosixPath(name).parts
        if len(parts) == 4 and parts[0] == "train" and parts[2] == "images" and name.endswith(".JPEG"):
            by_class.setdefault(parts[1], []).append(name)
    files = []
    for number in sorted(wanted):
        own = sorted(by_class.get(wnids[number], ()))
        if not own:
            raise DataError(f"TinyImageNet in {source.place} has no image in train/{wnids[number]}/images.")
        files += [(name, number) for name in own]
    return files


def _validation_files(source: _Source, numbers: dict[str, int], wanted: set[int]) -> list[tuple[str, int]]:
    files = []
    for line in source.read("val/val_annotations.txt").decode().splitlines():
        fields = line.split("\t")
        if len(fields) < 2 or fields[1] not in numbers:
            raise DataError(f"val/val_annotations.txt in {source.place} has a line that is not whole: {line[:60]!r}.")
        if numbers[fields[1]] in wanted:
            files.append((f"val/images/{fields[0]}", numbers[fields[1]]))
    return files


def _decode(source: _Source, name: str) -> NDArray[np.uint8]:
    content = source.read(name)
    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert("RGB"))  # some of them are grey
    except OSError as error:
        raise DataError(f"{name} in {source.place} is damaged ({error}): copy or download it again.") from error
    if pixels.shape != (SIZE, SIZE, 3):
        raise DataError(f"{name} in {source.place} has {pixels.shape[1]}x{pixels.shape[0]} pixels, not 64x64.")
    return pixels


@contextmanager
def _open(root: Path) -> Iterator[_Source]:
    folder = root if (root / "wnids.txt").is_file() else root / FOLDER
    archive = root if root.suffix == ".zip" else root / f"{FOLDER}.zip"
    if folder.is_dir():
        names = [path.relative_to(folder).as_posix() for path in (folder / "train").glob("*/images/*.JPEG")]
        yield _Source(folder, names, lambda name: (folder / name).read_bytes())
    elif archive.is_file():
        try:
            opened = zipfile.ZipFile(archive)
        except zipfile.BadZipFile as error:
            raise DataError(f"{archive} is not a whole zip file: download it again.") from error
        with opened:
            inside = [name.removeprefix(f"{FOLDER}/") for name in opened.namelist()]
            yield _Source(archive, inside, lambda name: opened.read(f"{FOLDER}/{name}"))
    else:
        raise DataError(
            f"TinyImageNet is not in {root}: put {FOLDER}.zip (http://cs231n.stanford.edu/{FOLDER}.zip) or the folder "
            f"{FOLDER} that it unpacks to there, or give another --data-root."
        )
