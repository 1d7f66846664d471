# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The other systems of the paper's Table 1, and two later ones.

Each trains networks of its own and gives a representation to score.

One file per system. What a system trains ends as one network from images to a representation ``(B, D)``; a score of
:mod:`cac_core.benchmark.scores` reads it. So the systems are stored, resumed and measured like every other network.
Where a paper leaves something open, the file says what was chosen. All of it runs at the width and with the number of
epochs of the benchmark's recipe, not with those of the papers.
"""

from cac_core.benchmark.systems.arpl import train_arpl
from cac_core.benchmark.systems.c2ae import train_c2ae
from cac_core.benchmark.systems.crosr import train_crosr
from cac_core.benchmark.systems.g_openmax import train_g_openmax
from cac_core.benchmark.systems.gfror import train_gfror
from cac_core.benchmark.systems.job import TrainSystem
from cac_core.benchmark.systems.osrci import train_osrci
from cac_core.benchmark.systems.supcon import train_supcon

__all__ = ["SYSTEMS"]

SYSTEMS: dict[str, TrainSystem] = {
    "c2ae": train_c2ae,
    "crosr": train_crosr,
    "gfror": train_gfror,
    "osrci": train_osrci,
    "g-openmax": train_g_openmax,
    "arpl": train_arpl,
    "supcon": train_supcon,
}
"""How to train each system, by the name that ``--systems`` takes."""
