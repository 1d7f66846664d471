# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tell whoever started the process that it is ready, or that it ends: the sd_notify protocol of systemd.

A unit with ``Type=notify`` waits for it, and so does the live replay. No ROS in this file.
"""

import contextlib
import os
import socket
from collections.abc import Mapping

VARIABLE = "NOTIFY_SOCKET"
"""The environment variable that holds the address of the socket; not set where nobody waits."""


def say_ready(environment: Mapping[str, str] = os.environ) -> None:
    """The node is active: images are classified from now on."""
    _send(b"READY=1", environment)


def say_stopping(environment: Mapping[str, str] = os.environ) -> None:
    """The node has begun to end."""
    _send(b"STOPPING=1", environment)


def _send(state: bytes, environment: Mapping[str, str]) -> None:
    """Send one datagram; never blocks and never raises: the robot sees without a service manager, too."""
    address = environment.get(VARIABLE, "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract names
        address = "\0" + address[1:]
    with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(state, address)
