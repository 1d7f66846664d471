# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Backbones: networks that map an image to N logits. What to build (``spec``) is known without PyTorch."""
