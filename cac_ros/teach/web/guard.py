# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may talk to the page: the browser in which it was opened, and no other page in it."""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

COOKIE = "cac_teach"
HEADER = "x-cac-teach"
"""Browsers let no other page send such a header without asking us, and nobody is given permission."""

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_SAFE = {"GET", "HEAD"}
_ANSWER_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_local(host: str) -> bool:
    """Whether an address is that of this machine alone."""
    return host in _LOCAL


class Guard:
    """Middleware in front of all routes.

    Args:
        app: what is protected.
        token: what every request must bring, as a cookie; empty = served to this machine only, without one.
    """

    def __init__(self, app: App, token: str = "") -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if self._token and scope["path"] == "/" and same(given, self._token):
            cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
            await _answer(send, 303, "", [(b"location", b"/"), (b"set-cookie", cookie.encode("latin-1"))])
            return
        if problem := refusal(scope["method"], scope["path"], headers, self._token):
            await _answer(send, 403, problem)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_ANSWER_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)


def refusal(method: str, path: str, headers: dict[str, str], token: str) -> str:
    """Why a request is not answered, as a sentence; empty if it is.

    Args:
        method: GET, POST and so on.
        path: of the address.
        headers: by their names in lower case.
        token: see :class:`Guard`.
    """
    host = headers.get("host", "")
    if not token and (urlsplit(f"//{host}").hostname or "") not in _LOCAL:
        return "This page is served to this machine only."  # a foreign name that was pointed at this machine
    if token and not same(_cookie(headers.get("cookie", "")), token):
        return "Open the address that was printed at the start: it holds the token."
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not (method == "GET" and path == "/"):
        return "Another page may not talk to this one."
    if method in _SAFE:
        return ""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "Another page may not talk to this one."
    return "" if headers.get(HEADER) else f"The header {HEADER} is missing."


def same(first: str, second: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing."""
    return secrets.compare_digest(first.encode(), second.encode())


def _cookie(header: str) -> str:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


async def _answer(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    content = [(b"content-type", b"text/plain; charset=utf-8"), *_ANSWER_HEADERS, *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": content})
    await send({"type": "http.response.body", "body": text.encode()})
