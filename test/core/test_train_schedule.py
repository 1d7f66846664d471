# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The two-stage schedule of section 4.1, and which precision is chosen where."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cac_core.support.devices import cpu_multiplies_bf16
from cac_core.training.config import ScheduleConfig
from cac_core.training.precision import choose_precision, depthwise_in_float32
from cac_core.training.stopping import Step, TwoStage


def run(losses: Sequence[float], **config: Any) -> tuple[TwoStage, list[Any]]:
    state = TwoStage()
    return state, [state.observe(loss, ScheduleConfig(**config)) for loss in losses]


def test_a_stage_lasts_while_the_anchor_loss_falls_up_to_its_limit() -> None:
    state, steps = run([5, 4, 3, 2], epochs=3, second_epochs=1, patience=2)
    assert steps == [Step.GO_ON, Step.GO_ON, Step.SECOND_STAGE, Step.FINISH]
    assert state.epochs == (3, 1)
    assert state.finished


def test_a_stage_has_converged_after_patience_epochs_without_a_lower_loss() -> None:
    state, steps = run([5, 4, 4, 6, 3.9, 5, 5], epochs=100, second_epochs=100, patience=2)
    assert steps == [Step.GO_ON] * 3 + [Step.SECOND_STAGE, Step.GO_ON, Step.GO_ON, Step.FINISH]
    assert state.epochs == (4, 3)
    assert state.best == 3.9


def test_the_best_weights_are_those_of_the_lowest_loss_of_both_stages() -> None:
    state = TwoStage()
    config = ScheduleConfig(epochs=2, second_epochs=2)
    improved = []
    for loss in (5.0, 3.0, 4.0, 2.0):
        state.observe(loss, config)
        improved.append(state.improved)
    assert improved == [True, True, False, True]


def test_a_decrease_below_min_delta_does_not_count() -> None:
    _, steps = run([5, 4.99, 4.98], epochs=100, second_epochs=0, patience=2, min_delta=0.1)
    assert steps == [Step.GO_ON, Step.GO_ON, Step.FINISH]


def test_without_second_epochs_there_is_one_stage() -> None:
    state, steps = run([5], epochs=1, second_epochs=0)
    assert steps == [Step.FINISH]
    assert state.epochs == (1, 0)


@pytest.mark.parametrize(
    ("cpuinfo", "answer"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 avx512f avx512_bf16 sha_ni\n", True),
        ("flags\t\t: fpu amx_tile amx_bf16\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),  # torch would emulate it here, slowly
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_bf16_is_taken_only_from_a_cpu_that_has_its_instructions(cpuinfo: str, answer: bool) -> None:
    assert cpu_multiplies_bf16(cpuinfo) is answer


def test_an_explicit_precision_is_obeyed() -> None:
    cpu = torch.device("cpu")
    assert [choose_precision(p, cpu) for p in ("float32", "bf16", "fp16")] == ["32-true", "bf16-mixed", "16-mixed"]


def small_network() -> tuple[nn.Sequential, nn.Conv2d]:
    """A pointwise, a depthwise and a frozen depthwise convolution; and the second of them by itself."""
    torch.manual_seed(0)
    pointwise, depthwise = nn.Conv2d(4, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8)
    network = nn.Sequential(pointwise, depthwise, nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8))
    network[3].requires_grad_(False)
    return network, depthwise


def inputs_of(network: nn.Sequential, images: Tensor) -> list[tuple[torch.dtype, torch.dtype]]:
    """The dtype of what each layer gets and gives under bf16 autocast."""
    seen = []
    hooks = [m.register_forward_hook(lambda _, i, o: seen.append((i[0].dtype, o.dtype))) for m in network]
    with torch.autocast("cpu", torch.bfloat16):
        network(images).float().sum().backward()
    for hook in hooks:
        hook.remove()
    return seen


def test_depthwise_convolutions_that_learn_compute_in_float32() -> None:
    (network, depthwise), images, cpu = small_network(), torch.randn(2, 4, 8, 8), torch.device("cpu")
    outside = inputs_of(network, images)
    assert depthwise.weight.grad is not None
    low = depthwise.weight.grad.clone()
    network.zero_grad()
    with depthwise_in_float32(network, cpu):
        assert "forward" in vars(network[1])
        assert "forward" not in vars(network[0])  # not depthwise
        assert "forward" not in vars(network[3])  # has no gradient to compute
        assert inputs_of(network, images) == outside  # its neighbours see no difference
        x = network[0](images).bfloat16()
        with torch.autocast("cpu", torch.bfloat16):
            inside = network[1](x)
        exact = F.conv2d(x.float(), depthwise.weight, depthwise.bias, padding=1, groups=8)
        torch.testing.assert_close(inside, exact.bfloat16(), rtol=0, atol=0)
    torch.testing.assert_close(depthwise.weight.grad, low, rtol=0.05, atol=0.05)
    assert all("forward" not in vars(layer) for layer in network)


def test_depthwise_convolutions_are_restored_and_untouched_on_a_gpu() -> None:
    network, _ = small_network()
    with pytest.raises(KeyboardInterrupt), depthwise_in_float32(network, torch.device("cpu")):
        raise KeyboardInterrupt
    assert "forward" not in vars(network[1])
    with depthwise_in_float32(network, torch.device("cuda")):
        assert "forward" not in vars(network[1])
