# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's equations, written down literally in float64 with NumPy: what the library is compared with."""

import math

import numpy as np
from numpy.typing import NDArray


def distances(z: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:  # eq. 1
    return np.array([[math.sqrt(sum((a - b) ** 2 for a, b in zip(x, c, strict=True))) for c in centres] for x in z])


def softmin(d: NDArray[np.float64]) -> NDArray[np.float64]:  # eq. 3
    return np.array([[math.exp(-di) / sum(math.exp(-dk) for dk in row) for di in row] for row in d])


def tuplet(d: NDArray[np.float64], y: NDArray[np.integer]) -> NDArray[np.float64]:  # eq. 2
    return np.array(
        [
            math.log(1 + sum(math.exp(row[t] - dj) for j, dj in enumerate(row) if j != t))
            for row, t in zip(d, y, strict=True)
        ]
    )


def anchor(d: NDArray[np.float64], y: NDArray[np.integer]) -> NDArray[np.float64]:  # eq. 4
    return np.array([row[t] for row, t in zip(d, y, strict=True)])


def cac(d: NDArray[np.float64], y: NDArray[np.integer], weight: float) -> NDArray[np.float64]:  # eq. 5
    return tuplet(d, y) + weight * anchor(d, y)


def known_unknown(
    d: NDArray[np.float64],
) -> NDArray[np.float64]:  # the entropic open-set loss of [7] with eq. 3, less its smallest value
    return np.array(
        [np.mean([-math.log(len(row) * s) for s in row_s]) for row, row_s in zip(d, softmin(d), strict=True)]
    )


def rejection_scores(d: NDArray[np.float64]) -> NDArray[np.float64]:  # eq. 8
    return d * (1 - softmin(d))


def decide(gamma: NDArray[np.float64], theta: float) -> NDArray[np.int64]:  # eq. 9
    return np.array([-1 if min(row) > theta else int(np.argmin(row)) for row in gamma])
