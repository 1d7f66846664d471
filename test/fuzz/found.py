# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kept corpus: inputs that once broke a reader, as damage to one of its seeds. A new find becomes a line here."""

from test.fuzz.damage import Step

FOUND: list[tuple[str, int, list[Step], str]] = []
"""Target, number of its seed, the damage as hypothesis prints it, and what it did."""
