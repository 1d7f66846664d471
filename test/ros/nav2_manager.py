# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for nav2's lifecycle manager, which needs C++: the same requests in the same order, and the same waits.

Read in nav2_lifecycle_manager of Jazzy, Kilted and Lyrical; where they differ, the shortest wait is taken. What its
nodes notice of it:

- It first waits, without end, for `get_state` of every node.
- A transition has no time limit, and whether it succeeded is read from `get_state` afterwards, which has to answer
  within 2 s. What `change_state` answered is not looked at, so a node that is already there counts as done.
- Up goes in the order of `node_names`, down in the reverse one. The first node that fails ends the command; those
  before it stay as they are. Only shutdown goes on to its next step.
- With `bond_timeout` above 0 it expects a heartbeat on `/bond` of each node that it has activated, else bring-up fails.
"""

from collections.abc import Sequence
from typing import Any

import rclpy
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

PATIENCE = 120.0  # [s]; where the manager would wait for ever
SERVICE_WAIT = 5.0  # [s]; for change_state to be there
STATE_WAIT = 2.0  # [s]; for get_state to be there, and to answer

EXPECTED = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: State.PRIMARY_STATE_FINALIZED,
}
UP = (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)


class Nav2Manager:
    """The commands of the manager; each returns whether it would report success."""

    def __init__(self, domain: int, node_names: Sequence[str]) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("lifecycle_manager", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._names = list(node_names)
        create = self._node.create_client
        self._change: dict[str, Any] = {name: create(ChangeState, f"{name}/change_state") for name in node_names}
        self._state: dict[str, Any] = {name: create(GetState, f"{name}/get_state") for name in node_names}
        for name in node_names:
            assert self._state[name].wait_for_service(PATIENCE), name

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def startup(self) -> bool:
        return self._all(Transition.TRANSITION_CONFIGURE) and self._all(Transition.TRANSITION_ACTIVATE)

    def pause(self) -> bool:
        return self._all(Transition.TRANSITION_DEACTIVATE)

    def resume(self) -> bool:
        return self._all(Transition.TRANSITION_ACTIVATE)

    def reset(self) -> bool:
        return self._all(Transition.TRANSITION_DEACTIVATE) and self._all(Transition.TRANSITION_CLEANUP)

    def shutdown(self) -> bool:
        for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
            self._all(transition)
        return self._all(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)  # the manager itself always reports success

    def states(self) -> list[int]:
        """The state of each node, in the order of the names."""
        return [self._get_state(name) for name in self._names]

    def publishers_of_bonds(self) -> int:
        return int(self._node.count_publishers("/bond"))

    def _all(self, transition: int) -> bool:
        names = self._names if transition in UP else reversed(self._names)
        return all(self._one(name, transition) for name in names)

    def _one(self, name: str, transition: int) -> bool:
        assert self._change[name].wait_for_service(SERVICE_WAIT), f"{name}/change_state is not available"
        request = ChangeState.Request(transition=Transition(id=transition))
        self._call(self._change[name], request, PATIENCE)
        return bool(self._get_state(name) == EXPECTED[transition])

    def _get_state(self, name: str) -> int:
        assert self._state[name].wait_for_service(STATE_WAIT), f"{name}/get_state is not available"
        return int(self._call(self._state[name], GetState.Request(), STATE_WAIT).current_state.id)

    def _call(self, client: Any, request: Any, timeout: float) -> Any:
        future = client.call_async(request)
        self._executor.spin_until_future_complete(future, timeout)
        assert future.done(), f"{client.srv_name} did not answer within {timeout:g} s"
        return future.result()
