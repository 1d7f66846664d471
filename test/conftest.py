# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every test shares: nothing is read from or written to the user's own cache of converted graphs."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No example is timed: on a busy machine that would fail by chance.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# In the background of a script Ctrl-C is ignored, and what tests start would inherit that and ignore theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the longest tests come first, so that no core works alone at the end.

    How long a test may take is its ``timeout`` mark; files without one follow by their number of slow tests.
    """
    weights: dict[Path, tuple[float, int]] = {}
    for item in items:
        limit, slow = weights.get(item.path, (0.0, 0))
        mark = item.get_closest_marker("timeout")
        limit = max(limit, float(mark.args[0]) if mark and mark.args else 0.0)
        weights[item.path] = limit, slow + (item.get_closest_marker("slow") is not None)
    items.sort(key=lambda item: weights[item.path], reverse=True)


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the session, so that a model is converted once; all workers and what they start share it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder
