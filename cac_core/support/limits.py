# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The limits of every input. They are checked before anything is allocated; what exceeds one gets a sentence."""

MODEL_BYTES = 1 << 31
"""Largest model file [bytes]: 2 GiB, half a billion weights in float32."""

MODEL_HEADER_BYTES = 1 << 24
"""Largest description inside a model file [bytes]: 16 MiB."""

NAME_BYTES = 255
"""Longest name of a class or a model [bytes of UTF-8]: a name of a folder can be no longer."""

CLASSES = 10_000
"""Most known classes of a model."""

NETWORK_SIDE = 2048
"""Largest side of a network's square input [pixels]."""
