# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a bundle as a file, and read one that may be damaged, foreign or hostile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cac_core.bundle.checks import bundle_problem
from cac_core.bundle.container import container, read_container, signature_in
from cac_core.bundle.model_bundle import ModelBundle, arrays_of, bundle_of, checksum_of, document_of
from cac_core.bundle.signature import check_signature, sign
from cac_core.support.errors import BundleDamagedError, BundleInvalidError, CacError, NotABundleError, first_line
from cac_core.support.files import write_atomically
from cac_core.support.limits import MODEL_BYTES
from cac_core.support.names import one_line
from cac_core.support.regular_files import UnreadableFileError, read_regular_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def save_bundle(bundle: ModelBundle, path: str | Path) -> ModelBundle:
    """Write a bundle; the final name only ever holds a whole file, even if the process is killed while writing.

    Returns:
        The bundle with its checksum filled in.

    Raises:
        BundleInvalidError: when the content contradicts itself (nothing is written then).
    """
    target = Path(path)
    document, arrays = document_of(bundle), arrays_of(bundle)
    _verify(bundle, one_line(str(target)))
    checksum = checksum_of(document, arrays)
    write_atomically(target, container(arrays, document, checksum))
    return bundle_of(document, arrays, checksum)


def sign_bundle(path: str | Path, out: str | Path, key: Ed25519PrivateKey) -> ModelBundle:
    """Write a bundle again with a signature; its content and its id stay the same.

    Raises:
        CacError: what :func:`load_bundle` raises, or the file cannot be written.
    """
    bundle = load_bundle(path)
    document, arrays = document_of(bundle), arrays_of(bundle)
    content = container(arrays, document, checksum_of(document, arrays), sign(key, document, arrays))
    write_atomically(Path(out), content)
    return bundle


def load_bundle(path: str | Path, trusted_keys: Sequence[str] = ()) -> ModelBundle:
    """Read and verify a bundle.

    Args:
        path: of the file.
        trusted_keys: public keys, of which one must have signed it; none = it need not be signed.

    Raises:
        NotABundleError: no such file, a pickle, or a foreign file.
        BundleUntrustedError: nobody with one of the keys signed it.
        BundleDamagedError: cut in half, or changed after it was written.
        BundleVersionError: written by a newer version of this package.
        BundleInvalidError: shapes, numbers or names that contradict each other.
    """
    try:
        content = read_regular_file(path, MODEL_BYTES)
    except UnreadableFileError as error:
        raise NotABundleError(f"model file {error}: give the path of a .cac file written by cac_core.train") from error
    source = one_line(str(path))
    document, arrays, claimed = read_container(content, source)
    signature = signature_in(content) if trusted_keys else None
    del content  # as large as all arrays together, which are copies
    try:
        checksum = checksum_of(document, arrays)
    except RecursionError as error:
        raise BundleInvalidError(
            f"the description inside {source} is nested too deeply: train the model again"
        ) from error
    if checksum != claimed:
        raise BundleDamagedError(f"{source} was changed after it was written (its checksum differs): copy it again")
    if trusted_keys:
        check_signature(signature, document, arrays, trusted_keys, source)
    try:
        bundle = bundle_of(document, arrays, checksum)
    except (CacError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BundleInvalidError(
            f"{source} is not a usable bundle ({one_line(first_line(error))[:200]}): train the model again"
        ) from error
    _verify(bundle, source)
    return bundle


def _verify(bundle: ModelBundle, source: str) -> None:
    if problem := bundle_problem(bundle):
        raise BundleInvalidError(f"{source} cannot be used as a model: {problem}; train it again")
