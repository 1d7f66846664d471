# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's equations, written down literally in float64 with NumPy: what the library is compared with."""

import math

import numpy as np


def distances(z, centres):  # eq. 1
    return np.array([[math.sqrt(sum((a - b) ** 2 for a, b in zip(x, c, strict=True))) for c in centres] for x in z])


def softmin(d):  # eq. 3
    return np.array([[math.exp(-di) / sum(math.exp(-dk) for dk in row) for di in row] for row in d])


def tuplet(d, y):  # eq. 2
    return np.array(
        [
            math.log(1 + sum(math.exp(row[t] - dj) for j, dj in enumerate(row) if j != t))
            for row, t in zip(d, y, strict=True)
        ]
    )


def anchor(d, y):  # eq. 4
    return np.array([row[t] for row, t in zip(d, y, strict=True)])


def cac(d, y, weight):  # eq. 5
    return tuplet(d, y) + weight * anchor(d, y)


def known_unknown(d):  # the entropic open-set loss of [7] with eq. 3, less its smallest value
    return np.array(
        [np.mean([-math.log(len(row) * s) for s in row_s]) for row, row_s in zip(d, softmin(d), strict=True)]
    )


def rejection_scores(d):  # eq. 8
    return d * (1 - softmin(d))


def decide(gamma, theta):  # eq. 9
    return np.array([-1 if min(row) > theta else int(np.argmin(row)) for row in gamma])
