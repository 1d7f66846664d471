# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch on CUDA: pinned uploads of uint8 pixels and one CUDA graph for each batch size.

A small network on a GPU spends its time launching kernels from Python; a CUDA graph launches all of them at once. It
needs fixed shapes and fixed addresses, hence the buffers that are made once and filled again for every batch. Captured
by hand and not by ``torch.compile(mode="reduce-overhead")``, which would need a C compiler on the robot and half a
minute at every start.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cac_core.bundle import ModelBundle
from cac_core.engines.common import static_parts
from cac_core.engines.device_resize import area_resized, source_pixels
from cac_core.engines.torch_engine import TorchEngine, without_tf32
from cac_core.preprocessing import Frame, resize
from cac_core.support.errors import first_line

_WARM_UPS = 3  # before a capture, as PyTorch's documentation asks: libraries allocate and choose on first use


class _Static(NamedTuple):
    """What one batch size runs with: always the same addresses.

    Attributes:
        host: pinned uint8 ``(B, S, S, C)``.
        pixels: the same on the device; the network's input.
        run: computes logits ``(B, D)`` from ``pixels``.
    """

    host: Tensor
    pixels: Tensor
    run: Callable[[], Tensor]


class CudaEngine(TorchEngine):
    """Runs a bundle with torch on CUDA. Not for two threads at once.

    Everything but the pinning and the capture works on the CPU as well, and is tested there.

    Args:
        bundle: the model, in the precision to compute in; see :class:`TorchEngine`.
        device: ``auto``, ``cuda`` or ``cuda:N``.
    """

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        super().__init__(bundle, device)
        self._on_gpu = self._device.type == "cuda"
        self._static: dict[int, _Static] = {}
        self._uploads = _no_buffers()

    @torch.inference_mode()
    def _logits(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        # The current device belongs to the thread, and the thread that loaded the model is not the one that works.
        with torch.cuda.device(self._device.index if self._on_gpu else -1):
            logits, start = [], 0
            for count in static_parts(len(frames)):
                if count not in self._static:
                    self._static[count] = self._make_static(count)
                logits.append(self._run(frames[start : start + count], self._static[count]))
                start += count
            return np.concatenate(logits)

    def _shrink(self, count: int) -> None:
        super()._shrink(count)
        self._static.clear()
        self._uploads = _no_buffers()
        torch.cuda.empty_cache()

    def _run(self, frames: Sequence[Frame], static: _Static) -> NDArray[np.float32]:
        sources = [source_pixels(frame, self._preprocessing) for frame in frames]
        if all(source is not None for source in sources):
            uploaded = self._upload([source for source in sources if source is not None])
            for row, frame, pixels in zip(static.pixels, frames, uploaded, strict=True):
                row.copy_(area_resized(pixels, frame.order, self._preprocessing.image_size))
        else:
            for row, frame in zip(static.host.numpy(), frames, strict=True):
                row[...] = resize(frame, self._preprocessing)
            static.pixels.copy_(static.host, non_blocking=True)
        # cpu() waits for the GPU, so the buffers are free for the next batch.
        logits: NDArray[np.float32] = static.run().cpu().numpy()
        return logits

    def _upload(self, sources: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """Copy frames of any sizes to the device at once, through a pinned buffer that grows to the largest batch."""
        total = sum(source.size for source in sources)
        if self._uploads[0].numel() < total:
            self._uploads = (
                torch.empty(total, dtype=torch.uint8, pin_memory=self._on_gpu),
                torch.empty(total, dtype=torch.uint8, device=self._device),
            )
        host, pixels = self._uploads
        flat, uploaded, start = host.numpy(), [], 0
        for source in sources:
            end = start + source.size
            flat[start:end].reshape(source.shape)[...] = source
            uploaded.append(pixels[start:end].view(source.shape))
            start = end
        pixels[:total].copy_(host[:total], non_blocking=True)
        return uploaded

    def _make_static(self, count: int) -> _Static:
        p = self._preprocessing
        shape = (count, p.image_size, p.image_size, p.channels)
        host = torch.zeros(shape, dtype=torch.uint8, pin_memory=self._on_gpu)
        pixels = torch.zeros(shape, dtype=torch.uint8, device=self._device)
        if not self._on_gpu:
            return _Static(host, pixels, lambda: self._graph(pixels))
        with without_tf32():
            return _Static(host, pixels, self._captured(pixels))

    def _captured(self, pixels: Tensor) -> Callable[[], Tensor]:
        """The network over ``pixels`` as a CUDA graph; as it is, with a note, if it cannot be captured."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._graph(pixels)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        try:
            # thread_local: while this captures, another thread may use the GPU, with the model that is being replaced.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                logits: Tensor = self._graph(pixels)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = first_line(error)
            self.notes = (*self.notes, f"this network runs without a CUDA graph, which is slower ({reason})")
            return lambda: self._graph(pixels)

        def replay() -> Tensor:
            graph.replay()
            return logits

        return replay


def _no_buffers() -> tuple[Tensor, Tensor]:
    return torch.empty(0, dtype=torch.uint8), torch.empty(0, dtype=torch.uint8)
