# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happens with a frame after its answer was published: drawing, voting, saving, other messages."""
