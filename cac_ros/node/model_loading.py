# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One model is loaded at a time, in a thread of its own, and a loading that hangs can be given up."""

from collections.abc import Callable

from cac_core.support.errors import CacError
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.background import Background
from cac_ros.parameters import NodeSettings


class ModelLoading:
    """Loads models for the node. All methods are called from the executor's thread."""

    def __init__(self) -> None:
        self._work: Background[ActiveModel] | None = None

    def now(self, path: str, settings: NodeSettings, goes_on: Callable[[], bool]) -> ActiveModel:
        """Load and wait for it.

        Args:
            path: of the model.
            settings: values of the parameters.
            goes_on: false ends the wait; the loading is then given up.

        Raises:
            CacError: see :meth:`ActiveModel.load`; or it was given up.
        """
        work = self._start(path, settings)
        try:
            model = work.wait(goes_on)
        finally:
            self._work = None
        if model is None:
            raise CacError("the node was asked to end while the model loaded")
        return model

    async def later(self, path: str, settings: NodeSettings) -> ActiveModel:
        """Load while the executor goes on; raises CacError."""
        work = self._start(path, settings)
        try:
            return await work
        finally:
            if self._work is work:
                self._work = None

    def give_up(self) -> None:
        """End the wait for a model that is being loaded, if there is one; its thread is left behind."""
        if self._work is not None:
            self._work.give_up(CacError("the node was cleaned up while the model loaded"))
            self._work = None

    def _start(self, path: str, settings: NodeSettings) -> Background[ActiveModel]:
        if self._work is not None:
            raise CacError("another model is being loaded; call again when it is done, or clean the node up")
        self._work = Background(lambda: ActiveModel.load(path, settings))
        return self._work
