# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a fleet."""

from __future__ import annotations

from cac_core.support.errors import CacError


class FleetError(CacError):
    """The whole evaluation cannot be done; the message is a sentence."""


class PassingError(CacError):
    """One recording could not be read now; another try may succeed."""
