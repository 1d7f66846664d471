# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page's program answers its own browser only, whatever it is asked, and nothing reaches outside of its folders."""

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from cac_core.support.limits import UPLOAD_BYTES
from cac_ros.teach.web.guard import refusal
from test.ros.digit_lessons import NEW, frame, indices, shared_place, write_harvest
from test.ros.driver import wait_until
from test.ros.teach_page import PageProcess, page_process

pytest.importorskip("starlette", reason="starlette and uvicorn serve the page")

HOSTILE = (
    "",
    " ",
    "..",
    "../../etc",
    "/etc",
    "a/b",
    "a\\b",
    ".hidden",
    "unknown",
    "Unknown",
    "a\nb",
    "a\0b",
    "x" * 300,
)


@pytest.fixture(scope="module")
def place(cache_of_this_session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared, own = shared_place(cache_of_this_session), tmp_path_factory.mktemp("teach")
    shutil.copytree(shared / "photos", own / "photos")
    shutil.copy(shared / "five.cac", own / "five.cac")
    (own / "secret.jpg").write_bytes(b"secret")
    return own


@pytest.fixture(scope="module")
def program(place: Path) -> Iterator[PageProcess]:
    words = ["--model", str(place / "five.cac"), "--photos", str(place / "photos"), "--harvest", str(place / "harvest")]
    with page_process(place, words) as made:
        yield made


@pytest.fixture
def page(program: PageProcess, place: Path) -> PageProcess:
    """The page with eight frames of a seven."""
    shutil.rmtree(place / "harvest", ignore_errors=True)
    write_harvest(place / "harvest", count=8)
    wait_until(lambda: len(program.frames) == 8, "the frames")
    return program


def content_of(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if ".teach" not in str(path) and path.is_file()}


@pytest.mark.slow
def test_frames_of_two_browsers_go_where_they_belong_and_back(page: PageProcess, place: Path) -> None:
    ids = page.frames
    moved = page.post("/api/move", ids=ids[:3], to="class", name="Zitrone 🍋")
    assert (moved.status, moved.json) == (200, {"moved": 3, "message": ""})
    assert len(list((place / "photos" / "Zitrone 🍋").iterdir())) == 3
    assert page.state["undo"] == ["Zitrone 🍋", 3]
    again = page.post("/api/move", ids=ids[:4], to="other")
    assert again.json["moved"] == 1, "a second browser had them selected too"
    gone = page.post("/api/move", ids=ids[:3], to="discard")
    assert (gone.status, gone.json["message"]) == (409, "These frames are not there any more.")
    assert len(list((place / "photos_other").iterdir())) == 1
    assert page.post("/api/undo").json["moved"] == 1
    assert page.post("/api/undo").json["moved"] == 3
    assert page.post("/api/undo").json["message"] == "There is nothing to undo."
    wait_until(lambda: sorted(page.frames) == sorted(ids), "all frames back")
    (place / "photos" / "Zitrone 🍋").rmdir()


@pytest.mark.slow
def test_a_frame_that_was_deleted_meanwhile_is_told(page: PageProcess, place: Path) -> None:
    ids = page.frames
    sorted((place / "harvest").iterdir())[0].unlink()
    assert page.post("/api/move", ids=ids, to="discard").json == {
        "moved": 7,
        "message": "1 files were not there any more.",
    }
    page.post("/api/undo")


@pytest.mark.slow
def test_a_class_in_another_unicode_form_is_the_one_that_is_there(page: PageProcess, place: Path) -> None:
    mac = place / "photos" / "Ka\u0308se"
    mac.mkdir()
    assert page.post("/api/move", ids=page.frames[:1], to="class", name="K\u00e4se").json["moved"] == 1
    assert len(list(mac.iterdir())) == 1
    page.post("/api/undo")
    mac.rmdir()


@pytest.mark.slow
def test_no_name_and_no_id_reaches_outside_of_the_folders(page: PageProcess, place: Path) -> None:
    before, ids = content_of(place), page.frames
    for name in HOSTILE:
        answer = page.post("/api/move", ids=ids, to="class", name=name)
        assert answer.status == 409, name
        assert "Traceback" not in answer.json["message"]
        assert page.post("/api/collect", name=name, count=3).status == 409
        if name:
            assert page.ask(f"/api/photos?file=a.jpg&name={urlquote(name)}", b"x").status == 409
    hostile = ["../secret.jpg", "/etc/passwd", "..%2Fsecret.jpg", "x", "", "%00", "0" * 16]
    assert page.post("/api/move", ids=[*hostile, 3, None, ["a"]], to="discard").status == 409
    for path in (*(f"/api/frames/{each}" for each in hostile), "/static/../routes.py", "/static/%2e%2e/routes.py",
                 "/static/..%2Froutes.py", "/api/lesson/photos/0", "/secret.jpg"):  # fmt: skip
        assert page.ask(path).status in (400, 404), path
    assert page.post("/api/use", model_id="../../etc/passwd").status == 409
    assert page.post("/api/move", ids=ids, to="/tmp").status == 409
    assert content_of(place) == before


@pytest.mark.slow
def test_dropped_photos_are_read_strictly_and_their_size_is_limited(page: PageProcess, place: Path) -> None:
    good = cv2.imencode(".png", frame(indices(NEW)[20]))[1].tobytes()
    assert page.ask("/api/photos?file=../../evil.png&name=7", good).status == 200
    (kept,) = (place / "photos" / "7").iterdir()
    assert kept.read_bytes() == good
    assert (kept.name.startswith("dropped_"), kept.suffix) == (True, ".png")
    assert page.ask("/api/photos?file=a.svg&name=", good).status == 200
    wait_until(lambda: len(page.frames) == 9, "the photo without a class among the unknown ones")
    before = content_of(place)
    for bad in (b"", b"no picture", b"<svg onload='alert(1)'>", good[: len(good) // 2], b"GIF89a" + bytes(100)):
        answer = page.ask("/api/photos?file=a.png&name=7", bad)
        assert answer.status == 409, bad[:10]
        assert "is not taken" in answer.json["message"]
    assert (
        page.ask("/api/photos?file=a.png&name=7", bytes(UPLOAD_BYTES + 1)).json["message"]
        == "This is larger than 32 MB."
    )
    assert content_of(place) == before
    page.post("/api/undo")
    page.post("/api/undo")
    assert not list((place / "photos" / "7").iterdir())
    (place / "photos" / "7").rmdir()


@pytest.mark.slow
def test_requests_that_make_no_sense_get_a_sentence(page: PageProcess) -> None:
    for path in ("/api/move", "/api/use", "/api/threshold", "/api/collect"):
        for body in (b"", b"[]", b"{", b"\xff", b'{"ids": 3}', b'{"theta": "x"}', b'{"theta": NaN}', b"[" * 100_000):
            answer = page.ask(path, body)
            assert answer.status == 409, (path, body[:10])
            assert answer.json["message"].endswith(".")
    assert page.ask("/api/live?after=x").status == 204
    assert page.ask("/api/live?after=-1").status == 204
    assert page.post("/api/teach", kind="rm").status == 409


@pytest.mark.slow
def test_another_page_in_the_same_browser_is_refused(page: PageProcess) -> None:
    body = json.dumps({"ids": page.frames, "to": "discard"}).encode()
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"X-CAC-Teach": ""},
    ):
        assert page.ask("/api/move", body, headers).status == 403, headers
    assert page.ask("/api/state", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert page.ask("/", headers={"Host": "rebound.example"}).status == 403
    answer = page.ask("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200, "a link leads here"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert len(page.frames) == 8


@pytest.mark.slow
def test_the_page_needs_nothing_from_elsewhere(page: PageProcess) -> None:
    names = ("page.css", "teach.css", "common.js", "unknown.js", "camera.js", "teach.js", "main.js")
    texts = [page.ask("/").content, *(page.ask(f"/static/{name}").content for name in names)]
    assert all(b"http://" not in text and b"https://" not in text and b"//cdn" not in text for text in texts)


@pytest.mark.slow
def test_elsewhere_it_is_served_with_a_token_only(place: Path, tmp_path: Path) -> None:
    words = ["--model", str(place / "five.cac"), "--photos", str(place / "photos"), "--harvest", str(place / "harvest")]
    with page_process(tmp_path, [*words, "--host", "0.0.0.0", "--state", str(tmp_path / "state")]) as page:
        assert len(page.token) >= 20
        assert page.ask("/").status == page.ask("/api/state").status == page.ask("/?token=wrong").status == 403
        cookie = {"Cookie": f"cac_teach={page.token}"}
        assert page.ask("/api/state", headers=cookie).status == 200
        assert page.ask("/api/undo", b"{}", cookie).status == 200
        assert page.ask("/api/undo", b"{}", {**cookie, "Origin": "http://evil.example"}).status == 403
        assert page.end() == 0


def test_an_address_that_is_taken_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    from cac_core.support.errors import CacError
    from cac_ros.teach.web.server import listening

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CacError, match=f"Nothing can be served at 127.0.0.1, port {port} .*choose another --port"):
            listening("127.0.0.1", port)


def test_a_token_is_compared_as_a_whole() -> None:
    assert refusal("GET", "/", {"host": "robot:8091", "cookie": "a=b; cac_teach=secret"}, "secret") == ""
    assert refusal("GET", "/", {"host": "robot:8091", "cookie": "cac_teach=secre"}, "secret")
    assert refusal("GET", "/", {"host": "robot:8091"}, "secret")
    assert refusal("GET", "/", {"host": "[::1]:8091"}, "") == ""
    assert refusal("GET", "/", {"host": ""}, "")


def urlquote(text: str) -> str:
    from urllib.parse import quote

    return quote(text)
