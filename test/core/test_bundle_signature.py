# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Signed models: what was signed by a trusted key is loaded, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from cac_core.bundle import load_bundle, save_bundle
from cac_core.bundle.container import METADATA_KEY, signature_in
from cac_core.bundle.files import sign_bundle
from cac_core.bundle.signature import public_key, read_private_key
from cac_core.support.errors import BundleUntrustedError, CacError
from test.core.bundles import rewrite, tiny_bundle

pytest.importorskip("cryptography", reason="pip install -r requirements/signing.txt")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from cac_core import sign


def pem(key: Any, password: bytes | None = None) -> bytes:
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden))


KEY, OTHER = (ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
TRUSTED = [public_key(KEY)]


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.cac"
    save_bundle(tiny_bundle(), path)
    sign_bundle(path, path, KEY)
    return path


def set_signature(path: Path, signature: object) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA_KEY])
    description["signature"] = signature
    path.write_bytes(safetensors.numpy.save(safetensors.numpy.load(content), {METADATA_KEY: json.dumps(description)}))


def test_a_signed_model_is_loaded_with_and_without_keys_and_keeps_its_id(signed: Path) -> None:
    assert load_bundle(signed, TRUSTED).model_id == load_bundle(signed).model_id == tiny_bundle().model_id
    assert load_bundle(signed, ["0" * 64, *TRUSTED]).model_id == tiny_bundle().model_id


def test_what_is_not_signed_or_by_somebody_else_is_refused(signed: Path) -> None:
    with pytest.raises(BundleUntrustedError, match="signed with a key that is not one of trusted_keys"):
        load_bundle(signed, [public_key(OTHER)])
    save_bundle(tiny_bundle(), signed)
    with pytest.raises(BundleUntrustedError, match="is not signed, and only signed models are trusted"):
        load_bundle(signed, TRUSTED)


def test_whatever_is_changed_after_signing_is_refused(signed: Path) -> None:
    """Somebody who knows the format makes the checksum right again and keeps the signature."""
    signature = signature_in(signed.read_bytes())
    original = signed.read_bytes()

    def change_weight(tensors: dict[str, np.ndarray]) -> None:
        next(value for name, value in tensors.items() if name.startswith("backbone.")).flat[0] += 1

    for document, tensors in (
        (lambda d: d.update(name="tinz"), None),
        (lambda d: d.update(known_kept=1.0), None),
        (lambda d: d["class_names"].reverse(), None),
        (None, change_weight),
        (None, lambda t: t["centres"].__imul__(2)),
        (None, lambda t: t["quantiles"].__iadd__(1)),
        (None, lambda t: t.update({"backbone.further": np.zeros(1, np.float32)})),
    ):
        signed.write_bytes(original)
        rewrite(signed, document, tensors)
        set_signature(signed, signature)
        with pytest.raises(BundleUntrustedError, match="was changed after it was signed"):
            load_bundle(signed, TRUSTED)


@pytest.mark.parametrize(
    "signature",
    [
        None, "", [], {}, 7, {"key": TRUSTED[0]}, {"key": TRUSTED[0], "signature": None},
        {"key": TRUSTED[0], "signature": "zz"}, {"key": TRUSTED[0], "signature": "00" * 64}, {"key": TRUSTED},
        {"key": None, "signature": "00" * 64}, {"key": [], "signature": {}},
    ],
)  # fmt: skip
def test_nonsense_for_a_signature_is_refused(signed: Path, signature: object) -> None:
    set_signature(signed, signature)
    with pytest.raises(BundleUntrustedError):
        load_bundle(signed, TRUSTED)
    assert load_bundle(signed).name == "tiny", "without trusted keys nobody looks at it"


def test_the_signature_of_another_model_is_refused(signed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.cac"
    save_bundle(tiny_bundle(seed=1), other)
    set_signature(other, signature_in(signed.read_bytes()))
    with pytest.raises(BundleUntrustedError, match="was changed after it was signed"):
        load_bundle(other, TRUSTED)


def test_without_the_package_nothing_is_trusted(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.exceptions", None)
    with pytest.raises(BundleUntrustedError, match="cannot be checked without the package cryptography"):
        load_bundle(signed, TRUSTED)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no private key"),
        (b"no key", "holds no private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "of another kind"),
        (pem(KEY, b"secret"), "has a passphrase"),
    ],
    ids=["empty", "text", "another kind", "passphrase"],
)
def test_what_is_no_key_is_told(content: bytes, sentence: str) -> None:
    with pytest.raises(CacError, match=sentence):
        read_private_key(content)


def test_the_command_signs_and_prints_the_public_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, key, out = tmp_path / "tiny.cac", tmp_path / "key.pem", tmp_path / "signed.cac"
    save_bundle(tiny_bundle(), model)
    key.write_bytes(pem(KEY))
    assert sign.main([str(model), "--key", str(key), "--out", str(out)]) == 0
    assert TRUSTED[0] in capsys.readouterr().out
    assert load_bundle(out, TRUSTED).model_id == load_bundle(model).model_id
    assert signature_in(model.read_bytes()) is None
