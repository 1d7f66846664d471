# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory of received images is kept for the next ones instead of being given back after every frame.

glibc gives large blocks back to the kernel when they are freed, or not, as the heap happens to lie. Then every copy of
the next image meets pages that must first be mapped and zeroed: in Python, one 640×480 frame costs 1 ms more, and the
rate that a subscriber can reach falls to a quarter.
"""

import ctypes

# From malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_LARGEST_BLOCK = 32 << 20
"""glibc's limit; a raw image of 3840×2160 has 25 MB."""

_KEPT = 512 << 20
"""How much freed memory at the end of a heap is kept [bytes]; what a process never used at once is not kept either."""


def keep_freed_memory() -> bool:
    """Tell the C library to reuse large blocks; returns whether it could be told (glibc only)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library: as fast as it was
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK) and mallopt(_M_TRIM_THRESHOLD, _KEPT))
