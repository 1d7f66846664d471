# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What engines share: the resize before the graph and the head after it."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core import inference_equations
from cac_core.bundle import ModelBundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.bundle.variants import FLOAT32
from cac_core.preprocessing import Frame, Preprocessing, resize
from cac_core.support.errors import DisagreementError, EngineError

LARGEST_BATCH = 16
"""Larger batches run in parts: static graphs are compiled for 1, 2, 4, 8 and 16 images."""

NEEDS_TORCH = (
    "this model file is of format 1, which brings no graph, and converting it needs PyTorch: run python -m "
    "cac_core.upgrade MODEL on a machine that has PyTorch, and use the file that it writes"
)
"""Why an engine without PyTorch cannot start."""

CHECK_TOLERANCE = 1e-3
"""Largest difference from the logits in a bundle that an engine may have, relative to the largest of them."""

VARIANT_TOLERANCE = 0.05
"""The same for a variant: in few bits the order of a sum is seen, and another CPU or version can have another one."""

_SUMS = "checksums.json"


def resized_batch(frames: Sequence[Frame], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Frames of any sizes to uint8 ``(B, S, S, C)``."""
    if len(frames) == 1:
        return resize(frames[0], preprocessing)[np.newaxis]
    return np.stack([resize(frame, preprocessing) for frame in frames])


def scores_of_logits(logits: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """γ ``(B, N)`` of logits ``(B, D)`` in float32, outside the engine: its lower precisions never touch the head."""
    return inference_equations.rejection_scores(inference_equations.distances(logits, centres))


def check_engine(logits: Callable[[NDArray[np.uint8]], NDArray[np.float32]], bundle: ModelBundle, name: str) -> None:
    """See that an engine computes what the network computed when the model was written.

    Finds weights and a graph that do not belong together, and arithmetic that is wrong on this machine. A bundle of
    format 1 has nothing to compare with. A variant is compared with its own logits. Pixels go in one at a time: no
    static graph is compiled for this alone.

    Args:
        logits: the engine, uint8 ``(1, S, S, C)`` to ``(1, D)``.
        bundle: the model.
        name: of the engine, for the sentence.

    Raises:
        DisagreementError: when they differ.
    """
    if not bundle.check_logits.size:
        return
    pixels = check_pixels(bundle.preprocessing)
    own = np.concatenate([logits(pixels[i : i + 1]) for i in range(len(pixels))])
    difference = float(np.abs(own - bundle.check_logits).max()) if own.shape == bundle.check_logits.shape else np.inf
    tolerance = CHECK_TOLERANCE if bundle.precision == FLOAT32 else VARIANT_TOLERANCE
    if not difference <= tolerance * max(1.0, float(np.abs(bundle.check_logits).max())):
        what = "write the model again with python -m cac_core.upgrade"
        if bundle.precision != FLOAT32:
            what = f"write the variant again with python -m cac_core.export --precision {bundle.precision}"
        raise DisagreementError(
            f"{name} computes other logits of {bundle.model_id} than were stored with it (by {difference:.3g}): the "
            f"file's weights and graph do not belong together, or this engine is wrong here; {what}, or choose another "
            "engine by name"
        )


def check_variant_engine(bundle: ModelBundle, name: str) -> None:
    """See that a bundle in the precision of a variant is computed by the engine that computed its centres.

    Raises:
        EngineError: with what to use instead.
    """
    found = next((each for each in bundle.variants if each.precision == bundle.precision), None)
    if bundle.precision != FLOAT32 and found is not None and found.engine != name:
        raise EngineError(
            f"engine {name} rounds otherwise than engine {found.engine}, with which the centres and thresholds of "
            f"{bundle.model_id} were computed: use engine {found.engine}, or precision float32"
        )


def static_parts(count: int) -> list[int]:
    """Split a batch into sizes that static graphs exist for, largest first: 21 → 16, 4, 1."""
    parts = [LARGEST_BATCH] * (count // LARGEST_BATCH)
    rest = count % LARGEST_BATCH
    return parts + [1 << bit for bit in reversed(range(LARGEST_BATCH.bit_length())) if rest >> bit & 1]


def cache_folder() -> Path:
    """Where converted graphs are kept between starts: ``$XDG_CACHE_HOME/cac_ros`` or ``~/.cache/cac_ros``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cac_ros"


def cached_graph(bundle: ModelBundle, kind: str, version: str) -> Path:
    """The folder for this model's converted graph: one per model, kind of graph and version of its library."""
    digest = hashlib.sha256(f"{bundle.model_id} {version}".encode()).hexdigest()[:16]
    return cache_folder() / f"{kind}-{digest}"


def is_whole(folder: Path) -> bool:
    """Whether a cache folder holds what was written there; a damaged one is removed.

    A graph with a flipped bit would compute, only wrongly, so every file is compared with its checksum.
    """
    try:
        sums = json.loads((folder / _SUMS).read_text())
        if sums == _checksums(folder):
            return True
    except (OSError, ValueError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    return False


def keep_graph(folder: Path, write: Callable[[Path], None]) -> str | None:
    """Write a graph into a cache folder whose name only ever holds a whole one.

    Returns:
        None, or a sentence when it cannot be kept; the caller has the graph and goes on.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        write(temporary)
        (temporary / _SUMS).write_text(json.dumps(_checksums(temporary)))
        temporary.rename(folder)
    except OSError as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if not folder.exists():  # else another process was faster
            return f"the converted graph cannot be kept in {folder} ({error}): every start will convert it again"
    return None


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(f for f in folder.iterdir() if f.name != _SUMS)
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
