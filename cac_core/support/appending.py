# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Append to a file all or nothing: where the disk takes only a part, the file is as it was before."""

import contextlib
import os
from pathlib import Path


def append_whole(path: Path, data: bytes, first: bytes = b"", durable: bool = False) -> None:
    """Append bytes to a file, which is made if there is none.

    A line that a killed process left unfinished is ended first, so that it spoils no other.

    Args:
        path: of the file.
        data: what is appended, whole lines.
        first: what an empty file begins with.
        durable: wait until the disk has it.

    Raises:
        OSError: the disk is full, say.
    """
    with path.open("a+b", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        if not before:
            data = first + data
        elif path.is_file():
            file.seek(before - 1)
            if file.read(1) != b"\n":
                data = b"\n" + data
        try:
            while data:  # a disk that is nearly full takes a part
                data = data[file.write(data) or 0 :]
            if durable:
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), before)
            raise
