# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small helpers that know nothing of the method: console, errors, files, devices."""
