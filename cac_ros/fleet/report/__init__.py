# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages of a fleet: one about all recordings, and a small one about each recording that it shows."""
