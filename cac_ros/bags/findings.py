# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was found wrong with a bag."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """What is wrong with a bag, in sentences, and whether messages are missing because of it."""

    sentences: list[str] = field(default_factory=list)
    lost: bool = False

    def add(self, sentence: str, *, lost: bool = True) -> None:
        """Note a sentence once; `lost` tells whether messages are missing because of what it says."""
        self.lost |= lost
        if sentence not in self.sentences:
            self.sentences.append(sentence)
