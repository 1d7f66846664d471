# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Freed memory is kept for what comes next instead of being given back after every frame or training step.

glibc gives large blocks back to the kernel when they are freed, or not, as the heap happens to lie. Then whatever needs
the next one meets pages that must first be mapped and zeroed: in Python, one received 640×480 image costs 1 ms more,
and the rate that a subscriber can reach falls to a quarter; a training step on photos takes a fifth longer on a CPU.

A long-lived process gets one heap for all its threads. glibc gives each thread a heap of its own, and each model is
loaded in a new thread: what one heap has free is of no use to the next. With a model swap each minute a node then grew
by 100 MiB in half an hour, though what it used stayed the same.
"""

import contextlib
import ctypes

# From malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8

_LARGEST_BLOCK = 32 << 20
"""glibc's limit; a raw image of 3840×2160 has 25 MB."""

_KEPT = 512 << 20
"""How much freed memory at the end of a heap is kept [bytes]; what a process never used at once is not kept either."""


def keep_freed_memory(all_of_it: bool = False) -> bool:
    """Tell the C library to reuse large blocks, for the whole process.

    Args:
        all_of_it: also blocks above 32 MB and without a limit, as training wants it; the process then stays as large as
            it once was.

    Returns:
        Whether it could be told (glibc only).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library: as fast as it was
        return False
    if all_of_it:
        return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
    one_heap = mallopt(_M_ARENA_MAX, 1)
    return bool(one_heap and mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK) and mallopt(_M_TRIM_THRESHOLD, _KEPT))


def give_back_freed_memory() -> None:
    """Give what is free now back to the system, as after a model was loaded: reading it takes several times its size.

    What :func:`keep_freed_memory` keeps for frames is kept again from the next frame on.
    """
    with contextlib.suppress(AttributeError, OSError):  # another C library does as it likes
        ctypes.CDLL(None).malloc_trim(0)
