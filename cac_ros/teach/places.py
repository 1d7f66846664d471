# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folders that the page works in. Nothing outside of them is read or written."""

from dataclasses import dataclass
from pathlib import Path

from cac_core.support.names import same_form
from cac_ros.photos.class_names import class_name


@dataclass(frozen=True)
class Places:
    """Where everything lies, as absolute paths.

    Attributes:
        harvest: what the node saved.
        photos: one folder of photos for each class.
        other: photos of things that stay unknown.
        state: everything that the page keeps: the log of moves, models, thumbnails, discarded frames.
    """

    harvest: Path
    photos: Path
    other: Path
    state: Path

    @property
    def discarded(self) -> Path:
        """Frames that nobody wants; they are moved there and not deleted."""
        return self.state / "discarded"

    @property
    def models(self) -> Path:
        """Models that the page taught."""
        return self.state / "models"

    @property
    def lesson(self) -> Path:
        """What the newest teaching works with."""
        return self.state / "lesson"

    def class_folder(self, name: object) -> Path:
        """The folder of a class: the one that is there, also if it is spelt in another Unicode form.

        Raises:
            DataError: the name cannot be that of a class.
        """
        wanted = class_name(name)
        folders = [each for each in folders_in(self.photos) if same_form(each.name) == wanted]
        return folders[0] if folders else self.photos / wanted


def folders_in(root: Path) -> list[Path]:
    """Folders directly below a folder, without hidden ones, sorted; none if it does not exist."""
    try:
        return sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError:
        return []
