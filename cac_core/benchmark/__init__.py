# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's tables and figures, each by one command: ``python -m cac_core.benchmark table1 --data-root DIR``."""
