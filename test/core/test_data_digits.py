# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The digit trials keep training, validation and test apart."""

import numpy as np
import pytest
import torch

from cac_core.data import digit_picture, load_digits_trial
from cac_core.preprocessing import Frame, Preprocessing, resize
from cac_core.support.errors import DataError

SMALL = Preprocessing(16, channels=1, mean=(0.5,), std=(0.5,))


@pytest.mark.parametrize("trial", range(5))
def test_no_digit_is_in_two_parts_and_only_test_holds_unknown_ones(trial: int) -> None:
    data = load_digits_trial("neal2018", trial, SMALL)
    parts = (data.train, data.validation, data.validation_unknown, data.test)
    paths = [path for part in parts for path in part.paths]
    assert len(paths) == len(set(paths)) == 1797
    assert sorted(set(data.train.labels.tolist())) == sorted(set(data.validation.labels.tolist())) == [0, 1, 2, 3, 4, 5]
    assert set(data.validation_unknown.labels.tolist()) == {-1}
    assert set(data.test.labels.tolist()) == {-1, 0, 1, 2, 3, 4, 5}
    assert len(data.validation) / (len(data.train) + len(data.validation)) == pytest.approx(0.2, abs=0.01)


def test_labels_say_what_the_picture_shows() -> None:
    data = load_digits_trial("neal2018", 1, SMALL)
    assert data.test.class_names == ("0", "3", "5", "7", "8", "9")
    for digit, label in zip(data.test_digits.tolist(), data.test.labels.tolist(), strict=True):
        assert label == (data.split.known.index(digit) if digit in data.split.known else -1)


def test_all_trials_hold_out_the_same_digits() -> None:
    indices = [load_digits_trial("neal2018", trial, SMALL).test_indices for trial in range(5)]
    for other in indices[1:]:
        np.testing.assert_array_equal(indices[0], other)


def test_a_camera_picture_of_a_digit_is_what_the_network_was_given() -> None:
    data = load_digits_trial("neal2018", 0, SMALL)
    for i in (0, 10, 100):
        picture = digit_picture(int(data.test_indices[i]))
        assert picture.shape == (480, 480)
        assert torch.equal(torch.from_numpy(resize(Frame(picture, "grey"), SMALL)), data.test.images[i])


def test_the_trial_must_exist() -> None:
    with pytest.raises(DataError, match="no trial 9"):
        load_digits_trial("neal2018", 9, SMALL)
