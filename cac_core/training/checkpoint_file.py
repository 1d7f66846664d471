# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The state of an unfinished run as a file: a line with its checksum, then what torch.save writes."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import CheckpointIO

from cac_core.support.errors import TrainingError
from cac_core.support.files import write_atomically
from cac_core.support.names import one_line

_BEGIN = b"cac_ros unfinished run 1 sha256 "


class CheckpointFile(CheckpointIO):
    """How Lightning writes and reads it. Its own way writes into the system's temporary folder and moves from there."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write it; the name holds the earlier state or all of this one.

        Raises:
            UnwritableError: the disk is full, say.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        state = content.getvalue()
        write_atomically(path, _BEGIN + _checksum(state) + b"\n" + state)

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = None) -> Any:
        """Read it; see :func:`read_checkpoint`."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete it."""
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state of an unfinished run, on the CPU.

    Raises:
        TrainingError: when it is not exactly what was written.
    """
    again = "start again with --resume false"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{one_line(str(path))} cannot be read ({error.strerror}): {again}.") from error
    head, _, state = content.partition(b"\n")
    if head != _BEGIN + _checksum(state):
        raise TrainingError(
            f"the unfinished run in {one_line(str(path.parent))} is damaged, or of another version of this package: "
            f"{again}."
        )
    found: dict[str, Any] = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    return found


def _checksum(state: bytes) -> bytes:
    return hashlib.sha256(state).hexdigest().encode()
