# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes a reader is given: it reads them or raises the error that it documents, in bounded memory and time.

A short run is part of the tests. ``CAC_FUZZ_MINUTES=10 pytest test/fuzz`` runs ten minutes for each reader, with other
random numbers each time. Hypothesis prints a find with its seed and damage: they become a line of ``found.py``.
``--junitxml FILE`` writes how many tries each reader had.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from test.fuzz.damage import STEPS, Step, damaged
from test.fuzz.found import FOUND
from test.fuzz.targets import TARGETS, read_or_refuse

MINUTES = float(os.environ.get("CAC_FUZZ_MINUTES", "0"))
SECONDS = 5.0
"""Most processor time for one input of a few thousand bytes."""
MEMORY_MIB = 600
"""Most memory that one such input may take beyond what the process has."""


def memory_mib(field: str) -> float:
    """VmRSS or VmHWM of this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def check(name: str, number: int, steps: list[Step]) -> None:
    """Read a damaged seed and watch time and memory."""
    target = TARGETS[name]
    seeds = target.seeds()
    data = target.repair(damaged(seeds[number % len(seeds)], steps))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here on
    before, start = memory_mib("VmRSS"), time.process_time()
    read_or_refuse(name, data)
    assert time.process_time() - start < SECONDS, "it took too long"
    assert memory_mib("VmHWM") - before < MEMORY_MIB, "it took too much memory"


@pytest.mark.parametrize("name", TARGETS)
def test_a_good_input_is_read(name: str) -> None:
    target = TARGETS[name]
    for data in target.seeds():
        target.read(target.repair(data))


@pytest.mark.parametrize(("name", "number", "steps", "what"), FOUND)
def test_what_was_found_before(name: str, number: int, steps: list[Step], what: str) -> None:
    check(name, number, steps)


def fuzz(name: str, examples: int, random_seed: int) -> int:
    """One run of hypothesis; returns the number of tries."""
    tries = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(number=st.integers(0, 20), steps=STEPS)
    def run(number: int, steps: list[Step]) -> None:
        nonlocal tries
        tries += 1
        check(name, number, steps)

    seed(random_seed)(run)()
    return tries


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.timeout(180 + 120 * MINUTES)
def test_any_bytes_are_read_or_refused(name: str, record_property: Callable[[str, object], None]) -> None:
    tries, end, number = 0, time.monotonic() + 60 * MINUTES, time.time_ns()
    if not MINUTES:
        tries = fuzz(name, TARGETS[name].examples, random_seed=0)
    while time.monotonic() < end:
        number += 1
        tries += fuzz(name, 500, number)
    record_property("tries", tries)
