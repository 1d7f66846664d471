# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors whose message is a sentence for the user and says what to do next."""


class CacError(Exception):
    """Base of every error this package raises on purpose; command lines print its message and exit with 2."""


class DataError(CacError):
    """Something is wrong with folders, images or labels."""


class TrainingError(CacError):
    """Training cannot start or cannot go on."""


class DeviceError(CacError):
    """The device that was asked for by name is not there."""


class EngineError(CacError):
    """An inference engine is not installed, cannot run this model, or failed on a batch."""


class DisagreementError(EngineError):
    """An engine computes other logits than those stored with the model: one of them is wrong."""


class VariantMissingError(EngineError):
    """A model file has no variant of the precision that was asked for."""


class BundleError(CacError):
    """A model file cannot be used; the subclasses say why."""


class NotABundleError(BundleError):
    """The file is something else: missing, a pickle, a foreign safetensors file."""


class BundleDamagedError(BundleError):
    """The file was cut or changed after it was written."""


class BundleVersionError(BundleError):
    """The file was written by a newer version of this package."""


class BundleInvalidError(BundleError):
    """The file is whole but its content contradicts itself."""


class BundleUntrustedError(BundleError):
    """The file is not signed by anybody who is trusted."""


def first_line(error: BaseException) -> str:
    """What an error of another library says, cut to its first line; the name of its kind when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
