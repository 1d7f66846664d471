# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m cac_ros.parameters`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cac_core.support.command import Command, run
from cac_ros.parameters.text import markdown_text, yaml_text


@dataclass(frozen=True)
class ParametersConfig:
    """Print the node's parameters as text.

    Attributes:
        markdown: a Markdown table instead of config/classifier.yaml.
    """

    markdown: bool = False


COMMAND = Command(ParametersConfig, "python -m cac_ros.parameters --markdown")


def main(words: Sequence[str] | None = None) -> int:
    """Write the YAML file or the Markdown table to standard output."""
    sys.stdout.write(markdown_text() if COMMAND.parse(words).markdown else yaml_text())
    return 0


if __name__ == "__main__":
    run(main)
