# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node and a replay say about 16-bit pictures that become nearly one grey."""

from cac_core.pictures.faint import FaintFrame, is_faint

__all__ = ["FAINT_NOTE", "FaintFrame", "is_faint"]

FAINT_NOTE = (
    "The 16-bit images use less than 1/16 of their range: they become nearly one grey, and the network sees hardly "
    "anything. Give the limits of their values as depth_range, and scale the training photos in the same way."
)
"""What to say about a :class:`FaintFrame`, once."""
