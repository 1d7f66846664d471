# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m cac_ros.parameters`."""

import argparse
import sys

from cac_ros.parameters.text import markdown_text, yaml_text


def main() -> None:
    """Write the YAML file or the Markdown table to standard output."""
    parser = argparse.ArgumentParser(prog="python -m cac_ros.parameters", description="The node's parameters as text.")
    parser.add_argument("--markdown", action="store_true", help="a Markdown table instead of config/classifier.yaml")
    sys.stdout.write(markdown_text() if parser.parse_args().markdown else yaml_text())


if __name__ == "__main__":
    main()
