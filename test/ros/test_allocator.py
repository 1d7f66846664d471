# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Freed images make room for the next ones: no page of them is asked from the kernel again."""

import platform
import subprocess
import sys

import pytest

PAGES = """
import resource, sys
from cac_ros.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()

frame = bytes(640 * 480 * 3)

def receive():
    return [bytearray(frame) for _ in range(4)]  # the copies on the way of one image

receive()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    receive()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str) -> int:
    """Pages that the kernel had to map for 50 images of 225 pages, each copied four times."""
    done = subprocess.run([sys.executable, "-c", PAGES, mode], capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_an_image_that_was_freed_makes_room_for_the_next_one():
    assert page_faults("kept") < 225 < page_faults("as it is")
