# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the library that a robot without PyTorch imports: from a model file and frames to decisions."""

TORCH_FREE = (
    "cac_core",
    "cac_core.backbones.options",
    "cac_core.backbones.spec",
    "cac_core.bundle",
    "cac_core.bundle.checks",
    "cac_core.bundle.container",
    "cac_core.bundle.content",
    "cac_core.bundle.files",
    "cac_core.bundle.onnx_file",
    "cac_core.decision",
    "cac_core.engines",
    "cac_core.engines.common",
    "cac_core.engines.onnx_engine",
    "cac_core.engines.openvino_engine",
    "cac_core.engines.openvino_quietly",
    "cac_core.pictures",
    "cac_core.predictor",
    "cac_core.preprocessing",
    "cac_core.support.allocator",
    "cac_core.support.bounded_read",
    "cac_core.support.console",
    "cac_core.support.devices",
    "cac_core.support.errors",
    "cac_core.support.files",
    "cac_core.support.limits",
    "cac_core.support.names",
    "cac_core.thresholds",
)
