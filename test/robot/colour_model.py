# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model file of format 2 that is made without PyTorch and recognises red, green and blue pictures.

Its graph is the ONNX file of three operators, written by hand: logits are 10 times the mean of each colour channel. The
numbers of the fields are those of onnx.proto.
"""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np

from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.preprocessing import Preprocessing
from cac_core.thresholds import Thresholds

NAMES = ("red", "green", "deep blue")
SIZE = 32
_FLOAT, _UINT8 = 1, 2  # of TensorProto.DataType
_INT, _INTS = 2, 7  # of AttributeProto.AttributeType


def colour_model(last_operator: str = "Mul", scale: float = 10.0) -> ModelBundle:
    """A bundle of format 2 without weights.

    Args:
        last_operator: of the graph; another name than Mul is an operator that no engine has.
        scale: of the graph's logits; another one than 10 contradicts the logits that were stored with it.
    """
    preprocessing = Preprocessing(SIZE, 3, "stretch", "area", mean=(0, 0, 0), std=(1, 1, 1))
    quantiles = np.linspace(0, 2, 1001, dtype=np.float32)
    means = check_pixels(preprocessing).mean(axis=(1, 2), dtype=np.float64)
    return ModelBundle(
        class_names=NAMES,
        backbone=BackboneSpec("paper", 3, SIZE, 3, {"width": 3 / 64}),
        preprocessing=preprocessing,
        state={},
        centres=10.0 * np.eye(3, dtype=np.float32),
        centre_counts=np.array([5, 5, 5]),
        thresholds=Thresholds(quantiles, np.stack([quantiles] * 3), 0.5, np.array([1000, 0, 0])),
        name="colours",
        graph=_graph(last_operator, scale / 255.0),
        check_logits=(10.0 / 255.0 * means).astype(np.float32),
    )


def write_colours(path: Path, bundle: ModelBundle | None = None) -> Path:
    """Write such a model; returns the file."""
    save_bundle(bundle or colour_model(), path)
    return path


def of_format_1(bundle: ModelBundle) -> ModelBundle:
    """The same without its graph."""
    return replace(bundle, graph=b"", check_logits=np.empty((0, 0), dtype=np.float32))


def _graph(last_operator: str, scale: float) -> bytes:
    cast = _node("Cast", "pixels", "numbers", _attribute("to", _FLOAT))
    mean = _node("ReduceMean", "numbers", "means", _attribute("axes", 1, 2) + _attribute("keepdims", 0))
    last = _text(1, "means") + _text(1, "scale") + _text(2, "logits") + _text(4, last_operator)
    tensor = _number(2, _FLOAT) + _text(8, "scale") + _field(9, struct.pack("<f", scale))
    graph = _field(1, cast) + _field(1, mean) + _field(1, last) + _text(2, "colours") + _field(5, tensor)
    graph += _field(11, _value("pixels", _UINT8, SIZE, SIZE, 3)) + _field(12, _value("logits", _FLOAT, 3))
    return _number(1, 8) + _field(7, graph) + _field(8, _text(1, "") + _number(2, 13))


def _node(operator: str, source: str, target: str, attributes: bytes) -> bytes:
    return _text(1, source) + _text(2, target) + _text(4, operator) + attributes


def _attribute(name: str, *numbers: int) -> bytes:
    if name == "axes":
        content = b"".join(_number(8, number) for number in numbers) + _number(20, _INTS)
    else:
        content = _number(3, numbers[0]) + _number(20, _INT)
    return _field(5, _text(1, name) + content)


def _value(name: str, kind: int, *shape: int) -> bytes:
    dimensions = _field(1, _text(2, "batch")) + b"".join(_field(1, _number(1, side)) for side in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, kind) + _field(2, dimensions)))


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
