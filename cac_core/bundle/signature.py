# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Signatures of bundles: Ed25519 over everything that decides, so that a robot can insist on models of its makers.

The signature stands in the file's metadata beside the checksum and is part of neither: signing a model leaves its id as
it was. Signing needs the package ``cryptography``, and so does a robot that checks; nothing else of cac_ros needs it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cac_core.bundle.model_bundle import Arrays
from cac_core.support.errors import BundleUntrustedError, CacError, first_line

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PURPOSE = b"cac_ros model bundle, signature 1"  # a signature for anything else says nothing about a model
_KEY = re.compile(r"[0-9a-f]{64}")
_INSTALL = "install it with: pip install cryptography"


def key_problem(key: str) -> str:
    """What is wrong with a public key, as the end of a sentence; empty if nothing is."""
    return "" if _KEY.fullmatch(key) else "must be the 64 hexadecimal digits that cac_core.sign prints"


def read_private_key(pem: bytes) -> Ed25519PrivateKey:
    """A private key as ``openssl genpkey -algorithm ed25519`` writes it.

    Raises:
        CacError: the package is missing, or the file holds no such key.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise CacError(f"signing needs the package cryptography: {_INSTALL}") from error
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise CacError("the key has a passphrase, which is not asked for: decrypt it with openssl pkey") from error
    except Exception as error:
        raise CacError(f"the file holds no private key in PEM ({first_line(error)[:100]})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CacError("the key is of another kind: make one with openssl genpkey -algorithm ed25519 -out key.pem")
    return key


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half of a key as 64 hexadecimal digits: the form of the parameter ``trusted_keys``."""
    return str(key.public_key().public_bytes_raw().hex())


def sign(key: Ed25519PrivateKey, document: Mapping[str, Any], arrays: Arrays) -> dict[str, str]:
    """The signature of a bundle's content, ready for JSON."""
    return {"key": public_key(key), "signature": key.sign(_message(document, arrays)).hex()}


def check_signature(
    signature: object, document: Mapping[str, Any], arrays: Arrays, trusted_keys: Sequence[str], source: str
) -> None:
    """See that somebody who is trusted signed a bundle.

    Args:
        signature: as :func:`sign` gave it, or whatever a file of a stranger holds in its place.
        document: of the bundle.
        arrays: of the bundle.
        trusted_keys: public keys, 64 hexadecimal digits each.
        source: the path, for the sentences of errors.

    Raises:
        BundleUntrustedError: nobody signed it, somebody else did, it was changed afterwards, or it cannot be checked.
    """
    if not isinstance(signature, dict):
        raise BundleUntrustedError(
            f"{source} is not signed, and only signed models are trusted: sign it with cac_core.sign"
        )
    key, value = signature.get("key"), signature.get("signature")
    if not isinstance(key, str) or key not in trusted_keys:
        raise BundleUntrustedError(f"{source} is signed with a key that is not one of trusted_keys")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise BundleUntrustedError(
            f"the signature of {source} cannot be checked without the package cryptography: {_INSTALL}"
        ) from error
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(str(value)), _message(document, arrays))
    except (InvalidSignature, ValueError, TypeError) as error:
        raise BundleUntrustedError(
            f"{source} does not match its signature: it was changed after it was signed"
        ) from error


def _message(document: Mapping[str, Any], arrays: Arrays) -> bytes:
    """What is signed. Each piece follows its length, so no two contents give the same bytes."""
    digest = hashlib.sha512()

    def add(piece: bytes | memoryview) -> None:
        digest.update(memoryview(piece).nbytes.to_bytes(8, "big"))
        digest.update(piece)

    add(json.dumps(document, sort_keys=True, ensure_ascii=True).encode())
    for name in sorted(arrays):
        value = arrays[name]
        add(name.encode("utf-8", "surrogatepass"))
        add(f"{value.dtype.str} {value.shape}".encode())
        add(np.ascontiguousarray(value).data)
    return _PURPOSE + digest.digest()
