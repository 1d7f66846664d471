# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: the fields of :class:`NodeSettings` are the table. No ROS in this file.

Everything else is derived from it: the declaration (``declaration.py``), the checks (``checks.py``),
``config/classifier.yaml`` and the table of the documentation (``text.py``).
"""

from dataclasses import dataclass, fields
from typing import Any

from cac_ros.parameters.specification import ParameterSpec, parameter

NOTHING = ("",)
NO_TOPICS = NOTHING
"""The default of lists. ROS cannot tell the type of an empty list, so it holds one empty text."""

NO_RANGE = (0.0, 0.0)
"""The default of a range."""

_AT_CONFIGURE: dict[str, Any] = {
    "fixed": "it is read when the node is configured; clean the node up first, or restart it with the new value",
    "unconfigured": True,
}


@dataclass(frozen=True)
class NodeSettings:
    """The values of all parameters. Each field is a row of the table."""

    model_path: str = parameter(
        "",
        "Path of the model bundle (.cac), on the machine that runs the node. It is loaded when the node is configured.",
        fixed="a configured node changes its model through the service ~/load_model",
        unconfigured=True,
    )
    models_folder: str = parameter(
        "",
        "Folder that ~/load_model may take models from, with its subfolders. Links must not lead out of it. A path "
        "that does not begin with / counts from it. Empty = any path.",
        fixed="it protects the node; restart the node with the new value",
    )
    trusted_keys: tuple[str, ...] = parameter(
        NOTHING,
        "Public keys that cac_core.sign printed. Every model must be signed with one of them, and the node refuses "
        'all others. It needs the package cryptography. [""] = models need no signature.',
        fixed="it protects the node; restart the node with the new value",
    )
    device: str = parameter(
        "auto",
        "Where the model runs: cpu, cuda:N, or auto. auto is the first CUDA device, or the CPU if there is none.",
        **_AT_CONFIGURE,
    )
    engine: str = parameter(
        "auto",
        "Inference engine: torch or another installed one, or auto. auto is the fastest one for this model.",
        **_AT_CONFIGURE,
    )
    threads: int = parameter(
        0,
        "Number of CPU threads for the model. 0 = the engine decides. It has no effect on a GPU.",
        **_AT_CONFIGURE,
        low=0,
        high=1024,
    )
    precision: str = parameter(
        "auto",
        "Number format of the network. int8, bf16 and fp16 are faster. Each is a variant that the model file must "
        "hold, with centres and thresholds of its own; python -m cac_core.export writes it. auto is float32, or on a "
        "CPU the fastest variant that is as good as float32.",
        **_AT_CONFIGURE,
        choices=("auto", "float32", "int8", "bf16", "fp16"),
    )
    image_topics: tuple[str, ...] = parameter(
        NO_TOPICS,
        "Topics of several cameras that share one model, such as [/front/image_raw, /rear/image_raw]. Each camera "
        'has its own outputs, for example ~/front/image_raw/classification. [""] = one camera, on the topic '
        "image.",
        **_AT_CONFIGURE,
    )
    image_transport: str = parameter(
        "raw",
        "Which topic is read: raw, compressed or auto. raw reads image (sensor_msgs/Image). compressed reads "
        "image/compressed (sensor_msgs/CompressedImage). auto reads raw if somebody publishes it, and compressed "
        "if not. It holds for each topic of image_topics.",
        **_AT_CONFIGURE,
        choices=("raw", "compressed", "auto"),
    )
    reduced_jpeg: bool = parameter(
        False,
        "Decode JPEG images at a half, a quarter or an eighth of their size, as long as that is at least twice "
        "what the network sees. This saves 15 to 40 % of the decoding time at 1920x1080 and more. It changes the "
        "scores a little, and with them the decision on some frames near the threshold.",
    )
    depth_range: tuple[float, ...] = parameter(
        NO_RANGE,
        "Values that become black and white, such as [0.3, 5.0], for images of distances and other raw numbers: "
        "32FC1 [m], 16UC1, 16SC1 and mono16 [as the camera counts; 16UC1 of a depth camera: mm]. Values between become "
        "grey. A pixel without a value (NaN, 0) is black. Training photos need the same range. [0.0, 0.0] = not given: "
        "such images are unknown (BAD_FRAME), and mono16 is read over its whole range.",
        **_AT_CONFIGURE,
    )
    reliability: str = parameter(
        "auto",
        "Reliability of each image subscription. auto follows the publishers on the topic.",
        **_AT_CONFIGURE,
        choices=("auto", "best_effort", "reliable"),
    )
    known_kept: float = parameter(
        -1.0,
        "Share of known objects that the threshold keeps, measured on the validation images of the model. -1 = "
        "the share chosen when the model was trained. It has no effect while threshold is 0 or more.",
        low=0.0,
        high=1.0,
        low_excluded=True,
        special=-1.0,
    )
    threshold: float = parameter(
        -1.0,
        "A frame is known when its rejection score is at or below this value [no unit, scale of the score]. -1 = "
        "derive it from known_kept.",
        low=0.0,
        high=1e38,  # the scores are float32, and no larger number has one
        special=-1.0,
    )
    per_class_thresholds: bool = parameter(
        False,
        "Derive one threshold for each class from known_kept, instead of one for all. A class with too few "
        "validation images keeps the common threshold. The node refuses it when every class has too few. It has "
        "no effect while threshold is 0 or more.",
    )
    publish_rejection_scores: bool = parameter(
        True,
        "Fill rejection_scores, one score for each class, in every classification.",
    )
    unknown_share_tolerance: float = parameter(
        0.5,
        "/diagnostics warns when too many of the last 300 frames are unknown: when their share exceeds the share "
        "on the validation images by more than this. 1 = never warn, for a camera that mostly shows unknown "
        "things.",
        low=0.0,
        high=1.0,
    )
    decision_frames: int = parameter(
        0,
        "Number of last frames that vote on the steady decision on ~/decision. 0 = do not publish it.",
        **_AT_CONFIGURE,
        low=2,
        high=1000,
        special=0,
    )
    decision_votes: int = parameter(
        0,
        "Number of the decision_frames that must agree before the decision changes. It must be more than half of "
        "them. 0 = just more than half.",
        **_AT_CONFIGURE,
        low=0,
        high=1000,
    )
    dark_limit: float = parameter(
        0.0,
        "A frame is unknown (reason TOO_DARK) when 95 % of its pixels are darker than this share of white. The "
        "model does not see such a frame. 0 = do not check. Try 0.05.",
        low=0.0,
        high=1.0,
    )
    bright_limit: float = parameter(
        1.0,
        "A frame is unknown (reason TOO_BRIGHT) when 95 % of its pixels are brighter than this share of white. "
        "The model does not see such a frame. 1 = do not check. Try 0.98.",
        low=0.0,
        high=1.0,
    )
    frozen_after: float = parameter(
        0.0,
        "A frame is unknown (reason FROZEN) when the camera has sent the same picture, bit for bit, for this long "
        "[s]. The model does not see such a frame. 0 = do not check. Use it for real cameras only: a simulated "
        "one may repeat a picture. Try 1.0.",
        low=0.0,
        high=3600.0,
    )
    classify_regions: bool = parameter(
        False,
        "Also classify the boxes that a detector found in the images. The boxes arrive on the topic regions "
        "(cac_msgs/RegionArray). Where vision_msgs is installed, they also arrive on detections "
        "(vision_msgs/Detection2DArray).",
        **_AT_CONFIGURE,
    )
    harvest_folder: str = parameter(
        "",
        "Folder in which unknown frames are saved. You can label them and train on them. A frame that looks like "
        "a saved one is left out. With image_topics each camera has its own folder in it. Empty = save none.",
        **_AT_CONFIGURE,
    )
    harvest_period: float = parameter(
        1.0,
        "Shortest time between two saved frames [s].",
        **_AT_CONFIGURE,
        low=0.0,
        high=86400.0,
    )
    harvest_quota: float = parameter(
        1000.0,
        "Largest total size of the pictures in harvest_folder [MB]. Pictures of earlier runs count. With "
        "image_topics each camera may fill an equal part.",
        **_AT_CONFIGURE,
        low=0.0,
    )
    harvest_margin: float = parameter(
        0.0,
        "Also save frames whose rejection score is near the threshold: it differs from the threshold by at most this "
        "share of it. Labels of such frames teach the most. Known frames are saved for this reason only. 0 = save "
        "unknown frames only. Try 0.2.",
        **_AT_CONFIGURE,
        low=0.0,
        high=1.0,
    )
    debug_image_rate: float = parameter(
        10.0,
        "Highest rate of annotated images on ~/debug_image and ~/debug_image/compressed [Hz]. 0 = none. They are "
        "drawn only while somebody subscribes.",
        low=0.0,
        high=100.0,
    )
    autostart: bool = parameter(
        True,
        "Configure and activate the node when it starts. If that fails, the process ends with an error. false = "
        "wait for a lifecycle manager.",
        fixed="it only matters when the node starts",
    )
    on_hang: str = parameter(
        "report",
        "What happens when the engine works on one frame for more than 5 s. /diagnostics and the log say so after 2 s "
        "in any case. restart = the process ends with status 75, so that systemd or a launch file starts it again.",
        choices=("report", "restart"),
    )
    diagnostics_period: float = parameter(
        1.0,
        "Time between two messages on /diagnostics [s].",
        fixed="the timer is created when the node starts; restart the node with the new value",
        low=0.1,
        high=60.0,
    )
    input_timeout: float = parameter(
        5.0,
        "Without an image for this long [s], the log and /diagnostics say why none arrives.",
        low=0.5,
        high=3600.0,
    )

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in trusted_keys; empty if models need no signature."""
        return () if self.trusted_keys == NOTHING else self.trusted_keys

    @property
    def depth(self) -> tuple[float, ...] | None:
        """The limits in depth_range; None if they are not given."""
        return None if self.depth_range == NO_RANGE else self.depth_range

    @property
    def cameras(self) -> tuple[str, ...]:
        """The topics in image_topics; empty if the node reads the one topic ``image``."""
        return () if self.image_topics == NO_TOPICS else self.image_topics


TABLE: tuple[ParameterSpec, ...] = tuple(
    ParameterSpec(name=field.name, default=field.default, **field.metadata)  # type: ignore[arg-type]
    for field in fields(NodeSettings)
)
"""One row for each parameter, in the order of :class:`NodeSettings`."""
