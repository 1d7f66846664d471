# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that users choose from and several files know; apart, so that ``--help`` does not wait for torch."""

from typing import Literal

Fit = Literal["stretch", "crop", "pad"]
Interpolation = Literal["mipmap", "area", "linear", "cubic"]
