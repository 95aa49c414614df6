"""A VTN's HTTP interface: requests with a bearer token, over TLS alone, each answer bounded in size and time.

Source: OpenADR 3.1.0 Definition, "Security" (HTTPS, TLS 1.2; OAuth 2.0 client credentials; a VTN without credentials
is asked without a token; the token's address is told by `/auth/server`), "Response Filtering" (`skip` and `limit`);
RFC 6749 section 4.4. Redirections are refused: a token is for the server that it was given for.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from boards.cpython.strict_json import (
    BODY_BYTES_MAX,
    DIGITS_MAX,
    Malformed,
    as_list,
    as_number,
    as_object,
    as_text,
    parsed,
    shown,
)
from boards.cpython.web import aiohttp

TIMEOUT_S = 20
PAGE = 50  # the most that `limit` may be
ENTRIES_MAX = 1000
TOKEN_CHARS_MAX = 4096
TOKEN_S = 3600  # where the server does not say how long it lasts
_EARLY_S = 30  # a token is renewed before it ends
_CHUNK_BYTES = 65536


class VtnError(Exception):
    """Args: why there is no answer, in words; `status` is 0 or that of HTTP."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class Vtn:
    """One VTN below its base address; used inside `async with`."""

    def __init__(
        self, url: str, tls: ssl.SSLContext, credentials: tuple[str, str] | None, token_url: str | None
    ) -> None:
        """`credentials` are client id and secret; without them the VTN is asked without a token."""
        self._url = url.rstrip("/")
        self._tls = tls
        self._credentials = credentials
        self._token_url = token_url
        self.read_bytes = 0  # of all answers
        self._token = ""
        self._token_until_s = 0.0
        self._renewing = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=2),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def get(self, path: str, query: dict[str, str] | None = None) -> Any:
        """Return the document at a path. Raises: VtnError."""
        return await self._asked("GET", path, query or {}, None)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Create an object; return what the VTN made of it. Raises: VtnError."""
        return await self._asked("POST", path, {}, body)

    async def delete(self, path: str) -> None:
        """Delete an object. Raises: VtnError."""
        await self._asked("DELETE", path, {}, None)

    async def listed(self, path: str, query: dict[str, str]) -> list[object]:
        """Return all entries of a list, page by page; all pages together have the bound of one. Raises: VtnError."""
        found: list[object] = []
        before = self.read_bytes
        while True:
            answer = await self.get(path, {**query, "skip": str(len(found)), "limit": str(PAGE)})
            if self.read_bytes - before > BODY_BYTES_MAX:
                raise VtnError(f"{path}: more than {BODY_BYTES_MAX} bytes")
            try:
                page = as_list(path, answer, ENTRIES_MAX)
            except Malformed as refusal:
                raise VtnError(refusal.args[0]) from refusal
            found += page
            if len(page) < PAGE:
                return found
            if len(found) > ENTRIES_MAX:
                raise VtnError(f"{path}: more than {ENTRIES_MAX} entries")

    async def token(self) -> str:
        """Return a bearer token that is good for a while yet, "" where none is needed. Raises: VtnError."""
        if self._credentials is None:
            return ""
        async with self._renewing:  # some servers let a new token end the one before
            now_s = asyncio.get_running_loop().time()
            if not self._token or now_s >= self._token_until_s:
                self._token_until_s = now_s + await self._renew(*self._credentials)
            return self._token

    async def _renew(self, client_id: str, secret: str) -> float:
        """Trade the credentials for a token; return how long it may be used."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        answer = await self._exchange("POST", await self._token_address(), {}, data=form)
        try:
            granted = as_object("token", answer)
            self._token = as_text("access_token", granted.get("access_token"), TOKEN_CHARS_MAX)
            if str(granted.get("token_type")).lower() != "bearer" or not self._token.isascii():
                raise VtnError("the token is no bearer token")
            lasts_s = _lasts_s(granted.get("expires_in"))
        except Malformed as refusal:
            raise VtnError(f"no token: {refusal.args[0]}") from refusal
        return max(min(lasts_s, 86400) - _EARLY_S, 1)

    async def _token_address(self) -> str:
        """Return where tokens are given, as it is configured or as the VTN says. Raises: VtnError."""
        if self._token_url is not None:
            return self._token_url
        try:
            told = as_object("/auth/server", await self._exchange("GET", f"{self._url}/auth/server", {}))
            address = as_text("tokenURL", told.get("tokenURL"), 8000)
        except Malformed as refusal:
            raise VtnError(refusal.args[0]) from refusal
        if urlsplit(address).scheme != "https":
            raise VtnError(f"tokenURL = {shown(address)}: credentials go over https only")
        return address

    async def _asked(self, method: str, path: str, query: dict[str, str], body: dict[str, Any] | None) -> Any:
        """Ask with a token; a token that is refused is renewed once."""
        for attempt in (1, 2):
            token = await self.token()
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            if body is not None:
                headers["Content-Type"] = "application/json"
            raw = None if body is None else json.dumps(body).encode()
            try:
                return await self._exchange(method, self._url + path, headers, params=query, data=raw)
            except VtnError as error:
                if error.status != 401 or not token or attempt == 2:
                    raise
                if self._token == token:
                    self._token = ""
        raise AssertionError

    async def _exchange(self, method: str, url: str, headers: dict[str, str], **more: Any) -> Any:
        """Send one request; return the parsed body of a 2xx answer. Raises: VtnError."""
        assert self._session is not None
        place = f"{method} {urlsplit(url).path}"
        try:
            async with self._session.request(method, url, headers=headers, allow_redirects=False, **more) as response:
                raw = await _body(response)
                self.read_bytes += len(raw)
                if not 200 <= response.status < 300:
                    raise VtnError(f"{place}: status {response.status}", response.status)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise VtnError(f"{place}: a compressed answer, which was not asked for")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
            raise VtnError(f"{place}: {shown(str(error) or type(error).__name__)}") from error
        if method == "DELETE" and not raw:  # 204: some servers have nothing to say of what is gone
            return None
        try:
            return parsed(raw)
        except Malformed as refusal:
            raise VtnError(f"{place}: {refusal.args[0]}") from refusal


def _lasts_s(given: Any) -> int:
    """Return for how long a token lasts; some servers write the number as a text. Raises: Malformed."""
    if type(given) is str and given.isascii() and given.isdigit() and len(given) <= DIGITS_MAX:
        return int(given)
    return TOKEN_S if given is None else int(as_number("expires_in", given))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise VtnError(f"{response.method} {response.url.path}: more than {BODY_BYTES_MAX} bytes")
    return bytes(raw)
