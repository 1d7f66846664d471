# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.sign model.cac --key key.pem``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support import console
from cac_core.support.command import Command, run


@dataclass(frozen=True)
class SignConfig:
    """Sign a model file, so that a node with the parameter trusted_keys accepts it and no other.

    Attributes:
        model: the bundle, a .cac file.
        key: private Ed25519 key in PEM. Keep it away from the robot.
        out: the file to write; the model's own name when omitted.
    """

    model: Path
    key: Path
    out: Path | None = None


COMMAND = Command(
    SignConfig,
    "python -m cac_core.sign shop.cac --key key.pem",
    positional=("model",),
    notes="""\
Make a key once:
  openssl genpkey -algorithm ed25519 -out key.pem
The command prints the public key. Give it to the node: -p trusted_keys:="[PUBLIC KEY]".
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Sign as the command line says."""
    config = COMMAND.parse(words)
    from cac_core.bundle.files import sign_bundle
    from cac_core.bundle.signature import public_key, read_private_key
    from cac_core.support.limits import KEY_BYTES
    from cac_core.support.regular_files import read_regular_file

    key = read_private_key(read_regular_file(config.key, KEY_BYTES))
    path = config.out or config.model
    bundle = sign_bundle(config.model, path, key)
    console.out.print(
        f"{path}  {bundle.model_id}, public key {public_key(key)}", markup=False, highlight=False, soft_wrap=True
    )
    return 0


if __name__ == "__main__":
    run(main)
