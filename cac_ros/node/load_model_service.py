# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ``~/load_model``: another model from the next frame on, or the old one and the reason."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from cac_msgs.srv import LoadModel
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode

from cac_core.support.errors import CacError, first_line
from cac_core.support.names import one_line, several_lines
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.model_loading import ModelLoading
from cac_ros.node.published_model import PublishedModel
from cac_ros.parameters import NodeSettings


class LoadModelService:
    """Answers the service.

    Args:
        node: to serve with.
        loading: loads the models.
        in_use: gives the model in use; None while the node is not configured.
        settings: gives the values of the parameters now in force.
        on_swap: called with the new and the old model after the change; if it raises, the change is taken back.
    """

    def __init__(
        self,
        node: LifecycleNode,
        loading: ModelLoading,
        in_use: Callable[[], PublishedModel | None],
        settings: Callable[[], NodeSettings],
        on_swap: Callable[[ActiveModel, ActiveModel], None],
    ) -> None:
        self._node = node
        self._loading = loading
        self._in_use = in_use
        self._settings = settings
        self._on_swap = on_swap
        # Reentrant: while a model loads, the other callbacks must go on, and a second call must get its answer.
        node.create_service(LoadModel, "~/load_model", self._serve, callback_group=ReentrantCallbackGroup())

    async def _serve(self, request: LoadModel.Request, response: LoadModel.Response) -> LoadModel.Response:
        try:
            response.model_id = await self._swap(request.model_path)
            response.success, response.message = True, f"{response.model_id} is used from the next frame on."
        except Exception as error:  # noqa: BLE001 - the caller must get an answer, and the old model works
            expected = isinstance(error, CacError)
            response.success = False
            response.message = one_line(f"The old model stays in use: {error if expected else repr(error)}")
            in_use = self._in_use()
            response.model_id = in_use.model.model_id if in_use else ""
            self._node.get_logger().error(response.message if expected else several_lines(traceback.format_exc()))
        return response

    async def _swap(self, path: str) -> str:
        """Load a model and use it. Raises without a change, or with the old model in use again."""
        in_use = self._in_use()
        if in_use is None:
            raise CacError("the node is not configured; set model_path at its start and configure it")
        settings = self._settings()
        loaded = await self._loading.later(allowed_path(path, settings.models_folder), settings)
        if self._in_use() is not in_use:
            raise CacError("the node was cleaned up while the model loaded")
        before = in_use.model
        model = loaded.with_settings(self._settings())  # thresholds may have changed meanwhile
        in_use.replace(model)
        try:
            self._on_swap(model, before)
        except Exception:
            in_use.replace(before)
            raise
        return model.model_id


def allowed_path(path: str, folder: str) -> str:
    """The file that a caller may load, with every link resolved, so that it is the one that was looked at.

    Args:
        path: that the caller gave.
        folder: the parameter models_folder; empty = any path is allowed, and is returned as it is.

    Raises:
        CacError: it lies elsewhere, or a link leads elsewhere.
    """
    if not folder or not path:
        return path
    try:
        inside = Path(folder).expanduser().resolve(strict=True)
        wanted = (inside / Path(path).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such folder, links in a circle, no path at all
        raise CacError(f"models_folder cannot be looked at, or the path cannot: {first_line(error)}") from error
    if not wanted.is_relative_to(inside):
        raise CacError(f"models are loaded from models_folder ({folder}) only, and {one_line(path)} lies elsewhere")
    return str(wanted)
