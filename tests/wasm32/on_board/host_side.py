"""What a board has outside its heap, on the side of run.mjs: the journal's flash, the products, a secure element."""

from __future__ import annotations

import host  # type: ignore[import-not-found]  # run.mjs
import uctypes  # type: ignore[import-not-found]  # MicroPython

from agent import cose

JOURNAL_BYTES = 65536


class Store:
    """A byte log in the host's memory."""

    def __init__(self):
        self.image = uctypes.bytearray_at(host.memory(JOURNAL_BYTES), JOURNAL_BYTES)
        self.ends = [[0, 0]]  # first offset and end of each segment

    def segments(self):
        return [(first, end - first) for first, end in self.ends]

    def append(self, chunk):
        offset = self.ends[-1][1]
        self.image[offset : offset + len(chunk)] = chunk
        self.ends[-1][1] += len(chunk)
        return offset

    def sync(self):
        pass

    def read(self, offset, size_bytes):
        for first, end in self.ends:
            if first <= offset < end:
                return bytes(self.image[offset : min(offset + size_bytes, end)])
        return b""

    def roll(self):
        end = self.ends[-1][1]
        self.ends.append([end, end])
        return end

    def release(self, offset):
        while self.ends[0][1] <= offset and len(self.ends) > 1:
            del self.ends[0]

    def close(self):
        pass


class HostLine:
    """A line to the products."""

    async def exchange(self, request, missing, timeout_ms):
        return bytes.fromhex(host.answer(request.hex()))

    async def close(self):
        pass


class Element:
    """Stands for a secure element: only it can make what it takes for a signature."""

    def __init__(self, secret):
        self.public_key = b"\x04" + secret + secret
        self.key_id = cose.key_id_of(self.public_key)

    async def sign(self, digest):
        return self.public_key[1:33] + digest

    async def verify(self, public_key, digest, signature):
        return signature == public_key[1:33] + digest
