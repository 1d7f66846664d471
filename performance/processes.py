# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own, as on a robot."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cac_core.support.errors import CacError
from cac_ros.replay import transport
from cac_ros.replay.node_process import CLASSIFIER, NodeProcess, ParameterValue
from performance.table import Options


class MeasurementError(CacError):
    """A measurement cannot go on; what the node said is on standard error."""


@dataclass(frozen=True)
class Node:
    """What runs in a process: what Python is started with, and the node's parameters."""

    command: tuple[str, ...] = CLASSIFIER
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)


def prepare_ros() -> None:
    """Choose transport and domain for this process and those that it starts, unless the user has."""
    transport.stay_local(room_mb=32)  # room for the largest frames


def our_node(model: Path, options: Options, **parameters: ParameterValue) -> Node:
    """Our node with a model, the options of the measurement and further parameters."""
    chosen = {name: getattr(options, name) for name in ("engine", "device", "precision")}
    return Node(parameters={"model_path": str(model), **chosen, **parameters})


def comparison_node(kind: str, *arguments: str) -> Node:
    """One of the nodes of :mod:`performance.comparison_nodes`."""
    return Node(("-m", "performance.comparison_nodes", kind, *arguments))


@contextmanager
def running(node: Node, namespace: str) -> Iterator[NodeProcess]:
    """Run a node in a namespace and end it; what it said is shown if the measurement fails."""
    with (
        tempfile.TemporaryDirectory(prefix="performance_") as folder,
        NodeProcess(Path(folder), command=node.command, namespace=namespace, parameters=node.parameters) as process,
    ):
        try:
            yield process
        except MeasurementError:
            sys.stderr.write(process.output)
            raise


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
