"""The text of a stream in blocks of whole lines."""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Iterator
from typing import IO

from gmmx.io._data_errors import DataFileError

__all__ = ["BLOCK", "Blocks", "Lines", "count_lines", "lines_of"]

BLOCK = 1 << 21  # characters that are turned into numbers at a time


class Blocks:
    """The UTF-8 text of a stream in blocks of whole lines, with a way to put some back.

    Once `end_at` was called, lines of nothing but blanks at the end are left out.
    """

    def __init__(self, stream: IO[bytes], source: str) -> None:
        self._stream, self._source, self._rest, self._held = stream, source, b"", b""
        self._returned: deque[bytes] = deque()
        self._begun = False
        self._blank = ""

    def put_back(self, block: bytes) -> None:
        """Undo `take`."""
        if block:
            self._returned.appendleft(block)

    def end_at(self, blank: str) -> None:
        """Leave out the last lines that hold these characters alone."""
        self._blank = blank

    def take(self, size: int) -> bytes:
        """Return the next lines, of about this many bytes; nothing at the end."""
        while block := self._returned.popleft() if self._returned else self._read(size):
            if self._held:
                block, self._held = self._held + block, b""
            block, self._held = self._filled(block)
            if block:
                return block
        return b""

    def _filled(self, block: bytes) -> tuple[bytes, bytes]:
        """Cut a block behind its last line that is not blank."""
        if not self._blank:
            return block, b""
        if block.isascii():
            position = len(block.rstrip(self._blank.encode()))
        else:
            position = len(block.decode().rstrip(self._blank).encode())
        if not position:
            return b"", block
        ends = [at for at in (block.find(b"\n", position), block.find(b"\r", position)) if at >= 0]
        if not ends:
            return block, b""
        end = min(ends) + (2 if block.startswith(b"\r\n", min(ends)) else 1)
        return block[:end], block[end:]

    def _read(self, size: int) -> bytes:
        parts = [self._rest]
        while more := self._stream.read(size):
            if not self._begun:
                self._begun, more = True, more.removeprefix(codecs.BOM_UTF8)
            if b"\0" in more:
                raise DataFileError(f"{self._source} is not UTF-8 text: it holds a zero byte; save it as CSV in UTF-8")
            end = 1 + max(more.rfind(b"\n"), more.rfind(b"\r", 0, -1))  # a last \r may be half of a line's end
            if end:
                self._rest = more[end:]
                parts.append(more[:end])
                return self._checked(b"".join(parts))
            parts.append(more)
        self._rest = b""
        return self._checked(b"".join(parts))

    def _checked(self, block: bytes) -> bytes:
        if not block.isascii():
            block.decode()
        return block


class Lines:
    """The lines of a block; when they are used up in the middle of a row, those of the next blocks."""

    def __init__(self, block: bytes, blocks: Blocks) -> None:
        self._lines = deque(lines_of(block))
        self._blocks = blocks
        self.taken = [block]

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if not self._lines:
            more = self._blocks.take(BLOCK)
            if not more:
                raise StopIteration
            self.taken.append(more)
            self._lines.extend(lines_of(more))
        return self._lines.popleft()

    @property
    def is_used_up(self) -> bool:
        """Whether no line is left of the blocks so far."""
        return not self._lines


def lines_of(block: bytes) -> Iterator[str]:
    r"""Return the lines of a block, which end in \n, \r or both."""
    return io.StringIO(block.decode(), newline="")


def count_lines(block: bytes) -> int:
    """Count line ends, of any kind."""
    return block.count(b"\n") + (block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else 0)
