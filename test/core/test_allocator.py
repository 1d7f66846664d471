# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Freed memory makes room for what comes next: no page of it is asked from the kernel again."""

import platform
import subprocess
import sys

import pytest

PAGES = """
import resource, sys
from cac_core.support.allocator import keep_freed_memory

if sys.argv[1] != "as it is":
    assert keep_freed_memory(all_of_it=sys.argv[1] == "all kept")

block = bytes(int(sys.argv[2]))

def receive():
    return [bytearray(block) for _ in range(4)]  # the copies on the way of one image

receive()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    receive()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str, size: int) -> int:
    """Pages of 4096 bytes that the kernel had to map for 50 turns of four blocks."""
    done = subprocess.run(
        [sys.executable, "-c", PAGES, mode, str(size)], capture_output=True, text=True, timeout=240, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
@pytest.mark.parametrize(
    ("size", "modes"),
    [(640 * 480 * 3, ["kept", "all kept"]), pytest.param(80 << 20, ["all kept"], marks=pytest.mark.slow)],
    ids=["an image", "80 MB"],
)
def test_what_was_freed_makes_room_for_what_comes_next(size: int, modes: list[str]) -> None:
    for mode in modes:
        assert page_faults(mode, size) < size / 4096 < page_faults("as it is", size)


HEAPS = """
import ctypes, sys, threading
from cac_core.support.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()

together = threading.Barrier(6)

def load():
    together.wait()
    blocks = [bytearray(200_000) for _ in range(50)]
    together.wait()

threads = [threading.Thread(target=load) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has several heaps")
def test_all_threads_of_a_node_share_one_heap() -> None:
    heaps = {}
    for mode in ("as it is", "kept"):
        done = subprocess.run(
            [sys.executable, "-c", HEAPS, mode], capture_output=True, text=True, timeout=60, check=True
        )
        heaps[mode] = done.stdout.count("<heap nr=")
    assert heaps["kept"] == 1 < heaps["as it is"]
