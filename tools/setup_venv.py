# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Make `.venv`: a real ROS 2 from PyPI, PyTorch, and cac_msgs built into it. Needs only the standard library.

Run by every target of the Makefile. Three stages, each done again only when what it was made from has changed:

1. packages: everything in requirements/, exactly pinned;
2. messages: cac_msgs, built with cmake and installed into the environment's own prefix, so that
   `.venv/bin/python -c "import cac_msgs.msg"` works without sourcing anything;
3. cac_ros: this repository, installed as editable, so that its console scripts are in `.venv/bin`.

A stage's stamp is written when it has ended well. An environment whose packages have no stamp was interrupted half-way
and is made anew (the downloads are still in pip's cache).
"""

import sys

OLDEST, NEWEST = (3, 10), (3, 13)
if sys.version_info[:2] < OLDEST or sys.version_info[:2] > NEWEST:  # before anything an older Python cannot run
    import shutil

    names = ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [name for name in names if shutil.which(name)]
    hint = found[0] if found else "/path/to/python3.12"
    sys.exit(
        "error: Python %d.%d is not supported, 3.10 to 3.13 are: ROS 2 from PyPI exists for these; choose one with: "
        "make PYTHON=%s demo. With Python 3.14 use ROS 2 Lyrical (docs/install.md), or the library alone: "
        "pip install '.[train]'" % (sys.version_info[0], sys.version_info[1], hint)
    )

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".setup"  # log, lock and the build folder of cac_msgs
LOG = WORK / "setup.log"
PIP = "pip==26.3"
REQUIREMENTS = (
    "robot.txt", "core.txt", "ros.txt", "build.txt", "export.txt", "quantise.txt", "photos.txt", "signing.txt",
    "teach.txt", "fleet.txt", "letters.txt", "video.txt", "test.txt",
)  # fmt: skip
ROBOT = ("robot.txt", "ros.txt", "build.txt")  # an environment without PyTorch
CONSTRAINTS = "constraints.txt"  # the versions of what those depend on
STAMP = "cac_ros-setup.json"  # inside the environment: which stages are done, and from what
NEEDED_GB = 10  # the environment takes 7 GB, pip's downloads 3 GB
ROBOT_NEEDED_GB = 2
TAIL_LINES = 15


class SetupError(Exception):
    """A sentence for the user."""


# ---------------------------------------------------------------------------------------------------------------------
# What the machine has


def missing_tools() -> tuple[list[str], list[str]]:
    """What is missing to build cac_msgs, in words, and the Debian packages that bring it."""
    version = "python3.%d" % sys.version_info[1]
    wanted = [
        ("a C and C++ compiler", "build-essential", all(map(shutil.which, ("cc", "c++")))),
        ("make", "build-essential", shutil.which("make") is not None),
        ("cmake", "cmake", shutil.which("cmake") is not None),
        ("Python's venv module", version + "-venv", _has_venv()),
        ("Python's header files", version + "-dev", Path(sysconfig.get_path("include"), "Python.h").exists()),
    ]
    absent = [(words, package) for words, package, present in wanted if not present]
    return [words for words, _ in absent], sorted({package for _, package in absent})


def _has_venv() -> bool:
    """Debian ships `venv` without `ensurepip` until python3-venv is installed."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def check_machine() -> None:
    """Raise SetupError with one sentence when this machine cannot hold the environment."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise SetupError(
            "ROS 2 from PyPI exists for Linux on x86_64 only, and this is %s on %s; install ROS 2 Jazzy or newer, "
            "then follow docs/install.md." % (platform.system(), platform.machine())
        )
    words, packages = missing_tools()
    if words:
        listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
        verb = "is" if len(words) == 1 and not words[0].endswith("files") else "are"
        raise SetupError("%s %s missing; install with: sudo apt install %s" % (listed, verb, " ".join(packages)))


def check_disk(needed_gb: int) -> None:
    """Raise SetupError when the environment would not fit."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            "the environment needs about %d GB and %s has %.1f GB free; make room and run again."
            % (needed_gb, ROOT, free_gb)
        )


def clean_environment(venv: Path) -> dict[str, str]:
    """The caller's environment without what a sourced ROS 2 or another environment put there."""
    env = dict(os.environ)
    prefixes = [prefix for prefix in env.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    libraries = [
        folder
        for folder in env.get("LD_LIBRARY_PATH", "").split(os.pathsep)
        if folder and not any(Path(prefix) in (Path(folder), *Path(folder).parents) for prefix in prefixes)
    ]
    for name in (
        "AMENT_PREFIX_PATH",
        "CMAKE_PREFIX_PATH",
        "COLCON_PREFIX_PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "RMW_IMPLEMENTATION",
        "_ROS_WHEELS_BOOTSTRAP_COMPLETE",  # set by the wheels; a child in another environment would skip its own paths
    ):
        env.pop(name, None)
    env["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    env["PATH"] = str(venv / "bin") + os.pathsep + env.get("PATH", "")
    env["VIRTUAL_ENV"] = str(venv)
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PYTHONUNBUFFERED"] = "1"
    return env


# ---------------------------------------------------------------------------------------------------------------------
# Steps the user sees


def run_step(title: str, command: list[str], env: dict[str, str]) -> None:
    """Run a command with its output in the log; show the title, the seconds and, on a terminal, the last line.

    Raises:
        SetupError: the command failed; the message ends with the last lines of its output.
    """
    live = sys.stdout.isatty()
    started = time.monotonic()
    say("  %s ..." % title, end="" if live else "\n")
    with LOG.open("a+b") as log:
        log.write(("\n$ %s\n" % " ".join(command)).encode())
        log.flush()
        start_of_output = log.seek(0, os.SEEK_END)
        child = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    child.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    if live:
                        show_progress(title, time.monotonic() - started, last_line(start_of_output))
        except BaseException:
            child.terminate()
            child.wait()
            raise
    seconds = time.monotonic() - started
    if child.returncode == -signal.SIGINT:
        raise KeyboardInterrupt
    if child.returncode != 0:
        say("")
        lines = LOG.read_bytes()[start_of_output:].decode(errors="replace").splitlines()[-TAIL_LINES:]
        raise SetupError(
            "%s failed (exit code %d). Its last lines:\n%s\nThe whole output is in %s"
            % (title, child.returncode, "\n".join("    " + line for line in lines), LOG)
        )
    say("%s  %s: %.1f s" % ("\r\033[K" if live else "", title, seconds))


def show_progress(title: str, seconds: float, line: str) -> None:
    """One line that overwrites itself: what runs, how long, and the newest line of its output."""
    text = "  %s ... %.0f s  " % (title, seconds)
    room = shutil.get_terminal_size().columns - len(text) - 1
    say("\r\033[K%s\033[2m%s\033[0m" % (text, line[: max(room, 0)]), end="")


def last_line(start: int) -> str:
    """The newest non-empty line of the log after byte `start`."""
    with LOG.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(start, size - 2000))
        lines = log.read().decode(errors="replace").split("\n")
    printable = (re.sub(r"\x1b\[[0-9;]*m|[^ -~]", "", line).strip() for line in reversed(lines))
    return next((line for line in printable if line), "")


def say(text: str, end: str = "\n") -> None:
    """Write to standard output at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


# ---------------------------------------------------------------------------------------------------------------------
# Stages and their stamps


def digest(paths: list[Path], *facts: str) -> str:
    """SHA-256 over the names and contents of files and some further facts."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(fact.encode() + b"\0")
    for path in paths:
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def wanted_stamps(venv: Path, python: str, names: Sequence[str] = REQUIREMENTS) -> dict[str, str]:
    """What each stage should have been made from. A later stage depends on the earlier ones."""
    packages = digest([ROOT / "requirements" / name for name in (*names, CONSTRAINTS)], str(venv), python, PIP)
    sources = sorted(path for path in (ROOT / "cac_msgs").rglob("*") if path.is_file())
    return {
        "packages": packages,
        "messages": digest(sources, packages),
        "cac_ros": digest([ROOT / "setup.py", ROOT / "setup.cfg"], packages, str(ROOT)),
    }


def read_stamp(venv: Path) -> dict[str, str]:
    """The stages done so far, and "python", the environment's version; empty when there is none or it is unreadable."""
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Replace the stamp in one go."""
    temporary = venv / (STAMP + ".new")
    temporary.write_text(json.dumps(stamp, indent=1) + "\n")
    temporary.replace(venv / STAMP)


def create_environment(venv: Path, env: dict[str, str], needed_gb: int) -> None:
    """Make an empty environment with the pinned pip, over nothing or over one that this script made.

    Raises:
        SetupError: the folder holds something that this script did not make.
    """
    check_disk(needed_gb)
    if venv.exists():
        if not (venv / STAMP).exists() and any(venv.iterdir()):
            raise SetupError("%s was not made by this setup; move it away or delete it, then run again." % venv)
        shutil.rmtree(venv)
    venv.mkdir(parents=True)
    write_stamp(venv, {})  # from here on the folder is ours to delete, also when interrupted
    title = "create %s with Python %s" % (venv.name, platform.python_version())
    run_step(title, [sys.executable, "-m", "venv", str(venv)], env)
    run_step("install " + PIP, [str(venv / "bin" / "python"), "-m", "pip", "install", PIP], env)


def install_packages(venv: Path, env: dict[str, str], names: Sequence[str]) -> None:
    """Install these files of requirements/ in one resolution."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off"]
    command += ["-c", str(ROOT / "requirements" / CONSTRAINTS)]
    for name in names:
        command += ["-r", str(ROOT / "requirements" / name)]
    size = "3 GB" if "core.txt" in names else "300 MB"
    run_step("install packages (about %s to download, once)" % size, command, env)


def build_messages(venv: Path, env: dict[str, str]) -> None:
    """Build cac_msgs and install it into the environment's prefix, where the ROS wheels have their own libraries."""
    python = venv / "bin" / "python"
    build = WORK / "build_cac_msgs"
    shutil.rmtree(build, ignore_errors=True)
    correct_include_folders(venv, python, env)
    remove_messages(venv)
    env = dict(env, AMENT_PREFIX_PATH=str(venv), CMAKE_PREFIX_PATH=str(venv))
    configure = [
        "cmake",
        "-S",
        str(ROOT / "cac_msgs"),
        "-B",
        str(build),
        "-DCMAKE_INSTALL_PREFIX=%s" % venv,
        "-DCMAKE_BUILD_TYPE=Release",
        "-DPython3_EXECUTABLE=%s" % python,
        "-DBUILD_TESTING=OFF",
    ]
    run_step("configure cac_msgs", configure, env)
    run_step("build cac_msgs", ["cmake", "--build", str(build), "--parallel", str(os.cpu_count() or 1)], env)
    run_step("install cac_msgs", ["cmake", "--install", str(build)], env)
    run_step(
        "check that a message travels",
        [
            str(python),
            "-c",
            "from cac_msgs.msg import OpenSetClassification as M; from rclpy.serialization import *; "
            "assert deserialize_message(serialize_message(M(label='cup')), M).label == 'cup'",
        ],
        env,
    )


def correct_include_folders(venv: Path, python: Path, env: dict[str, str]) -> None:
    """Put this machine's folders into the wheels' CMake files, which name those of the machine that built them."""
    query = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
    answer = subprocess.run([str(python), "-c", query], env=env, check=True, capture_output=True, text=True)
    python_include, numpy_include = answer.stdout.splitlines()
    for path in (venv / "share").rglob("*.cmake"):
        text = path.read_text()
        if "/opt/python/" in text:
            text = re.sub(r"/opt/python/[^/;\"]+/include/python3\.\d+t?", python_include, text)
            text = re.sub(r"/opt/python/[^;\"]+/numpy/_?core/include", numpy_include, text)
            path.write_text(text)


def remove_messages(venv: Path) -> None:
    """Delete an earlier cac_msgs, so that a message that was removed or renamed does not live on."""
    for pattern in (
        "share/cac_msgs",
        "share/ament_index/resource_index/*/cac_msgs",
        "include/cac_msgs",
        "lib/libcac_msgs__*",
        "lib/python3*/site-packages/cac_msgs",
        "lib/python3*/site-packages/cac_msgs-*",
    ):
        for path in venv.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def install_cac_ros(venv: Path, env: dict[str, str]) -> None:
    """Install this repository as editable: its modules stay here, its console scripts go to the environment."""
    pip = [str(venv / "bin" / "python"), "-m", "pip"]
    run_step("install cac_ros (editable)", [*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], env)


@contextlib.contextmanager
def only_one_setup() -> Iterator[None]:
    """Hold the lock, so that two makes at once do not work on the same environment."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another setup of this folder to end ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(venv: Path, keep_python: bool, robot: bool = False) -> None:
    """Bring the environment up to date.

    Args:
        venv: Absolute path of the environment.
        keep_python: Reuse an environment made with another supported Python than the one that runs this script.
        robot: Only what answers frames, without PyTorch.

    Raises:
        SetupError: with a sentence for the user.
    """
    stamp = read_stamp(venv)
    this_python = "%d.%d" % sys.version_info[:2]
    python = stamp.get("python", this_python) if keep_python else this_python
    names = ROBOT if robot else REQUIREMENTS
    wanted = wanted_stamps(venv, python, names)
    if {**wanted, "python": python} == stamp and (venv / "bin" / "python").exists():
        return  # the usual case, in a few milliseconds

    check_machine()
    LOG.write_text("")
    started = time.monotonic()
    env = clean_environment(venv)
    say("Setting up %s (full output: %s)" % (venv, LOG))

    usable = "packages" in stamp and stamp.get("python") == python and (venv / "bin" / "python").exists()
    if not usable:
        create_environment(venv, env, ROBOT_NEEDED_GB if robot else NEEDED_GB)
        stamp, python = {}, this_python
        wanted = wanted_stamps(venv, python, names)

    def packages(venv: Path, env: dict[str, str]) -> None:
        install_packages(venv, env, names)

    for stage, work in (("packages", packages), ("messages", build_messages), ("cac_ros", install_cac_ros)):
        if stamp.get(stage) != wanted[stage]:
            stamp.pop(stage, None)
            write_stamp(venv, stamp)
            work(venv, env)
            stamp.update({stage: wanted[stage], "python": python})
            write_stamp(venv, stamp)
    say("Ready after %.0f s." % (time.monotonic() - started))


def main() -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make or bring up to date the virtual environment of this repository.")
    parser.add_argument("--venv", type=Path, help="where (default: .venv in the repository, .venv_robot with --robot)")
    parser.add_argument("--robot", action="store_true", help="only what a robot needs, without PyTorch")
    parser.add_argument("--keep-python", action="store_true", help="reuse an environment of another supported Python")
    arguments = parser.parse_args()
    try:
        with only_one_setup():
            venv = arguments.venv or ROOT / (".venv_robot" if arguments.robot else ".venv")
            set_up(venv.absolute(), arguments.keep_python, arguments.robot)
    except SetupError as error:
        sys.stderr.write("error: %s\n" % error)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; run the same command again to go on.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
