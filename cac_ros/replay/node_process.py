# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classifier node as a child process that never outlives its parent."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import cac_ros
from cac_core.support.errors import CacError

_PATIENCE = 10.0  # [s]; how long the node may take to end after being asked
_PR_SET_PDEATHSIG = 1


class NodeProcessError(CacError):
    """The node could not be started, or ended before its time."""


class NodeProcess:
    """A running node; use it in a `with` statement, which ends the process whatever happens."""

    def __init__(
        self, folder: Path, namespace: str, parameters: Mapping[str, str | bool | float], remappings: Mapping[str, str]
    ) -> None:
        """Start the node.

        Args:
            folder: for its parameter file and its log.
            namespace: for example "/replay".
            parameters: those that differ from their defaults.
            remappings: from name to name.
        """
        file = folder / "parameters.yaml"
        # JSON is YAML; quoting protects paths that look like numbers.
        file.write_text(json.dumps({"/**": {"ros__parameters": dict(parameters)}}), encoding="utf-8")
        names = [part for old, new in remappings.items() for part in ("-r", f"{old}:={new}")]
        root = str(Path(cac_ros.__file__).parents[1])
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
        environment.setdefault("ROS_LOG_DIR", str(folder))
        self._log = folder / "node.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cac_ros.classifier_node", "--ros-args", "-r", f"__ns:={namespace}", *names,
                 "--params-file", str(file)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
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

    def says_loaded(self) -> bool:
        """Whether its log says that the model is loaded; it becomes active right after."""
        return " loaded in " in self.output

    def check(self) -> None:
        """See that it still runs.

        Raises:
            NodeProcessError: it ended, with what it said last.
        """
        status = self._process.poll()
        if status is not None:
            raise NodeProcessError(f"The node ended with status {status}: {self.last_words()}")

    def last_words(self) -> str:
        """Its last error, or else its last line, without the logger's prefix."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("[ERROR]", "[FATAL]"))]
        last = (errors or lines or ["it said nothing"])[-1]
        return re.sub(r"^(\[[^\]]*\]\s*){1,3}:\s*", "", last).strip()

    def stop(self) -> None:
        """End it: asked first, forced if it does not listen. Does nothing when it has ended."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            self._process.send_signal(number)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                continue


def _end_with_parent() -> None:
    """In the child before it becomes the node: Linux kills it when its parent ends without having ended it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
