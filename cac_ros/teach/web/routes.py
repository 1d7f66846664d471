# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the browser can ask for. It names frames and models by ids; no path comes from it."""

import json
import math
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from cac_core.data.decode import read_image
from cac_core.support.errors import CacError
from cac_core.support.limits import UPLOAD_BYTES
from cac_core.support.names import one_line
from cac_ros.images import bgr_pixels
from cac_ros.teach.board import Group
from cac_ros.teach.desk import Desk
from cac_ros.teach.features import Look, shown_jpeg
from cac_ros.teach.harvested import HarvestedFrame
from cac_ros.teach.moves import Moved

_STATIC = {"teach.css": "text/css", "common.js": "text/javascript", "unknown.js": "text/javascript",
           "camera.js": "text/javascript", "teach.js": "text/javascript", "main.js": "text/javascript"}  # fmt: skip
_JSON_BYTES = 2**21
_LARGE = 1280  # [pixels]
_NO_STORE = {"cache-control": "no-store"}

Handler = Callable[[Request], Awaitable[Response]]


def make_app(desk: Desk) -> Starlette:
    """The page of a desk."""
    routes = Routes(desk)
    gets = {
        "/": routes.page, "/static/{name}": routes.static, "/api/state": routes.state, "/api/groups": routes.groups,
        "/api/frames/{id}": routes.frame, "/api/live": routes.live,
        "/api/lesson/photos/{number:int}": routes.lesson_photo,
    }  # fmt: skip
    posts = {
        "/api/move": routes.move, "/api/undo": routes.undo, "/api/teach": routes.teach, "/api/cancel": routes.cancel,
        "/api/use": routes.use, "/api/threshold": routes.threshold, "/api/collect": routes.collect,
        "/api/stop": routes.stop, "/api/photos": routes.photos,
    }  # fmt: skip
    return Starlette(
        routes=[
            *(Route(path, handler, methods=["GET"]) for path, handler in gets.items()),
            *(Route(path, _told(handler), methods=["POST"]) for path, handler in posts.items()),
        ]
    )


class Routes:
    """One method for each address."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        loader = ChoiceLoader([PackageLoader("cac_ros.teach.web"), PackageLoader("cac_core.reports")])
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._groups: tuple[int, bytes] = (-1, b"")

    async def page(self, _: Request) -> Response:
        """The one page."""
        template = self._templates.get_template("teach.html.j2")
        return HTMLResponse(template.render(places=self._desk.places), headers=_NO_STORE)

    async def static(self, request: Request) -> Response:
        """Style and programs of the page, by their names in a table."""
        name = request.path_params["name"]
        if name == "page.css":  # that of the reports
            return Response((files("cac_core.reports") / "templates" / name).read_bytes(), media_type="text/css")
        if name not in _STATIC:
            return Response(status_code=404)
        content = (files("cac_ros.teach.web") / "static" / name).read_bytes()
        return Response(content, media_type=_STATIC[name], headers={"cache-control": "no-cache"})

    async def state(self, _: Request) -> Response:
        """Everything but the frames."""
        return await _json(self._desk.state)

    async def groups(self, _: Request) -> Response:
        """The frames in groups."""
        content = await run_in_threadpool(self._group_bytes)
        return Response(content, media_type="application/json", headers=_NO_STORE)

    def _group_bytes(self) -> bytes:
        version, groups, looks = self._desk.board.groups()
        if version != self._groups[0]:
            theta = float(self._desk.bundle.thresholds.theta().min())
            names = self._desk.bundle.class_names
            shown = [_group(group, looks, names, theta) for group in groups]
            self._groups = version, json.dumps({"version": version, "groups": shown}).encode()
        return self._groups[1]

    async def frame(self, request: Request) -> Response:
        """A picture, small or, with ?large, as it is."""
        frame = self._desk.board.frame(request.path_params["id"])
        if frame is None:
            return Response(status_code=404)
        large = "large" in request.query_params
        look = self._desk.board.look(frame)
        if look is not None and not large:
            return _picture(look.shown)
        return await run_in_threadpool(partial(_read_picture, frame.path, _LARGE if large else 0))

    async def lesson_photo(self, request: Request) -> Response:
        """A photo that changed sides, by its number in the result."""
        changed = (self._desk.lessons.state().result or {}).get("changed", [])
        number = request.path_params["number"]
        if number >= len(changed):
            return Response(status_code=404)
        return await run_in_threadpool(partial(_read_picture, Path(changed[number]["path"]), 0))

    async def live(self, request: Request) -> Response:
        """The newest picture of the camera; 204 if it is the one that the browser has."""
        view = self._desk.view
        if view is None:
            return Response(None, 204, {**_NO_STORE, "x-number": "0"})
        text = request.query_params.get("after", "0")
        number, picture = view.shown(int(text) if text.isdecimal() else 0)
        headers = {**_NO_STORE, "x-number": str(number)}
        return Response(picture, media_type="image/jpeg", headers=headers) if picture else Response(None, 204, headers)

    async def move(self, request: Request) -> dict[str, Any]:
        """Move frames."""
        given = await _body(request)
        wanted = given.get("ids")
        ids = [i for i in wanted if isinstance(i, str)] if isinstance(wanted, list) else []
        moved = await _thread(self._desk.move, ids, str(given.get("to", "")), str(given.get("name", "")))
        return _moved(moved)

    async def undo(self, _: Request) -> dict[str, Any]:
        """Undo the last gesture."""
        moved = await _thread(self._desk.undo)
        return _moved(moved) if moved is not None else {"message": "There is nothing to undo."}

    async def teach(self, request: Request) -> dict[str, Any]:
        """Start a lesson."""
        await _thread(self._desk.teach, str((await _body(request)).get("kind", "")))
        return {"message": "The teaching has begun."}

    async def cancel(self, _: Request) -> dict[str, Any]:
        """Cancel the lesson."""
        await _thread(self._desk.lessons.cancel)
        return {"message": "Cancelled. Everything is as it was."}

    async def use(self, request: Request) -> dict[str, Any]:
        """Use a model."""
        said = await _thread(self._desk.use, str((await _body(request)).get("model_id", "")))
        return {"message": f"The node says: {said}" if said else "The page uses it."}

    async def threshold(self, request: Request) -> dict[str, Any]:
        """Set the threshold of the node."""
        value = (await _body(request)).get("theta")
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise CacError("The threshold must be a number.")
        return {"message": await _thread(self._desk.set_threshold, float(value))}

    async def collect(self, request: Request) -> dict[str, Any]:
        """Take photos."""
        given = await _body(request)
        wanted = given.get("count", 20)
        await _thread(self._desk.collect, str(given.get("name", "")), wanted if type(wanted) is int else 0)
        return {"message": ""}

    async def stop(self, _: Request) -> dict[str, Any]:
        """Take no more photos."""
        self._desk.collector.stop()
        return {"message": ""}

    async def photos(self, request: Request) -> dict[str, Any]:
        """Take in one photo that was dropped onto the page: the body is the file."""
        content = await _limited(request, UPLOAD_BYTES)
        file_name, name = (request.query_params.get(key, "") for key in ("file", "name"))
        await _thread(self._desk.take_in, file_name, content, name)
        return {"message": ""}


def _told(work: Callable[[Request], Awaitable[dict[str, Any]]]) -> Handler:
    """A route whose errors are sentences for the user."""

    async def handler(request: Request) -> Response:
        try:
            return JSONResponse(await work(request), headers=_NO_STORE)
        except ClientDisconnect:
            return Response(status_code=400)
        except CacError as error:
            return JSONResponse({"message": one_line(str(error))}, 409, headers=_NO_STORE)

    return handler


async def _thread(work: Callable[..., Any], *arguments: Any) -> Any:
    return await run_in_threadpool(partial(work, *arguments))


async def _json(work: Callable[[], Any]) -> Response:
    try:
        content = await _thread(work)
    except CacError as error:
        return JSONResponse({"message": one_line(str(error))}, 500, headers=_NO_STORE)
    return JSONResponse(content, headers=_NO_STORE)


async def _limited(request: Request, most: int) -> bytes:
    """The body of a request; raises CacError before more than so many bytes are kept."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise CacError(f"This is larger than {most // 2**20} MB.")
    return bytes(content)


async def _body(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await _limited(request, _JSON_BYTES) or b"{}")
    except (ValueError, RecursionError) as error:
        raise CacError("This request cannot be read.") from error
    if not isinstance(content, dict):
        raise CacError("This request cannot be read.")
    return content


def _moved(moved: Moved) -> dict[str, Any]:
    sentences = [moved.problem] if moved.problem else []
    if moved.gone:
        sentences.append(f"{moved.gone} files were not there any more.")
    return {"moved": len(moved.pairs), "message": " ".join(sentences)}


def _group(group: Group, looks: dict[str, Look], names: tuple[str, ...], theta: float) -> dict[str, Any]:
    copies = {i: tuple(each.id for each in others) for i, others in group.copies.items()}
    frames = [_frame(frame, looks.get(frame.id), copies.get(frame.id, ()), names, theta) for frame in group.frames]
    return {"key": group.key, "frames": frames}


def _frame(
    frame: HarvestedFrame, look: Look | None, copies: tuple[str, ...], names: tuple[str, ...], theta: float
) -> dict[str, Any]:
    nearest, score = frame.nearest, frame.score
    unknown = True
    if look is not None and math.isfinite(best := float(look.scores.min())):
        nearest, score, unknown = names[int(look.scores.argmin())], best, best > theta
    else:
        theta = frame.threshold
    return {
        "id": frame.id, "saved": frame.saved, "camera": frame.camera, "nearest": nearest, "copies": copies,
        "because": frame.because, "unknown": unknown,
        "ratio": score / theta if math.isfinite(score) and theta > 0 else None,
    }  # fmt: skip


def _read_picture(path: Path, longest: int) -> Response:
    try:
        frame = read_image(path)
    except OSError:  # it has gone meanwhile, or cannot be read
        return Response(status_code=404)
    picture = bgr_pixels(frame.pixels, frame.order)
    return _picture(shown_jpeg(picture, longest) if longest else shown_jpeg(picture))


def _picture(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=60"})
