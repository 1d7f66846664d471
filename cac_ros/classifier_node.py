# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the classifier node as a process.

``python -m cac_ros.classifier_node --ros-args -p model_path:=model.cac -r image:=/camera/image_raw``
"""

from __future__ import annotations

import contextlib
import signal
import sys

from cac_core.support.allocator import keep_freed_memory

# A plain `colcon build` in a workspace does not look for packages below a package.
_WITHOUT_MESSAGES = (
    "error: the package cac_msgs is not built, or not sourced. In the workspace: ln -s cac_ros/cac_msgs src/cac_msgs; "
    "colcon build; source install/setup.bash\n"
)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Returns:
        The exit status: 0 after a request to end, 1 if the node could not start, 75 if the engine hangs and on_hang is
        ``restart``. A request before there is a node ends the process as the signal itself does (130 and 143 in a
        shell).
    """
    keep_freed_memory()  # before the imports, whose threads would each get a heap of their own
    # The imports take seconds, and nothing is there yet that needs a clean end.
    with contextlib.suppress(ValueError):  # not in the main thread
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from cac_ros.node.process import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "cac_msgs":
            raise
        sys.stderr.write(_WITHOUT_MESSAGES)
        return 1
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
