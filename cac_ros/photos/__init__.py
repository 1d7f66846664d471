# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From recordings and cameras to training photos: what is worth keeping, and where it goes."""
