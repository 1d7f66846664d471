# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings and results behind URLs: read in place where that is possible, and only what is needed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mcap.writer import CompressionType, Writer

from cac_ros.bags.mcap_index import IndexedMcap
from cac_ros.bags.reader import Bag
from cac_ros.bags.remote_mcap import BLOCK_BYTES, blocks_of
from cac_ros.bags.writer import _TYPES, header
from cac_ros.fleet import remote
from cac_ros.fleet.errors import FleetError, PassingError
from cac_ros.fleet.identity import identity_of
from cac_ros.fleet.opening import Fetcher, open_recording
from cac_ros.fleet.output import write_output
from cac_ros.fleet.run import evaluate_fleet
from cac_ros.fleet.sources import find_sources
from test.ros.fleets import InlineCrew, config, write_fleet
from test.ros.range_server import RangeServer, serve
from test.ros.recordings import TOPIC, storage_file, time_of, write_labels, write_rosbag2

pytest.importorskip("aiohttp", reason="aiohttp belongs to the extra fleet")
FRAMES = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RangeServer]:
    with serve(tmp_path) as found:
        yield found


def write_mixed(path: Path) -> Path:
    """A recording in which each image, and each scan of a laser, has a chunk of its own."""
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=100_000, compression=CompressionType.NONE)
        writer.start()
        image, scan = "sensor_msgs/msg/Image", "std_msgs/msg/String"
        channels = [
            writer.register_channel(topic, "cdr", writer.register_schema(kind, "ros2msg", b""))
            for topic, kind in ((TOPIC, image), ("/scan", scan))
        ]
        for index in range(FRAMES):
            pixels = np.random.default_rng(index).integers(0, 255, (200, 200, 3), np.uint8)
            frame = _TYPES.types[image](
                header=header(time_of(index)), height=200, width=200, encoding="bgr8", is_bigendian=0, step=600,
                data=pixels.reshape(-1),
            )  # fmt: skip
            for channel, message, kind in (
                (channels[0], frame, image),
                (channels[1], _TYPES.types[scan](data="x" * 150_000), scan),
            ):
                data = bytes(_TYPES.serialize_cdr(message, kind))
                writer.add_message(channel, time_of(index), data, time_of(index))
        writer.finish()
    return path


def image_chunk_bytes(path: Path) -> int:
    index = IndexedMcap(path, "")
    channels = {key for key, channel in index._channels.items() if channel.topic == TOPIC}
    return sum(chunk.length for chunk in index._chunks if channels & chunk.counts.keys())


def test_only_the_chunks_with_images_are_read(tmp_path: Path, server: RangeServer) -> None:
    path = write_mixed(tmp_path / "mixed.mcap")
    with Bag(path) as bag:
        wanted = [(message.time_ns, message.data) for message in bag.messages(TOPIC)]
    with open_recording(server.url("mixed.mcap"), 0.0) as bag:
        found = [(message.time_ns, message.data) for message in bag.messages(TOPIC)]
    assert len(found) == FRAMES
    assert found == wanted
    assert server.sent / image_chunk_bytes(path) <= 1.1
    assert server.sent < 0.55 * path.stat().st_size


def test_neighbouring_chunks_are_fetched_together() -> None:
    assert blocks_of([(100, 50), (150, 50), (200, 50)]) == [[(100, 50), (150, 50), (200, 50)]]
    assert blocks_of([(100, 50), (300, 50)]) == [[(100, 50)], [(300, 50)]]
    assert blocks_of([(300, 50), (100, 50)]) == [[(300, 50)], [(100, 50)]]
    half = BLOCK_BYTES // 2
    assert [len(block) for block in blocks_of([(n * half, half) for n in range(5)])] == [2, 2, 1]


@pytest.mark.parametrize("ranges", [True, False])
def test_remote_recordings_have_the_figures_of_local_ones(
    tmp_path: Path, server: RangeServer, model: Path, ranges: bool
) -> None:
    server.ranges = ranges
    labels = ["red"] * 4 + ["grey"] * 4
    names = []
    (tmp_path / "labels").mkdir()
    for storage in ("mcap", "sqlite3"):
        file = storage_file(write_rosbag2(tmp_path / storage, labels, storage))
        names.append(f"{storage}{file.suffix}")
        file.rename(tmp_path / names[-1])
        write_labels(tmp_path / "labels" / f"{storage}.csv", labels)
    local = config(tmp_path, model, bags=tuple(str(tmp_path / name) for name in names), out=str(tmp_path / "local"))
    far = config(tmp_path, model, bags=tuple(server.url(name) for name in names), out=f"memory://{tmp_path.name}")
    figures = [write_output(*evaluate_fleet(each, InlineCrew)) for each in (local, far)]
    assert figures[0] == figures[1]
    again, store = evaluate_fleet(far, InlineCrew)
    assert again.computed == 0
    assert "report.html" in store.names("")
    assert b"8 frames in" in store.read("logs/mcap.mcap.log")


def test_a_url_that_stops_in_the_middle_is_no_result(tmp_path: Path, server: RangeServer, model: Path) -> None:
    write_mixed(tmp_path / "mixed.mcap")
    server.stop_after = 1_000_000
    options = config(tmp_path, model, bags=(server.url("mixed.mcap"),), labels=None)
    with pytest.raises(FleetError, match="could not be read to its end"):
        evaluate_fleet(options, InlineCrew)
    server.stop_after = 0
    assert evaluate_fleet(options, InlineCrew)[0].computed == 1


def test_a_copy_that_stops_in_the_middle_is_no_result(tmp_path: Path, server: RangeServer) -> None:
    storage_file(write_rosbag2(tmp_path / "bag", ["red"] * 20, "sqlite3")).rename(tmp_path / "a.db3")
    server.stop_after = 100_000
    with pytest.raises(PassingError, match="could not be read to its end"), open_recording(server.url("a.db3"), 1.0):
        pass


def test_what_must_be_copied_and_is_too_large_is_refused(tmp_path: Path, server: RangeServer) -> None:
    storage_file(write_rosbag2(tmp_path / "bag", ["red"] * 4, "sqlite3")).rename(tmp_path / "a.db3")
    with pytest.raises(FleetError, match="--scratch-gb 1e-05"), open_recording(server.url("a.db3"), 1e-5):
        pass


def test_a_file_without_an_index_is_copied(tmp_path: Path, server: RangeServer) -> None:
    path = write_mixed(tmp_path / "cut.mcap")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_recording(server.url("cut.mcap"), 1.0) as bag:
        assert 10 <= len(list(bag.messages(TOPIC))) < FRAMES
        assert bag.damaged


def test_a_changed_file_behind_a_url_is_another_one(tmp_path: Path, server: RangeServer) -> None:
    path = write_mixed(tmp_path / "mixed.mcap")
    before = identity_of(server.url("mixed.mcap"), by_content=False)
    assert identity_of(server.url("mixed.mcap"), by_content=False) == before
    path.touch()
    assert identity_of(server.url("mixed.mcap"), by_content=False) != before


def test_folders_and_globs_behind_urls_are_listed(tmp_path: Path) -> None:
    write_fleet(tmp_path, 2)
    base = (tmp_path / "bags").as_uri()
    everything = find_sources([f"{base}/"])
    assert [source.name for source in everything] == ["drive_0.mcap", "drive_1.db3"]
    assert find_sources([f"{base}/*/*/*.db3"])[0].place.endswith("drive_1.db3")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("nosuch://bucket/a.mcap", "Protocol not known"),
        ("http://127.0.0.1:9/a.mcap", "nothing at"),
        ("memory://nothing/", "No recording is found"),
    ],
)
def test_urls_that_lead_nowhere_are_one_sentence(url: str, part: str) -> None:
    with pytest.raises(FleetError, match=part):
        find_sources([url])


def test_missing_credentials_and_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoCredentialsError(Exception):
        pass

    for error, part in (
        (NoCredentialsError("Unable to locate credentials"), "check the credentials"),
        (PermissionError("Forbidden"), "check the credentials"),
        (ImportError("Install s3fs to access S3"), "needs another package: Install s3fs"),
    ):
        with pytest.raises(FleetError, match=part), remote.sentence_about("s3://bucket"):
            raise error
    monkeypatch.setattr(remote, "is_installed", lambda name: False)
    with pytest.raises(FleetError, match=r"needs fsspec: pip install '.\[fleet\]'"):
        find_sources(["s3://bucket/"])


def test_fetched_bytes_are_counted(tmp_path: Path, server: RangeServer) -> None:
    (tmp_path / "a").write_bytes(bytes(range(100)))
    fetcher = Fetcher(server.url("a"))
    assert fetcher.fetch(10, 13) == b"\x0a\x0b\x0c"
    assert (fetcher.size, fetcher.fetched) == (100, 3)
