# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Standard output and error as they are in the field: another encoding, a reader that went away, no stream at all."""

import codecs
import contextlib
import errno
import io
import os
import sys
import time
from typing import Any, TextIO

_PLAIN = {
    "…": "...", "–": "-", "—": "-", "×": "x", "±": "+-", "→": "->", "·": "*", "≤": "<=", "≥": ">=", "•": "*",
    "θ": "theta", "γ": "gamma", "λ": "lambda", "’": "'", "“": '"', "”": '"', "²": "2", "°": " deg",
}  # fmt: skip
_NO_READER = {errno.EPIPE, errno.EIO, errno.EBADF}  # `| head` ended; the terminal was closed; the stream was


def _plain_spelling(error: UnicodeError) -> tuple[str, int]:
    """Another spelling of what an encoding lacks: dots for …, a number for 牛, so that no two names look the same."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    spelt = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in part)
    return "".join(spelt), error.end


codecs.register_error("plain_spelling", _plain_spelling)


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of the moment; writing to it never fails for want of a character or a reader.

    What nobody reads any more is dropped: work goes on and its files are written. A full disk still raises OSError.

    Attributes:
        written: when something was written last, to either of the two [s, as of :func:`time.monotonic`].
    """

    written = 0.0

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _now(self) -> TextIO | None:
        stream: TextIO | None = getattr(sys, self._name)
        return None if stream is None or stream.closed else stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream of the moment."""
        return getattr(self._now, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._now is not None and self._now.isatty()

    def fileno(self) -> int:
        """The descriptor; raises OSError where there is none."""
        if self._now is None:
            raise io.UnsupportedOperation("fileno")
        return self._now.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Write what the encoding has, and another spelling of the rest."""
        Stream.written = time.monotonic()
        if (stream := self._now) is not None:
            shown = text.encode(self.encoding, "plain_spelling").decode(self.encoding)
            self._safely(stream, lambda: stream.write(shown))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        if (stream := self._now) is not None:
            self._safely(stream, stream.flush)

    def _safely(self, stream: TextIO, action: Any) -> None:
        try:
            action()
        except OSError as error:
            if error.errno not in _NO_READER:
                raise
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:  # else the interpreter's end fails
                os.dup2(nowhere.fileno(), stream.fileno())


def open_missing() -> None:
    """Give a process that was started without standard streams (``>&-``) streams that lead nowhere.

    Otherwise the next file that is opened becomes its standard output, and what a library prints lands in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115
