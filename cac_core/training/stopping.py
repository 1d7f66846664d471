# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's two-stage schedule as a small state machine, without any training framework.

Section 4.1 trains to convergence at one learning rate and again at a tenth of it. The authors' code begins the second
stage from the weights with the lowest validation anchor loss; so do we, and the same rule chooses the final weights.
"""

from dataclasses import dataclass
from enum import Enum

from cac_core.training.config import ScheduleConfig


class Step(Enum):
    """What to do after an epoch."""

    GO_ON = "go on"
    SECOND_STAGE = "go on with the second stage from the best weights"
    FINISH = "finish with the best weights"


@dataclass
class TwoStage:
    """Where a training stands; its fields go into checkpoints as they are.

    Attributes:
        stage: 1 or 2; 3 when finished.
        epochs: epochs done in each of the two stages.
        waited: epochs since the validation anchor loss was last lower.
        best: the lowest validation anchor loss so far, over both stages.
        improved: whether the last epoch lowered it.
    """

    stage: int = 1
    epochs: tuple[int, int] = (0, 0)
    waited: int = 0
    best: float = float("inf")
    improved: bool = False

    @property
    def finished(self) -> bool:
        """Whether both stages are done."""
        return self.stage > 2

    def observe(self, anchor_loss: float, config: ScheduleConfig) -> Step:
        """Take the validation anchor loss of one more epoch and say what comes next."""
        self.improved = anchor_loss < self.best - config.min_delta or self.best == float("inf")
        self.waited = 0 if self.improved else self.waited + 1
        if self.improved:
            self.best = anchor_loss
        first, second = self.epochs
        self.epochs = (first + 1, second) if self.stage == 1 else (first, second + 1)
        most = config.epochs if self.stage == 1 else config.second_epochs
        if self.waited < config.patience and self.epochs[self.stage - 1] < most:
            return Step.GO_ON
        self.stage += 1
        self.waited = 0
        if self.stage == 2 and config.second_epochs > 0:
            return Step.SECOND_STAGE
        self.stage = 3
        return Step.FINISH
