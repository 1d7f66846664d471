# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Import OpenVINO without its telemetry.

OpenVINO's converter reports every conversion to a web service unless the package ``openvino_telemetry`` is missing, in
which case it has a stub. A robot does not phone home, and a robot without internet should not wait for it.
"""

import sys
from functools import cache
from typing import Any


def import_openvino() -> Any:
    """OpenVINO, with its telemetry hidden from it; raises ImportError when it is not installed."""
    if "openvino" not in sys.modules:
        # None makes the import system say "not found"; pretend so only where nobody has loaded it before us.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def openvino_core() -> Any:
    """The one OpenVINO of this process: its plugins are loaded once, whatever number of models; raises ImportError."""
    return import_openvino().Core()
