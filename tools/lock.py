# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write requirements/constraints.txt: one version of every package, also of those that ours depend on (`make lock`).

The files in requirements/ pin what we import. This pins the rest, so that an installation next year is today's. uv
resolves each supported Python and architecture by itself; equal answers are merged, the others get environment markers.
Versions that still fit are kept. With ``--upgrade`` the newest that fit are taken.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
CONSTRAINTS = REQUIREMENTS / "constraints.txt"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
ANYWHERE = ("core", "export", "quantise", "photos", "signing", "teach", "fleet", "letters", "video", "test")
PLATFORMS = {
    "x86_64": ("x86_64-manylinux_2_28", (*ANYWHERE, "ros", "build")),
    "aarch64": ("aarch64-manylinux_2_35", ANYWHERE),  # the ROS wheels exist for x86_64 only
}
SOURCE_ONLY = ("empy", "notify2", "reuse")  # published without wheels

# REUSE-IgnoreStart
HEADER = """\
# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Every package of the environment, also those that ours depend on. Written by `make lock`; not to be edited by hand.
"""
# REUSE-IgnoreEnd

Environment = tuple[str, str]  # architecture, Python


def resolve(architecture: str, python: str, kept: str) -> dict[str, str]:
    """Versions by package name for one Python on one architecture; those in the text ``kept`` are taken if they fit."""
    platform, names = PLATFORMS[architecture]
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet"]
    command += ["--no-header", "--no-annotate", "--no-strip-extras"]
    command += ["--python-platform", platform, "--python-version", python, "--only-binary", ":all:"]
    for name in SOURCE_ONLY:
        command += ["--no-binary", name]
    files = [str(REQUIREMENTS / f"{name}.txt") for name in names]
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "constraints.txt"
        answer.write_text(kept)
        subprocess.run([*command, *files, "--output-file", str(answer)], check=True, stdout=subprocess.DEVNULL)
        lines = answer.read_text().splitlines()
    found = (re.match(r"([\w.-]+)(?:\[[^]]*\])?==(\S+)", line) for line in lines)
    return {match[1].lower(): match[2] for match in found if match}


def marker(environments: set[Environment], rest: set[Environment]) -> str:
    """The shortest marker that holds in `environments` and in none of `rest`."""
    for architectures in (set(), {"x86_64"}, {"aarch64"}):
        of_these = {
            python for architecture, python in environments if not architectures or architecture in architectures
        }
        others = {python for architecture, python in rest if not architectures or architecture in architectures}
        if of_these & others or (architectures and {architecture for architecture, _ in environments} != architectures):
            continue
        parts = [f'platform_machine == "{architecture}"' for architecture in architectures]
        if others:
            first, last = (sorted(of_these, key=PYTHONS.index)[index] for index in (0, -1))
            inside = set(PYTHONS[PYTHONS.index(first) : PYTHONS.index(last) + 1])
            if inside & others:
                raise ValueError(f"no simple marker for {sorted(environments)}")
            parts += [f'python_version >= "{first}"'] if first != PYTHONS[0] else []
            parts += [f'python_version <= "{last}"'] if last != PYTHONS[-1] else []
        return " and ".join(parts)
    raise ValueError(f"no simple marker for {sorted(environments)}")


def merged(answers: dict[Environment, dict[str, str]]) -> list[str]:
    """Constraint lines that hold in every environment."""
    lines = []
    for name in sorted({name for answer in answers.values() for name in answer}):
        versions: dict[str, set[Environment]] = {}
        for environment, answer in answers.items():
            if name in answer:
                versions.setdefault(answer[name], set()).add(environment)
        for version, environments in sorted(versions.items()):
            rest = {other for found in versions.values() for other in found} - environments
            condition = marker(environments, rest) if rest else ""
            lines.append(f"{name}=={version}" + (f"; {condition}" if condition else ""))
    return lines


def main() -> None:
    """Resolve everything and replace the file."""
    parser = argparse.ArgumentParser(description="Write requirements/constraints.txt.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of those in the file")
    kept = "" if parser.parse_args().upgrade or not CONSTRAINTS.exists() else CONSTRAINTS.read_text()
    answers = {}
    for architecture in PLATFORMS:
        for python in PYTHONS:
            print(f"  resolving {architecture}, Python {python} ...", flush=True)
            answers[architecture, python] = resolve(architecture, python, kept)
    CONSTRAINTS.write_text(HEADER + "\n".join(merged(answers)) + "\n")


if __name__ == "__main__":
    main()
