# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own, as on a robot."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cac_core.support.errors import CacError


class MeasurementError(CacError):
    """A measurement cannot go on; what the node said is on standard error."""


# Shared memory alone, with room for the largest frames. And not ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST: with it Fast
# DDS ignores the transport, and every image costs 10 ms more. Shared memory does not leave the machine.
TRANSPORT = "SHM?max_msg_size=1MB&sockets_size=32MB&non_blocking=false"


def prepare_ros() -> None:
    """Choose transport and domain for this process and those that it starts, unless the user has."""
    os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", TRANSPORT)
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))


def node_command(model: Path, options: argparse.Namespace, *parameters: str) -> list[str]:
    """Our node with a model and further parameters, each ``NAME:=VALUE``."""
    values = [
        f"model_path:={model}",
        f"engine:={options.engine}",
        f"device:={options.device}",
        f"precision:={options.precision}",
        *parameters,
    ]
    return ["cac_ros.classifier_node", "--ros-args", *(part for value in values for part in ("-p", value))]


def comparison_command(kind: str, *arguments: str) -> list[str]:
    """One of the nodes of :mod:`performance.comparison_nodes`."""
    return ["performance.comparison_nodes", kind, *arguments]


@contextmanager
def running(command: Sequence[str], namespace: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node in a namespace and end it; what it said is shown if the measurement fails."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--ros-args", "-r", f"__ns:={namespace}"], stdout=log, stderr=log
        )
        try:
            yield process
        except MeasurementError:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(10)


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
