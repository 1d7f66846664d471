# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages say what the code says, and their links lead somewhere."""

import ast
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cac_ros import parameters
from test.repo.sources import ROOT, tool

DOCS = ROOT / "docs"
HOOK = tool("docs_hook")
PAGES = sorted(DOCS.rglob("*.md"))
ROOT_PAGES = [ROOT / name for name in HOOK.PAGES]
TROUBLE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
SENTENCES = re.findall(r"^### `(.+)`$", TROUBLE, re.MULTILINE)


@pytest.mark.parametrize("name", ["parameters.md", "messages.md"])
def test_the_generated_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == tool("write_docs").PAGES[name](), (
        "run: python tools/write_docs.py"
    )


def test_the_messages_page_has_every_field_and_constant() -> None:
    page = (DOCS / "messages.md").read_text(encoding="utf-8")
    for path in (ROOT / "cac_msgs").glob("*/*.[ms][sr][gv]"):
        section = page.split(f"## `cac_msgs/{path.parent.name}/{path.stem}`\n")[1].split("\n## ")[0]
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "---")):
                name = re.split(r"[\s=]", line)[1]
                assert re.search(rf"^\| `{name}`.* \| `[^`]+` \| \S", section, re.MULTILINE), f"{path.name}: {name}"


def anchors(text: str) -> set[str]:
    """Of the headings of a page, as mkdocs makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", [*ROOT_PAGES, *PAGES], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), target


def test_the_picture_of_the_annotated_image_is_small_and_shown() -> None:
    picture = DOCS / "images" / "debug_image.png"  # by tools/write_picture.py
    assert picture.stat().st_size < 150_000
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert (width, height) == (968, 360)
    assert "](docs/images/debug_image.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](images/debug_image.png)" in (DOCS / "node.md").read_text(encoding="utf-8")


def test_the_gallery_shows_every_picture() -> None:
    shown = re.findall(r"\]\(images/([^)]+)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in (DOCS / "images").iterdir())


def test_every_page_is_in_the_menu_and_the_other_way_round() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = [page.relative_to(DOCS).as_posix() for page in PAGES] + list(HOOK.PAGES.values())
    assert sorted(in_menu(settings["nav"])) == sorted(pages)


def in_menu(entry: object) -> Iterator[str]:
    """Every page below an entry of the menu."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, list | dict):
        for below in entry.values() if isinstance(entry, dict) else entry:
            yield from in_menu(below)


def test_a_link_works_on_github_and_in_the_site() -> None:
    text = (
        "[a](docs/node.md#time) [b](LICENSE) ![c](docs/images/x.png) [d](https://e.org/f) [g](#h) [i](ARCHITECTURE.md)"
    )
    assert HOOK.for_site(text, "README.md") == (
        "[a](node.md#time) [b](repository/LICENSE) ![c](images/x.png) [d](https://e.org/f) [g](#h) [i](architecture.md)"
    )
    inside = "[a](../../README.md#results) [b](../node.md) [c](method.md) [d](../../config/x.yaml)"
    assert HOOK.for_site(inside, "docs/api/index.md") == (
        "[a](../index.md#results) [b](../node.md) [c](method.md) [d](../repository/config/x.yaml)"
    )
    assert HOOK.linked_files(inside, "docs/api/index.md") == {
        "README.md", "docs/node.md", "docs/api/method.md", "config/x.yaml",
    }  # fmt: skip


def test_the_message_table_names_every_field() -> None:
    text = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text(encoding="utf-8")
    fields = re.findall(r"^[a-z_/A-Z0-9]+(?:\[\])? ([a-z_]+)(?: \S+)?$", text, re.MULTILINE)
    table = (DOCS / "node.md").read_text(encoding="utf-8").split("## Read the answers")[1].split("```")[0]
    assert len(fields) == 10
    assert [name for name in fields if f"`{name}`" not in table] == []
    reasons = re.findall(r"^uint8 ([A-Z_]+)=", text, re.MULTILINE)
    assert [name for name in reasons if f"`{name}`" not in table] == []


def test_the_parameter_table_is_that_of_the_code() -> None:
    page = (DOCS / "parameters.md").read_text(encoding="utf-8")
    assert parameters.markdown_text() in page, "run: python tools/write_docs.py"


def test_parameters_that_the_pages_name_exist() -> None:
    names = {row.name for row in parameters.TABLE}
    for page in [*ROOT_PAGES, *PAGES]:
        for name in re.findall(r"-p ([a-z_]+):=", page.read_text(encoding="utf-8")):
            assert name in names, f"{page.name}: {name}"


def test_the_node_page_lists_every_key_of_the_diagnostics() -> None:
    pytest.importorskip("diagnostic_msgs", reason="needs ROS")
    from cac_ros.node.diagnostics import NodeStatus, key_values
    from cac_ros.node.frame_timings import Timings
    from cac_ros.node.newest_frame_worker import Counts

    table = (DOCS / "node.md").read_text(encoding="utf-8").split("## Watch it")[1]
    listed = set(re.findall(r"`([a-z_0-9]+)`", "".join(re.findall(r"^\|(.+?)\|", table, re.MULTILINE))))
    extra = {
        "debug_images", "decision", "regions_answered", "regions_replaced", "regions_without_image", "harvested",
        "harvest_duplicates", "harvest_failed", "harvest_problem",
    }  # fmt: skip
    assert listed == set(key_values(NodeStatus("active", Counts(), Timings()))) | extra


# -- troubleshooting ----------------------------------------------------------------------------------------------


def texts_of_the_code() -> Iterator[str]:
    """Every text in cac_ros, with … for what is put in at run time."""
    for path in (ROOT / "cac_ros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)  # type: ignore[misc]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def pieces(sentence: str) -> list[str]:
    return [piece.strip() for piece in sentence.split("…") if piece.strip()]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_of_the_troubleshooting_page_is_one_of_the_code(sentence: str) -> None:
    texts = list(texts_of_the_code())
    assert len(SENTENCES) > 15
    assert any(all(piece in text for piece in pieces(sentence)) for text in texts), (
        "no text in cac_ros has all of this: change the heading together with the sentence"
    )


def matches(message: str) -> bool:
    patterns = (".*".join(re.escape(piece) for piece in pieces(sentence)) for sentence in SENTENCES)
    return any(re.search(pattern, message, re.DOTALL) for pattern in patterns)


def test_every_sentence_that_the_node_can_report_is_explained() -> None:
    pytest.importorskip("diagnostic_msgs", reason="needs ROS")
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from rclpy.topic_endpoint_info import TopicEndpointInfo

    from cac_ros.node import image_qos, why_no_images
    from cac_ros.node.diagnostics import NodeStatus
    from cac_ros.node.frame_timings import Timings
    from cac_ros.node.newest_frame_worker import Counts

    def publisher(kind: str, reliability: ReliabilityPolicy) -> TopicEndpointInfo:
        qos = QoSProfile(depth=1, reliability=reliability)
        return TopicEndpointInfo(node_name="camera", node_namespace="/", topic_type=kind, qos_profile=qos)

    raw, jpeg = image_qos.RAW_TYPE, image_qos.COMPRESSED_TYPE
    reliable, best_effort = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
    common: dict[str, Any] = {"topic": "/image", "environment": {}, "rmw": "rmw_fastrtps_cpp"}
    silence: dict[str, Any] = {
        **common,
        "message_type": raw,
        "qos": image_qos.image_qos(reliable),
        "silent_for": 6.0,
        "topics": {},
    }
    timings = Timings(unknown_share=1.0, classified=300)
    status = NodeStatus("active", Counts(), timings, promised_unknown=0.1, tolerance=0.5)
    said = [
        why_no_images.explain_silence(**silence, publishers=[], lost=0),
        why_no_images.explain_silence(**silence, publishers=[publisher(jpeg, reliable)], lost=0),
        why_no_images.explain_silence(**silence, publishers=[publisher(raw, best_effort)], lost=0),
        why_no_images.explain_silence(**silence, publishers=[publisher(raw, reliable)], lost=5),
        why_no_images.explain_loss(**common, lost=5, received=5, publishers=[publisher(raw, reliable)]),
        status.drift,
        replace(status, busy_for=3.0).stall,
        replace(status, busy_for=3.0, decoding=True).stall,
    ]
    assert all(said)
    assert [message for message in said if not matches(message)] == []
