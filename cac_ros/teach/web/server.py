# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serve the page until Ctrl-C."""

import secrets
import socket
from collections.abc import Callable

import uvicorn

from cac_core.support.errors import CacError
from cac_ros.teach.desk import Desk
from cac_ros.teach.web.guard import Guard, is_local
from cac_ros.teach.web.routes import make_app


def serve(desk: Desk, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve a desk; returns on Ctrl-C or SIGTERM.

    Args:
        desk: what the page works on.
        host: the address; any but this machine's own asks for a token.
        port: 0 = any free one.
        say: gets the address to open.

    Raises:
        CacError: the address cannot be used.
    """
    token = "" if is_local(host) else secrets.token_urlsafe(18)
    listener = listening(host, port)
    where = f"http://{shown_host(host)}:{listener.getsockname()[1]}/"
    say(f"{where}?token={token}" if token else where)
    config = uvicorn.Config(
        Guard(make_app(desk), token),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; raises CacError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CacError(f"Nothing can be served at {host}, port {port} ({reason}): choose another --port.") from error
    listener.set_inheritable(False)
    return listener


def shown_host(host: str) -> str:
    """The host for an address that can be opened."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
