"""The head-end's command door: a Unix socket, one JSON object a line in and one out.

    {"cmd": "limit", "agent": "…", "scope": "", "direction": 0, "value_w": 4200, "duration_s": 60}
    {"cmd": "claim", "agent": "…", "device": "charger", "set_point": 6000, "duration_s": 60, "primacy": 100}
    {"cmd": "set", "agent": "…", "controls": [{"cmd": "limit", "value_w": 4200, "duration_s": 0}]}
    {"cmd": "word", "agent": "…", "word": "boost", "device": "charger", "for_s": 7200}
    {"cmd": "reserve", "agent": "…", "scope": "", "power_w": 3000, "duration_s": 7200, "start_in_s": 3600}
    {"cmd": "delay", "agent": "…", "device": "charger", "max_s": 600}
    {"cmd": "prices", "agent": "…", "from_s": 1700006400, "slot_s": 3600, "prices": [30000, 28000], "direction": 0}
    {"cmd": "cancel", "command": "…", "random_end_s": 0}
    {"cmd": "raw", "agent": "…", "raw": "<hex>"}
    {"cmd": "answers", "command": "…", "count": 1, "timeout_s": 30}
    {"cmd": "status"}
    {"cmd": "pages", "agent": "…", "path": "pages.cbor"}       writes a page file

limit, claim, set, word, reserve, delay, prices and cancel also take `authority` and `expires_in_s`; what else a control
may say stands in tools/headend/bodies.py and docs/headend.md. An answer holds `"ok": true` or an `error`.
The socket has mode 0600: who can open it can move watts.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tools.errors import UsageError
from tools.headend.headend import HeadEnd

LINE_BYTES_MAX = 65536
TIMEOUT_S_MAX = 86400

Verb = Callable[..., Awaitable[dict[str, Any]]]


class Door:
    """Serves one head-end on one socket."""

    def __init__(self, head_end: HeadEnd, path: Path) -> None:
        self._head_end = head_end
        self._path = path
        self._server: asyncio.Server | None = None
        self._verbs: dict[str, Verb] = {
            "limit": self._limit,
            "claim": self._claim,
            "set": self._set,
            "reserve": self._reserve,
            "delay": self._delay,
            "prices": self._prices,
            "word": self._word,
            "cancel": self._cancel,
            "raw": self._raw,
            "answers": self._answers,
            "status": self._status,
            "pages": self._pages,
        }

    async def open(self) -> None:
        """Begin to serve. Raises: UsageError when another head-end does."""
        if _is_served(self._path):
            raise UsageError(f"another head-end serves {self._path}")
        self._path.unlink(missing_ok=True)
        masked = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES_MAX)
        except OSError as error:
            raise UsageError(f"cannot serve {self._path}: {error.strerror or error}") from error
        finally:
            os.umask(masked)

    async def close(self) -> None:
        """End serving and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line without an end, or nobody there any more
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            verb = self._verbs[asked.pop("cmd")]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {"ok": False, "error": f"expected a JSON object with cmd, one of {', '.join(self._verbs)}"}
        try:
            return {"ok": True, **await verb(**asked)}
        except UsageError as error:
            return {"ok": False, "error": str(error)}
        except TimeoutError:
            return {"ok": False, "error": "no answer in time"}
        except (TypeError, ValueError, OverflowError, OSError, sqlite3.Error) as error:
            return {"ok": False, "error": f"cannot do that: {error}"}

    async def _limit(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_limit(**asked)}

    async def _claim(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_claim(**asked)}

    async def _set(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_set(**asked)}

    async def _reserve(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_reserve(**asked)}

    async def _delay(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_delay(**asked)}

    async def _prices(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_prices(**asked)}

    async def _word(self, **asked: Any) -> dict[str, Any]:
        return {"command": await self._head_end.send_word(**asked)}

    async def _cancel(self, **asked: Any) -> dict[str, Any]:
        return {"commands": await self._head_end.send_cancel(**asked)}

    async def _raw(self, *, agent: str, raw: str) -> dict[str, Any]:
        return {"command": await self._head_end.send_raw(agent, bytes.fromhex(raw))}

    async def _answers(self, *, command: str, count: int = 1, timeout_s: float = 30) -> dict[str, Any]:
        if not 0 <= timeout_s <= TIMEOUT_S_MAX:
            raise UsageError(f"timeout_s = {timeout_s}: expected 0 to {TIMEOUT_S_MAX}")
        answers = await self._head_end.answers(command, count, timeout_s)
        return {"answers": [answer.as_json() for answer in answers]}

    async def _status(self) -> dict[str, Any]:
        return self._head_end.status()

    async def _pages(self, *, agent: str, path: str) -> dict[str, Any]:
        count = 0
        with Path(path).open("wb") as file:  # noqa: ASYNC230  (a local file, as the database is)
            for raw in self._head_end.pages(agent):
                file.write(raw)
                count += 1
        return {"pages": count}


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as end:
        try:
            end.connect(str(path))
        except OSError:
            return False
        return True
