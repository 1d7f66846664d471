# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node as a child process that never outlives its parent."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import cac_ros
from cac_core.support.errors import CacError
from cac_ros.replay.readiness import VARIABLE, ReadySocket

ParameterValue: TypeAlias = str | bool | int | float | Sequence[str] | Sequence[float]

CLASSIFIER = ("-m", "cac_ros.classifier_node")
"""What Python runs: the classifier node."""

_PATIENCE = 10.0  # [s]; how long the node may take to end after being asked
_PR_SET_PDEATHSIG = 1


class NodeProcessError(CacError):
    """The node could not be started, or ended before its time."""


class NodeProcess:
    """A running node; use it in a `with` statement, which ends the process whatever happens."""

    def __init__(
        self,
        folder: Path,
        *,
        command: Sequence[str] = CLASSIFIER,
        namespace: str = "",
        parameters: Mapping[str, ParameterValue] | None = None,
        remappings: Mapping[str, str] | None = None,
        ros_arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the node.

        Args:
            folder: for its parameter file and its log.
            command: what Python runs.
            namespace: for example "/replay".
            parameters: those that differ from their defaults.
            remappings: from name to name.
            ros_arguments: more of them; a parameter given here wins.
            environment: variables that differ from those of this process.
        """
        name = f"node-{time.monotonic_ns()}"
        file, self._log = folder / f"{name}.yaml", folder / f"{name}.log"
        # JSON is YAML; quoting protects paths that look like numbers.
        file.write_text(json.dumps({"/**": {"ros__parameters": dict(parameters or {})}}, default=str), encoding="utf-8")
        rules = {**({"__ns": namespace} if namespace else {}), **(remappings or {})}
        names = [part for old, new in rules.items() for part in ("-r", f"{old}:={new}")]
        files = ["--params-file", str(file)] if parameters else []
        self._ready = ReadySocket()
        root = str(Path(cac_ros.__file__).parents[1])
        variables = {
            "ROS_LOG_DIR": str(folder),
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")])),
            VARIABLE: self._ready.address,
            **(environment or {}),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command, "--ros-args", *names, *files, *ros_arguments],
                env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal reaches the parent only, which then ends the node
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - the only way to end with a parent that was killed
            )  # fmt: skip

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything it printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def ready(self) -> bool:
        """Whether the classifier node has said that it is active; never waits."""
        return self._ready.heard()

    def check(self) -> None:
        """See that it still runs.

        Raises:
            NodeProcessError: it ended, with what it said last.
        """
        if self.status is not None:
            raise NodeProcessError(f"The node ended with status {self.status}: {self.last_words()}")

    def last_words(self) -> str:
        """Its last error, or else its last line, without the logger's prefix."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("[ERROR]", "[FATAL]"))]
        last = (errors or lines or ["it said nothing"])[-1]
        return re.sub(r"^(\[[^\]]*\]\s*){1,3}:\s*", "", last).strip()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it has ended."""
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for its end; returns the exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        return self._process.wait(timeout)

    def stop(self, first: signal.Signals = signal.SIGINT) -> None:
        """End it: asked first, forced if it does not listen."""
        for number in (first, signal.SIGTERM, signal.SIGKILL):
            if self.status is not None:
                break
            self.send(number)
            try:
                self.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                continue
        self._ready.close()


def _end_with_parent() -> None:
    """In the child before it becomes the node: Linux kills it when its parent ends without having ended it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
