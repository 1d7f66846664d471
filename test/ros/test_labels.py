# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labels: what they mean, and that every mistake in them is named."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cac_ros.bags.reader import Bag
from cac_ros.bags.writer import BagWriter
from cac_ros.replay.labels import LabelError, Labels, check_coverage, check_span, read_label_file, read_label_topic
from test.ros.recordings import LABEL_TOPIC, START_NS, STEP_NS, TOPIC, picture, time_of

Read = Callable[..., Labels]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_text(text: str | bytes, encoding: str = "utf-8") -> Labels:
        path = tmp_path / "labels.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return read_label_file(path, START_NS)

    return read_text


def test_times_count_from_the_start_of_the_bag_and_the_end_is_excluded(read: Read) -> None:
    labels = read("start,end,label\n0.0,0.3,cup\n0.3,1,blue bottle\n")
    assert labels.at(START_NS) == "cup"
    assert labels.at(START_NS + 299_999_000) == "cup"
    assert labels.at(START_NS + 300_000_000) == "blue bottle"
    assert labels.at(START_NS + 10**9) is None
    assert labels.at(START_NS - 1000) is None


def test_large_times_are_seconds_since_1970_to_the_microsecond(read: Read) -> None:
    labels = read("start,end,label\n1790000000.000001,1790000000.5,cup\n")
    assert labels.at(START_NS) is None
    assert labels.at(START_NS + 1000) == "cup"


@pytest.mark.parametrize("offset", [-700, -501, -499, -300, -1, 0, 1, 300, 499, 501])
def test_times_of_labels_are_compared_at_a_microsecond(read: Read, offset: int) -> None:
    labels = read("start,end,label\n0,0.3,cup\n0.3,0.6,plate\n")
    boundary = START_NS + 300_000_000
    assert labels.at(boundary + offset) == ("cup" if offset < -500 else "plate")
    assert labels.at(START_NS + offset) == ("cup" if offset > -500 else None)
    assert labels.at(START_NS + 600_000_000 + offset) == ("plate" if offset < -500 else None)
    (lonely,) = labels.without_frames([boundary + offset])
    assert lonely.label == ("plate" if offset < -500 else "cup")


def test_a_label_shorter_than_a_microsecond_is_refused(read: Read) -> None:
    with pytest.raises(LabelError, match=r"line 2: the end .* must be later"):
        read("start,end,label\n0.0000001,0.0000002,cup\n")


def test_gaps_order_spaces_and_quotes_are_fine(read: Read) -> None:
    labels = read('\ufeffStart, End , LABEL\n\n2,3,"salt, pepper"\n 0 , 1 , Tee für zwei \n')
    assert labels.at(START_NS) == "Tee für zwei"
    assert labels.at(START_NS + STEP_NS * 15) is None
    assert labels.at(START_NS + STEP_NS * 25) == "salt, pepper"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("start,end,label\n", "no label below its header"),
        ("0,1,cup\n", "first line must be 'start,end,label'"),
        ("start;end;label\n0;1;cup\n", "first line must be 'start,end,label'"),
        ("start,end,label\n0,1\n", "line 2: expected start,end,label but found 2 columns"),
        ("start,end,label\n0,1,a,b\n", "line 2: .* double quotes"),
        ("start,end,label\nzero,1,cup\n", "line 2: start must be a time in seconds such as 12.5, not 'zero'"),
        ("start,end,label\n0,nan,cup\n", "line 2: end must be a time"),
        ("start,end,label\n0,inf,cup\n", "line 2: end must be a time"),
        ("start,end,label\n-1,2,cup\n", "line 2: start must be a time"),
        ("start,end,label\n0,1e300,cup\n", "line 2: end must be a time"),
        ("start,end,label\n2,1,cup\n", r"line 2: the end \(1\) must be later than the start \(2\)"),
        ("start,end,label\n1,1,cup\n", "must be later"),
        ("start,end,label\n0,1,\n", "line 2: the label is missing"),
        ("start,end,label\n0,2,cup\n1,3,plate\n", r"line 3 \('plate'\) starts before line 2 \('cup'\) ends"),
        ("start,end,label\n0,1,cup\n1790000000,1790000001,cup\n", "line 3: some times count from the start"),
        (b"start,end,label\n0,1,\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(read: Read, text: str | bytes, sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence) as caught:
        read(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "number", "sentence"),
    [
        (['0,1,"cup', "1,2,plate", "2,3,bowl"], 2, "double quotes do not fit"),
        (["0,1,cup", '1,2,"plate', "2,3,bowl"], 3, "double quotes do not fit"),
        (["0,1,cup", '1,2,"plate', '2,3,bowl"'], 3, "double quotes do not fit"),
        (["0,1,cup", "1,2,plate", '2,3,"bowl'], 4, "double quotes do not fit"),
        (['"0,1,cup', "1,2,plate", "2,3,bowl"], 2, "double quotes do not fit"),
        (['0,1,"cup"s', "1,2,plate"], 2, "double quotes do not fit"),
        (["0,1,cup", f"1,2,{'x' * 140_000}"], 3, "a cell is longer than 131,072 characters"),
        (["0,1,cup", f'1,2,"{"x" * 140_000}"'], 3, "a cell is longer than 131,072 characters"),
        (["0,1,cup", f"{'1' * 140_000},2,x"], 3, "a cell is longer than 131,072 characters"),
        (["0,1,cup", f"1,2,{'x' * 300}"], 3, "the label is longer than 255 bytes"),
        (["0,1,cup", f"1,{'9' * 1000},x"], 3, "end must be a time in seconds"),
        (["0,1,cup", "1,2,a\x1b[31mb"], 3, "the label holds a character that cannot be shown"),
        (["0,1,cup\x00"], 2, "the label holds a character that cannot be shown"),
    ],
)
def test_no_line_is_swallowed_by_another(read: Read, lines: list[str], number: int, sentence: str) -> None:
    with pytest.raises(LabelError, match=f"line {number}: .*{sentence}") as caught:
        read("\n".join(["start,end,label", *lines]))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '0,1,"cup"\n1,2,"salt, pepper"\n',
        '0, 1, "cup"\n1, 2, "salt, pepper"\n',
        "0,1,cup\r\n1,2,'salt'\r\n",
        "0,1,cup\r1,2,salt\r",
        '0,1,19" rack\n1,2,the ""best"" cup\n',
        "0,1,first\u2028second\n1,2,salt\n".replace("\u2028", "\u00a0"),
        "\n\n 0 ,1 ,cup \n,,\n1,2,salt",
    ],
)
def test_quotes_blanks_and_line_ends_of_all_systems_are_fine(read: Read, text: str) -> None:
    labels = read("start,end,label\n" + text)
    assert len(labels.intervals) == 2
    assert all('"' not in i.label or i.label.startswith(('19"', "the")) for i in labels.intervals)


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def a_socket(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(5 << 30)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def loop(path: Path) -> Path:
    path.symlink_to(path)
    return path


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (fifo, "is a named pipe"),
        (a_socket, "is a socket|cannot be read"),
        (sparse, "is too large"),
        (folder, "is a folder"),
        (loop, "cannot be read"),
        (lambda path: Path("/dev/zero"), "is a device"),
        (lambda path: path.with_name("x" * 300), "cannot be read"),
    ],
)
def test_labels_that_are_no_file_are_refused_at_once(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(LabelError, match=sentence) as caught:
        read_label_file(make(tmp_path / "l.csv"), 0)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no label file at .*absent.csv"):
        read_label_file(tmp_path / "absent.csv", 0)


def test_labels_that_cover_no_frame_are_refused(read: Read) -> None:
    times = [time_of(i) for i in range(10)]
    labels = read("start,end,label\n0,0.5,cup\n0.55,0.58,plate\n")
    with pytest.raises(LabelError, match=r"line 3 \('plate', 0.550 to 0.580 s\) covers no frame; the frames are from"):
        check_coverage(labels, times, START_NS, damaged=False)
    outside = read("start,end,label\n5,6,cup\n7,8,cup\n")
    with pytest.raises(LabelError, match=r"covers no frame \(nor do 1 more\); the bag is from 0.000 to 0.900 s"):
        check_span(outside, times[0], times[-1])


def test_labels_behind_the_cut_of_a_bag_are_a_note(read: Read) -> None:
    times = [time_of(i) for i in range(10)]
    labels = read("start,end,label\n0,0.5,cup\n5,6,plate\n")
    (note,) = check_coverage(labels, times, START_NS, damaged=True)
    assert "1 of 2 labels lie behind the cut" in note


def test_a_topic_of_strings_gives_labels_that_hold_until_the_next(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.write_image(TOPIC, time_of(0), picture("red"))
        for index, text in ((1, "cup"), (3, ""), (5, "plate")):
            writer.write_string(LABEL_TOPIC, time_of(index), text)
        writer.write_string("/silent", time_of(0), "")
    with Bag(tmp_path / "bag") as bag:
        labels = read_label_topic(bag, "label")
        seen = [labels.at(time_of(i)) for i in range(8)]
        with pytest.raises(LabelError, match="/silent holds no label"):
            read_label_topic(bag, "/silent")
    assert seen == [None, "cup", "cup", None, None, "plate", "plate", "plate"]
