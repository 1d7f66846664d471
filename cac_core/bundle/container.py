# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The safetensors file around a bundle: what is read of it before the bundle is trusted."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from cac_core.bundle.model_bundle import FORMAT_VERSION
from cac_core.bundle.variants import array_types
from cac_core.support.errors import (
    BundleDamagedError,
    BundleInvalidError,
    BundleVersionError,
    NotABundleError,
    first_line,
)
from cac_core.support.limits import MODEL_HEADER_BYTES
from cac_core.support.names import one_line

METADATA_KEY = "cac_bundle"  # one key only: safetensors writes several in random order

_NOT_A_BUNDLE = "is not a model bundle: give a .cac file written by cac_core.train"
_NUMBERS = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8", "BOOL"}  # in safetensors' words
_OWN = {
    "centres": "F32",
    "centre_counts": "I64",
    "quantiles": "F32",
    "class_quantiles": "F32",
    "validation_images": "I64",
}
_OF_FORMAT_2 = {"graph": "U8", "check_logits": "F32"}


def container(
    arrays: Mapping[str, NDArray[Any]],
    document: Mapping[str, Any],
    checksum: str,
    signature: Mapping[str, str] | None = None,
) -> bytes:
    """The content of the file."""
    signed = {} if signature is None else {"signature": dict(signature)}
    description = json.dumps({"checksum": checksum, "document": document, **signed}, ensure_ascii=False)
    return safetensors.numpy.save(dict(arrays), {METADATA_KEY: description})


def signature_in(content: bytes) -> object:
    """What stands for a signature in a file that :func:`read_container` has read; None without one."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return json.loads(header["__metadata__"][METADATA_KEY]).get("signature")


def read_container(content: bytes, source: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]], object]:
    """Inverse of :func:`container`: the document, the arrays and the checksum that the file claims.

    Args:
        content: of the file.
        source: its path, for the sentences of errors.

    Raises:
        NotABundleError, BundleDamagedError, BundleVersionError, BundleInvalidError: with a sentence.
    """
    header = _read_header(content, source)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or METADATA_KEY not in metadata:
        raise NotABundleError(
            f"{source} is a safetensors file without a cac_ros description: give a .cac file written by cac_core.train"
        )
    document, checksum = _read_document(str(metadata[METADATA_KEY]), source)
    _check_types(header, source, _types(document, source))
    return document, _read_arrays(content, source), checksum


def _read_header(content: bytes, source: str) -> dict[str, Any]:
    # A safetensors file begins with the length of its header, whose low bytes can be anything, and then with "{".
    if content[8:9] != b"{" and (content[:2] == b"PK" or content[:1] == b"\x80"):
        raise NotABundleError(
            f"{source} is a pickle (a torch.save file): this package never loads one, because loading runs code from "
            "the file; train with cac_core.train to get a bundle"
        )
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        if len(content) >= 9 and content[8:9] == b"{":
            raise BundleDamagedError(f"{source} was cut off while it was copied or written: copy or train it again")
        raise NotABundleError(f"{source} {_NOT_A_BUNDLE}")
    if length > MODEL_HEADER_BYTES:
        raise BundleInvalidError(
            f"{source} describes itself in {length / 1e6:,.0f} MB, and at most {MODEL_HEADER_BYTES / 1e6:,.0f} MB are "
            "read: train the model again"
        )
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise NotABundleError(f"{source} {_NOT_A_BUNDLE}") from error
    if not isinstance(header, dict):
        raise NotABundleError(f"{source} {_NOT_A_BUNDLE}")
    return header


def _read_document(text: str, source: str) -> tuple[dict[str, Any], object]:
    try:
        description = json.loads(text)
        document, version = description["document"], description["document"]["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(source) from error
    if not isinstance(document, dict) or type(version) is not int or version < 1:
        raise _unreadable(source)
    if version > FORMAT_VERSION:
        raise BundleVersionError(
            f"{source} has bundle format {version if version < 1 << 32 else 'of the far future'}, this cac_core reads "
            f"up to {FORMAT_VERSION}: upgrade cac_ros"
        )
    return document, description.get("checksum")


def _unreadable(source: str) -> BundleDamagedError:
    return BundleDamagedError(f"the description inside {source} cannot be read: copy or train the file again")


def _types(document: Mapping[str, Any], source: str) -> dict[str, str]:
    """Types of the arrays that a file of this document must hold."""
    version = document["format_version"]
    try:
        variants = array_types(document) if version > 2 else {}
    except ValueError as error:
        raise BundleInvalidError(f"{source} cannot be used as a model: {error}; write its variants again") from error
    return {**_OWN, **(_OF_FORMAT_2 if version > 1 else {}), **variants}


def _check_types(header: Mapping[str, Any], source: str, own: Mapping[str, str]) -> None:
    """Refuse types of numbers that no network here has, before anything is made of them."""
    for name, entry in header.items():
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        if kind not in _NUMBERS:
            raise BundleInvalidError(
                f"{source} holds numbers of type {one_line(repr(kind))[:30]}, which NumPy does not have or no network "
                "here uses: save the weights as float32"
            )
        if name in own and kind != own[name]:
            raise BundleInvalidError(f"{source} holds {name} as {kind} and not as {own[name]}: train the model again")
    if missing := [name for name in own if name not in header]:
        raise BundleInvalidError(f"{source} lacks the tensors {', '.join(missing)}: train the model again")


def _read_arrays(content: bytes, source: str) -> dict[str, NDArray[np.generic]]:
    try:
        arrays = safetensors.numpy.load(content)
        # PyTorch warns of arrays that cannot be written to, which older releases of safetensors give.
        return {name: array if array.flags.writeable else array.copy() for name, array in arrays.items()}
    except (SafetensorError, ValueError, KeyError, MemoryError) as error:
        raise BundleDamagedError(
            f"{source} is damaged ({one_line(first_line(error))}): copy or train the file again"
        ) from error
