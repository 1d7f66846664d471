# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page: routes, their protection, the server. Starlette and uvicorn are imported in this room only."""
