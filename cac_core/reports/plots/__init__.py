# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of the reports: a file per picture, a pure function from arrays to a plotly figure."""
