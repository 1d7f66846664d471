# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain of its own for each test, which never leaves this machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_FIRST_PORT = 38000
_ENVIRONMENT = {
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    # Only has an effect where a test widens the discovery range: with LOCALHOST, rmw_fastrtps makes its own transports.
    # Images over 0.5 MB therefore arrive only from reliable publishers.
    "FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA",
}


@contextmanager
def private_domain() -> Iterator[int]:
    """A ROS domain that no other test on this machine uses meanwhile; sets the environment for it.

    A bound port per domain is the lock: it is free again as soon as this process ends, whatever way it ends.
    """
    for domain in range(1, 100):
        with socket.socket() as lock:
            try:
                lock.bind(("127.0.0.1", _FIRST_PORT + domain))
            except OSError:
                continue
            with pytest.MonkeyPatch.context() as patch:
                for name, value in {**_ENVIRONMENT, "ROS_DOMAIN_ID": str(domain)}.items():
                    patch.setenv(name, value)
                patch.delenv("ROS_STATIC_PEERS", raising=False)
                yield domain
                return
    raise RuntimeError("all ROS domains are in use")
