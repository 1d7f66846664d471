# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hear from a child process that it is ready, as a service manager does (protocol of systemd's sd_notify)."""

from __future__ import annotations

import contextlib
import socket

VARIABLE = "NOTIFY_SOCKET"
"""The variable of the environment that tells the child where to send its state."""

_READY = b"READY=1"
_LARGEST = 4096  # [bytes] of a datagram; a state is a few short lines


class ReadySocket:
    """A datagram socket for one child."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("")  # Linux chooses a free abstract name: no file, and no path that is too long
        self._heard = False

    @property
    def address(self) -> str:
        """The value of `VARIABLE`; an abstract name begins with "@" there."""
        name: bytes = self._socket.getsockname()
        return name.replace(b"\0", b"@", 1).decode()

    def heard(self) -> bool:
        """Whether the child has said that it is ready. Never waits."""
        with contextlib.suppress(BlockingIOError):
            while not self._heard:
                self._heard = _READY in self._socket.recv(_LARGEST).splitlines()
        return self._heard

    def close(self) -> None:
        """Free the name."""
        self._socket.close()
