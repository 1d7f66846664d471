# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the content of a bundle is sound: names, numbers and shapes that do not contradict each other."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.backbones.options import check_spec
from cac_core.backbones.spec import BackboneError
from cac_core.bundle.model_bundle import ModelBundle
from cac_core.bundle.onnx_file import graph_problem
from cac_core.support.limits import CLASSES
from cac_core.support.names import name_problem, one_line
from cac_core.thresholds import GRID_STEPS

UNKNOWN = "unknown"
"""No class can be called so: it is the answer for everything that is none of the classes."""

_ID_DIGITS = 13  # of a model id behind the name


def bundle_problem(bundle: ModelBundle) -> str:
    """What is wrong with a bundle, as a part of a sentence; empty if nothing is."""
    return next(_problems(bundle), "")


def class_names_problem(names: Sequence[object]) -> str:
    """Why these cannot be the known classes, as a part of a sentence; empty if they can."""
    if len(names) < 2:
        return f"it has {len(names)} known class(es), at least two are needed"
    if len(names) > CLASSES:
        return f"it has {len(names)} known classes, at most {CLASSES} are possible"
    for index, name in enumerate(names):
        if problem := name_problem(name):
            return "a class has no name" if problem == "is empty" else f"the name of class {index} {problem}"
        if str(name).strip().lower() == UNKNOWN:
            return f"a class is called {name!r}, which is the answer for everything that is none of the classes"
    if len(set(names)) != len(names):
        return "two classes have the same name"
    return ""


def _problems(bundle: ModelBundle) -> Iterator[str]:
    """One check after the other: each may rely on those before it."""
    yield from filter(None, [class_names_problem(bundle.class_names)])
    if problem := name_problem(bundle.name):
        yield f"the name of the model {problem}"
    if bundle.parent is not None and (problem := name_problem(_without_digits(bundle.parent))):
        yield f"the name of the model it was made from {problem}"
    try:
        check_spec(bundle.backbone)
    except BackboneError as error:
        yield str(error)
    yield from _contradictions(bundle)


def _contradictions(bundle: ModelBundle) -> Iterator[str]:
    backbone, preprocessing = bundle.backbone, bundle.preprocessing
    yield from _centres_and_thresholds(bundle)
    if backbone.image_size != preprocessing.image_size:
        yield "backbone and preprocessing differ in image size"
    if backbone.channels != preprocessing.channels:
        yield "backbone and preprocessing differ in channels"
    if not (math.isfinite(bundle.anchor_magnitude) and math.isfinite(bundle.anchor_weight)):
        yield "the anchors are not finite"
    if bundle.graph:
        yield from _graph_problems(bundle)
    for variant in bundle.variants:
        yield from variant.problems()
        chosen = bundle.in_precision(variant.precision)
        for problem in chain(_centres_and_thresholds(chosen), _graph_problems(chosen)):
            yield f"variant {variant.precision}: {problem}"
    for name, value in bundle.state.items():
        if not _finite(value):
            yield f"a weight is not finite ({one_line(name[:100])})"


def _centres_and_thresholds(bundle: ModelBundle) -> Iterator[str]:
    n, grid, th = len(bundle.class_names), GRID_STEPS + 1, bundle.thresholds
    if not (bundle.centres.ndim == 2 and bundle.centres.shape[0] == n):
        yield f"{n} classes but centres of shape {tuple(bundle.centres.shape)}"
    if not _finite(bundle.centres):
        yield "a centre is not finite"
    if bundle.centre_counts.shape != (n,):
        yield "the counts behind the centres do not fit the classes"
    if bundle.backbone.num_classes != bundle.centres.shape[-1]:
        yield "the backbone's logits and the centres differ in size"
    if not (th.quantiles.shape == (grid,) and th.class_quantiles.shape == (n, grid)):
        yield "the threshold grid has a wrong shape"
    if not (_finite(th.quantiles) and _finite(th.class_quantiles)):
        yield "a threshold is not finite"
    if not (_increasing(th.quantiles) and _increasing(th.class_quantiles)):
        yield "a threshold grid decreases"
    if not 0.0 < th.known_kept <= 1.0:
        yield f"the share of known to keep is {th.known_kept}"


def _graph_problems(bundle: ModelBundle) -> Iterator[str]:
    if problem := graph_problem(bundle.graph):
        yield f"its graph {problem}"
    if bundle.check_logits.shape != (2, bundle.backbone.num_classes):
        yield "the logits to compare engines with have a wrong shape"
    if not _finite(bundle.check_logits):
        yield "a logit to compare engines with is not finite"


def _without_digits(model_id: object) -> object:
    return model_id[:-_ID_DIGITS] if isinstance(model_id, str) and model_id[-_ID_DIGITS:-12] == "@" else model_id


def _finite(values: NDArray[Any]) -> bool:
    return bool(np.isfinite(values).all())


def _increasing(grid: NDArray[np.float32]) -> bool:
    return bool((grid[..., 1:] >= grid[..., :-1]).all())
