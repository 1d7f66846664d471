# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_ros.teach --model shop.cac --photos photos/ --harvest harvest/``."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cac_core.support import console, pulse
from cac_core.support.command import Command, run
from cac_core.support.errors import CacError
from cac_ros.teach.config import TeachConfig

if TYPE_CHECKING:
    from cac_ros.teach.desk import Desk
    from cac_ros.teach.view import View

NOTES = """more examples:
  python -m cac_ros.teach --model shop.cac --photos photos --harvest harvest
  python -m cac_ros.teach --model shop.cac --photos photos --camera 0
  python -m cac_ros.teach --model shop.cac --photos photos --harvest harvest --node /cac_classifier --host 0.0.0.0

It needs the packages of requirements/teach.txt (pip install '.[teach]'), and PyTorch to teach (pip install '.[train]').
"""

COMMAND = Command(
    TeachConfig,
    "python -m cac_ros.teach --model shop.cac --photos photos --harvest harvest --node /cac_classifier",
    notes=NOTES,
)


def main(words: Sequence[str] | None = None) -> int:
    """Serve the page as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load a web server, OpenCV and OpenVINO: --help answers at once.
    try:
        from cac_ros.teach.web.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise CacError(f"The page needs the package {error.name}: pip install '.[teach]'.") from error
    from cac_ros.teach.desk import Desk
    from cac_ros.teach.lessons import Lessons
    from cac_ros.teach.places import Places

    photos, model = config.photos.expanduser().resolve(), config.model.expanduser().resolve()
    places = Places(
        harvest=config.harvest.expanduser().resolve(),
        photos=photos,
        other=(config.other or photos.with_name(photos.name + "_other")).expanduser().resolve(),
        state=(config.state or model.with_name(model.name + ".teach")).expanduser().resolve(),
    )
    desk = Desk(places, model, Lessons(places, config.device, config.threads))
    try:
        desk.view = _view(config, desk)
        # A server is silent, and Ctrl-C is how it ends.
        with pulse.doing("serving", lambda _: None), contextlib.suppress(KeyboardInterrupt):
            serve(desk, config.host, config.port, lambda address: console.out.print(f"open {address}", highlight=False))
    finally:
        desk.close()
    return 0


def _view(config: TeachConfig, desk: Desk) -> View | None:
    if config.node:
        try:
            from cac_ros.teach.robot import Robot
        except ModuleNotFoundError as error:
            raise CacError(
                f"--node needs ROS 2, and {error.name} is not there: source ROS, or leave --node out."
            ) from error
        return Robot(config.node)
    if config.camera >= 0:
        from cac_ros.teach.usb_camera import UsbCamera

        return UsbCamera(config.camera, desk.decide())
    return None


if __name__ == "__main__":
    run(main)
