# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle: one file that holds everything inference needs.

A safetensors file with the weights, the centres and the threshold grids, and those of the variants. Its metadata holds
a JSON document with class names, backbone, preprocessing, anchors and a training summary, and a checksum over all of
it. Nothing is ever unpickled. A node that is given a bundle needs no other file and cannot use another preprocessing by
mistake. No PyTorch in this room: :func:`cac_core.model.build_model` makes a network of a bundle.
"""

from cac_core.bundle.files import load_bundle, save_bundle
from cac_core.bundle.model_bundle import FORMAT_VERSION, ModelBundle

__all__ = ["FORMAT_VERSION", "ModelBundle", "load_bundle", "save_bundle"]
