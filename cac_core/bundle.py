# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle: one file that holds everything inference needs.

A safetensors file with the weights, the centres and the threshold grids; its metadata holds a JSON document with class
names, backbone, preprocessing, anchors and a training summary, and a checksum over all of it. Nothing is ever
unpickled. A node that is given a bundle needs no other file and cannot use another preprocessing by mistake. No PyTorch
in this file: :func:`cac_core.model.build_model` makes a network of a bundle.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from cac_core.backbones.spec import BackboneSpec
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import (
    BundleDamagedError,
    BundleInvalidError,
    BundleVersionError,
    NotABundleError,
    first_line,
)
from cac_core.support.files import write_atomically
from cac_core.thresholds import GRID_STEPS, Thresholds

METADATA_KEY = "cac_bundle"  # one key only: safetensors writes several in random order
FORMAT_VERSION = 1
Arrays = Mapping[str, NDArray[Any]]
_OWN = ("centres", "centre_counts", "quantiles", "class_quantiles", "validation_images")
_WEIGHTS = "backbone."


@dataclass(frozen=True)
class ModelBundle:
    """A trained, calibrated open-set classifier.

    Attributes:
        class_names: the N known classes in index order.
        backbone: how to build the network.
        preprocessing: how images become its input.
        state: the backbone's weights by their names in PyTorch.
        centres: calibrated centres ``(N, D)`` float32.
        centre_counts: ``(N,)`` int64, training images behind each centre; 0 = the anchor was kept.
        thresholds: the validation quantile grids and the chosen share of known to keep.
        anchor_magnitude: α of training.
        anchor_weight: λ of training.
        training: JSON-ready summary of how it was trained.
        name: for people; part of the model id.
        parent: model id of the bundle this one was made from, if any.
        checksum: hex SHA-256; filled in by saving and loading.
    """

    class_names: tuple[str, ...]
    backbone: BackboneSpec
    preprocessing: Preprocessing
    state: dict[str, NDArray[Any]]
    centres: NDArray[np.float32]
    centre_counts: NDArray[np.int64]
    thresholds: Thresholds
    anchor_magnitude: float = 10.0
    anchor_weight: float = 0.1
    training: dict[str, Any] = field(default_factory=dict)
    name: str = "model"
    parent: str | None = None
    checksum: str = ""

    @property
    def model_id(self) -> str:
        """Name and first 12 digits of the checksum: tells two trainings of one name apart."""
        return f"{self.name}@{(self.checksum or _checksum(_document(self), _arrays(self)))[:12]}"


def save_bundle(bundle: ModelBundle, path: str | Path) -> ModelBundle:
    """Write a bundle; the final name only ever holds a whole file, even if the process is killed while writing.

    Returns:
        The bundle with its checksum filled in.

    Raises:
        BundleInvalidError: when the content contradicts itself (nothing is written then).
    """
    target = Path(path)
    document, arrays = _document(bundle), _arrays(bundle)
    _verify(bundle, target)
    checksum = _checksum(document, arrays)
    description = json.dumps({"checksum": checksum, "document": document}, ensure_ascii=False)
    content = safetensors.numpy.save(arrays, {METADATA_KEY: description})
    write_atomically(target, content)
    return _parse(document, arrays, checksum, target)


def load_bundle(path: str | Path) -> ModelBundle:
    """Read and verify a bundle.

    Raises:
        NotABundleError: no such file, a pickle, or a foreign file.
        BundleDamagedError: cut in half, or changed after it was written.
        BundleVersionError: written by a newer version of this package.
        BundleInvalidError: shapes, numbers or names that contradict each other.
    """
    source = Path(path)
    if source.is_dir() or not source.exists():
        what = "is a folder" if source.is_dir() else "does not exist"
        raise NotABundleError(f"model file {source} {what}: give the path of a .cac file written by cac_core.train")
    try:
        content = source.read_bytes()
    except OSError as error:
        raise NotABundleError(
            f"model file {source} cannot be read ({error.strerror}): check its permissions"
        ) from error
    try:
        description = json.loads(_read_description(content, source))
        document = description["document"]
        version = int(document["format_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleDamagedError(
            f"the description inside {source} cannot be read: copy or train the file again"
        ) from error
    if version > FORMAT_VERSION:
        raise BundleVersionError(
            f"{source} has bundle format {version}, this cac_core reads up to {FORMAT_VERSION}: upgrade cac_ros"
        )
    arrays = _read_arrays(content, source)
    checksum = _checksum(document, arrays)
    if checksum != description.get("checksum"):
        raise BundleDamagedError(f"{source} was changed after it was written (its checksum differs): copy it again")
    try:
        bundle = _parse(document, arrays, checksum, source)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleInvalidError(
            f"{source} is not a usable bundle ({first_line(error)}): train the model again"
        ) from error
    _verify(bundle, source)
    return bundle


def _read_description(content: bytes, source: Path) -> str:
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
        raise NotABundleError(f"{source} is not a model bundle: give a .cac file written by cac_core.train")
    try:
        header = json.loads(content[8 : 8 + length])
        metadata = header.get("__metadata__", {})
    except (ValueError, AttributeError) as error:
        raise NotABundleError(f"{source} is not a model bundle: give a .cac file written by cac_core.train") from error
    if not isinstance(metadata, dict) or METADATA_KEY not in metadata:
        raise NotABundleError(
            f"{source} is a safetensors file without a cac_ros description: give a .cac file written by cac_core.train"
        )
    return str(metadata[METADATA_KEY])


def _document(bundle: ModelBundle) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "name": bundle.name,
        "parent": bundle.parent,
        "class_names": list(bundle.class_names),
        "backbone": bundle.backbone.to_dict(),
        "preprocessing": bundle.preprocessing.to_dict(),
        "anchor_magnitude": bundle.anchor_magnitude,
        "anchor_weight": bundle.anchor_weight,
        "known_kept": bundle.thresholds.known_kept,
        "training": bundle.training,
    }


def _read_arrays(content: bytes, source: Path) -> dict[str, NDArray[Any]]:
    try:
        # Copies, because what safetensors gives cannot be written to, and PyTorch warns of such arrays.
        return {name: array.copy() for name, array in safetensors.numpy.load(content).items()}
    except KeyError as error:  # the name of a type, such as BF16; no version of this package wrote one
        raise BundleInvalidError(
            f"{source} holds numbers of type {error}, which NumPy does not have: save the weights as float32"
        ) from error
    except (SafetensorError, ValueError) as error:
        raise BundleDamagedError(f"{source} is damaged ({first_line(error)}): copy or train the file again") from error


def _arrays(bundle: ModelBundle) -> dict[str, NDArray[Any]]:
    own = {
        "centres": np.asarray(bundle.centres, dtype=np.float32),
        "centre_counts": np.asarray(bundle.centre_counts, dtype=np.int64),
        "quantiles": np.asarray(bundle.thresholds.quantiles, dtype=np.float32),
        "class_quantiles": np.asarray(bundle.thresholds.class_quantiles, dtype=np.float32),
        "validation_images": np.asarray(bundle.thresholds.validation_images, dtype=np.int64),
    }
    weights = {_WEIGHTS + name: value for name, value in bundle.state.items()}
    # Copies: safetensors writes the memory behind an array, which must be in C order, and the bundle keeps its own.
    return {name: np.array(value, order="C") for name, value in {**own, **weights}.items()}


def _parse(document: Mapping[str, Any], arrays: Arrays, checksum: str, source: Path) -> ModelBundle:
    missing = [k for k in _OWN if k not in arrays]
    if missing:
        raise BundleInvalidError(f"{source} lacks the tensors {', '.join(missing)}: train the model again")
    return ModelBundle(
        class_names=tuple(document["class_names"]),
        backbone=BackboneSpec.from_dict(document["backbone"]),
        preprocessing=Preprocessing.from_dict(document["preprocessing"]),
        state={k.removeprefix(_WEIGHTS): v for k, v in arrays.items() if k.startswith(_WEIGHTS)},
        centres=arrays["centres"],
        centre_counts=arrays["centre_counts"],
        thresholds=Thresholds(
            quantiles=arrays["quantiles"],
            class_quantiles=arrays["class_quantiles"],
            known_kept=float(document["known_kept"]),
            validation_images=arrays["validation_images"],
        ),
        anchor_magnitude=float(document["anchor_magnitude"]),
        anchor_weight=float(document["anchor_weight"]),
        training=dict(document["training"]),
        name=str(document["name"]),
        parent=document["parent"],
        checksum=checksum,
    )


def _verify(bundle: ModelBundle, source: Path) -> None:
    n = len(bundle.class_names)
    th, backbone, preprocessing = bundle.thresholds, bundle.backbone, bundle.preprocessing
    grid = GRID_STEPS + 1
    checks = (
        (n >= 2, f"it has {n} known class(es), at least two are needed"),
        (all(isinstance(c, str) and c for c in bundle.class_names), "a class has no name"),
        (len(set(bundle.class_names)) == n, "two classes have the same name"),
        (
            bundle.centres.ndim == 2 and bundle.centres.shape[0] == n,
            f"{n} classes but centres of shape {tuple(bundle.centres.shape)}",
        ),
        (_finite(bundle.centres), "a centre is not finite"),
        (bundle.centre_counts.shape == (n,), "the counts behind the centres do not fit the classes"),
        (backbone.num_classes == bundle.centres.shape[-1], "the backbone's logits and the centres differ in size"),
        (backbone.image_size == preprocessing.image_size, "backbone and preprocessing differ in image size"),
        (backbone.channels == preprocessing.channels, "backbone and preprocessing differ in channels"),
        (
            th.quantiles.shape == (grid,) and th.class_quantiles.shape == (n, grid),
            "the threshold grid has a wrong shape",
        ),
        (_finite(th.quantiles) and _finite(th.class_quantiles), "a threshold is not finite"),
        (_increasing(th.quantiles) and _increasing(th.class_quantiles), "a threshold grid decreases"),
        (0.0 < th.known_kept <= 1.0, f"the share of known to keep is {th.known_kept}"),
        (all(_finite(v) for v in bundle.state.values()), "a weight is not finite"),
    )
    for fine, reason in checks:
        if not fine:
            raise BundleInvalidError(f"{source} cannot be used as a model: {reason}; train it again")


def _finite(values: NDArray[Any]) -> bool:
    return bool(np.isfinite(values).all())


def _increasing(grid: NDArray[np.float32]) -> bool:
    return bool((grid[..., 1:] >= grid[..., :-1]).all())


def _checksum(document: Mapping[str, Any], arrays: Arrays) -> str:
    """SHA-256 of a bundle's content. The types are called as PyTorch does: ids of models must never change."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=True).encode())
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(f"{name} torch.{value.dtype.name} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
