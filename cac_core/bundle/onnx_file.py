# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an ONNX file of a stranger may be given to an engine: plain operators, and no other files.

An ONNX file can name files beside it as the place of its weights, and operators of libraries to load. Neither is ever
in ours. ONNX is a protobuf message; its wire format is a few lines, and the robot needs no further package for it. The
numbers of the fields are those of onnx.proto.
"""

from collections.abc import Iterator
from typing import NamedTuple

_GRAPH, _FUNCTIONS = 7, 25  # of ModelProto
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15  # of GraphProto
_ATTRIBUTE, _DOMAIN = 5, 7  # of NodeProto
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 5, 6, 10, 11  # of AttributeProto
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of TensorProto
_DEEPEST = 8  # graphs in attributes of graphs

_PLAIN_DOMAINS = (b"", b"ai.onnx")


class _Field(NamedTuple):
    number: int
    value: int
    content: memoryview


class _DamagedError(ValueError):
    pass


def graph_problem(content: bytes) -> str:
    """Why a graph is refused, as a part of a sentence; empty if it is fine."""
    try:
        model = list(_fields(memoryview(content)))
        if any(field.number == _FUNCTIONS for field in model):
            return "brings functions of its own, which no graph of this package does"
        graphs = [field.content for field in model if field.number == _GRAPH]
        if len(graphs) != 1:
            return "is no ONNX file"
        return next(_problems(graphs[0], 0), "")
    except _DamagedError:
        return "is damaged or no ONNX file"


def _problems(graph: memoryview, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        yield "nests graphs too deeply"
        return
    for field in _fields(graph):
        if field.number == _INITIALIZER:
            yield from _tensor_problems(field.content)
        elif field.number == _SPARSE:
            yield "has sparse weights, which no graph of this package has"
        elif field.number == _NODE:
            yield from _node_problems(field.content, depth)


def _node_problems(node: memoryview, depth: int) -> Iterator[str]:
    for field in _fields(node):
        if field.number == _DOMAIN and bytes(field.content) not in _PLAIN_DOMAINS:
            yield "asks for operators that are not ONNX's own"
        elif field.number == _ATTRIBUTE:
            for inner in _fields(field.content):
                if inner.number in (_TENSOR, _TENSORS):
                    yield from _tensor_problems(inner.content)
                elif inner.number in (_SUBGRAPH, _SUBGRAPHS):
                    yield from _problems(inner.content, depth + 1)


def _tensor_problems(tensor: memoryview) -> Iterator[str]:
    for field in _fields(tensor):
        if field.number == _EXTERNAL_DATA or (field.number == _DATA_LOCATION and field.value != 0):
            yield "asks for other files"


def _fields(message: memoryview) -> Iterator[_Field]:
    """The fields of a protobuf message, those with a length as their bytes."""
    position = 0
    while position < len(message):
        key, position = _number(message, position)
        kind, value, length = key & 7, 0, 0
        if kind == 0:
            value, position = _number(message, position)
        elif kind == 2:
            length, position = _number(message, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _DamagedError
        if length > len(message) - position:
            raise _DamagedError
        yield _Field(key >> 3, value, message[position : position + length])
        position += length


def _number(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for byte_number in range(10):
        if position >= len(message):
            raise _DamagedError
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << (7 * byte_number)
        if byte < 0x80:
            return value, position
    raise _DamagedError
