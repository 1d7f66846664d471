# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a model file may ask of a network: a plain name, bounded sizes, and options from a list. No PyTorch here.

A spec comes with a model file, and that file may come from a stranger. What it says goes to torchvision and timm as
arguments, so only options that are numbers or single words are passed on: no path, no URL, no settings of a download.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from cac_core.backbones.spec import BackboneError, BackboneSpec
from cac_core.support.limits import CLASSES, NETWORK_SIDE
from cac_core.support.names import one_line

_NAME = re.compile(r"(timm/)?\w{1,100}(\.\w{1,100})?", re.ASCII)
Check = Callable[[Any], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9  # no NaN either


def _is_share(value: object) -> bool:
    return _is_number(value) and 0.0 <= value < 1.0  # type: ignore[operator]


def _is_width(value: object) -> bool:
    return _is_number(value) and 0.0 < value <= 16.0  # type: ignore[operator]


def _is_side(value: object) -> bool:
    return type(value) is int and 0 < value <= NETWORK_SIDE


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_pooling(value: object) -> bool:
    return value in ("avg", "max", "avgmax", "catavgmax", "token", "map")


PAPER: Mapping[str, Check] = {"width": _is_width, "dropout": _is_share}
TORCHVISION: Mapping[str, Check] = {
    "attention_dropout": _is_share,
    "aux_logits": _is_switch,
    "dropout": _is_share,
    "drop_rate": _is_share,
    "image_size": _is_side,
    "init_weights": _is_switch,
    "stochastic_depth_prob": _is_share,
    "width_mult": _is_width,
}
TIMM: Mapping[str, Check] = {
    "attn_drop_rate": _is_share,
    "drop_path_rate": _is_share,
    "drop_rate": _is_share,
    "dynamic_img_size": _is_switch,
    "global_pool": _is_pooling,
    "img_size": _is_side,
    "proj_drop_rate": _is_share,
}


def check_spec(spec: BackboneSpec) -> None:
    """See that a spec is harmless and of a size that a robot can bear.

    Raises:
        BackboneError: with a sentence.
    """
    if not isinstance(spec.name, str) or not _NAME.fullmatch(spec.name):
        raise BackboneError(f"the backbone's name is {_shown(spec.name)}, which is no name of a network")
    if not (type(spec.num_classes) is int and 1 <= spec.num_classes <= CLASSES):
        raise BackboneError(f"num_classes must be a whole number of at most {CLASSES}, not {_shown(spec.num_classes)}")
    if not _is_side(spec.image_size):
        raise BackboneError(
            f"image_size must be a whole number of at most {NETWORK_SIDE} pixels, not {_shown(spec.image_size)}"
        )
    if type(spec.channels) is not int or spec.channels not in (1, 3):
        raise BackboneError(f"channels must be 1 (grey) or 3 (RGB), not {_shown(spec.channels)}")
    if not isinstance(spec.options, dict):
        raise BackboneError(f"the backbone's options are no table but {_shown(spec.options)}")
    if spec.name == "paper":
        check_options(spec, PAPER)
    elif spec.name.startswith("timm/"):
        check_options(spec, TIMM)
    else:  # only torchvision and timm know whose network this is
        check_options(spec, {**TORCHVISION, **TIMM})


def check_options(spec: BackboneSpec, allowed: Mapping[str, Check]) -> None:
    """See that every option is on a list and has a value that fits; raises BackboneError."""
    for name, value in spec.options.items():
        if name not in allowed:
            raise BackboneError(
                f"backbone {spec.name} does not take these options: {_shown(name)} is none of {', '.join(allowed)}"
            )
        if not allowed[name](value):
            raise BackboneError(f"backbone {spec.name} does not take these options: {name} cannot be {_shown(value)}")


def _shown(value: object) -> str:
    text = one_line(repr(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a huge number")
    return text if len(text) <= 60 else text[:60] + "…"
