"""The VEN's subscription at its VTN: by webhook it is told what changes of the events.

There is one of this VEN name and callback address, made anew at each start: its token is kept in memory only.
Source: OpenADR 3.1.0 OpenAPI document, `/subscriptions` and schema `subscriptionRequest`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from boards.cpython.openadr.vtn import Vtn, VtnError
from boards.cpython.strict_json import Malformed, Object, as_id, as_list, as_object
from boards.retry import retry_ms

CHECK_S = 300  # a VTN that lost its subscriptions is noticed within
DROP_S = 2  # to take it back at the end, while somebody waits for the agent to stop
OPERATIONS_MAX = 64


class Subscription:
    """Keeps one subscription; `note` is told why there is none, "" once there is."""

    def __init__(self, vtn: Vtn, ven_name: str, callback_url: str, token: str, note: Callable[[str], None]) -> None:
        self._vtn = vtn
        self._ven_name = ven_name
        self._callback_url = callback_url
        self._token = token
        self._note = note
        self._id = ""
        self._program_id: str | None = None

    async def run(self, program_id: Callable[[], str | None], made: Callable[[], None]) -> None:
        """Keep the subscription alive, for ever; `made` is called whenever there is a new one.

        `program_id` returns the programme that it is for, None for all; it may raise VtnError.
        """
        loop = asyncio.get_running_loop()
        well_s = loop.time()
        while True:
            rest_s = float(CHECK_S)
            try:
                if await self._keep(program_id()):
                    made()
                well_s = loop.time()
                self._note("")
            except (VtnError, Malformed) as error:
                self._note(str(error))
                rest_s = retry_ms(int((loop.time() - well_s) * 1000)) / 1000
            await asyncio.sleep(rest_s)

    async def drop(self) -> None:
        """Take the subscription back, as far as the VTN answers at once."""
        if self._id:
            with contextlib.suppress(VtnError, TimeoutError):
                async with asyncio.timeout(DROP_S):
                    await self._delete(self._id)

    async def _keep(self, program_id: str | None) -> bool:
        """See that this one is there and no older one; return whether it was made. Raises: VtnError, Malformed."""
        listed = await self._vtn.listed("/subscriptions", {"clientName": self._ven_name})
        found = [as_object("subscription", each) for each in listed]
        mine = [as_id("subscription id", each.get("id")) for each in found if self._is_mine(each)]
        if program_id != self._program_id:
            self._id = ""  # the programme is another of the same name
        for each in mine:
            if each != self._id:
                await self._delete(each)
        if self._id and self._id in mine:
            return False
        answer = as_object("subscription", await self._vtn.post("/subscriptions", self._request(program_id)))
        self._id, self._program_id = as_id("subscription id", answer.get("id")), program_id
        return True

    def _is_mine(self, found: Object) -> bool:
        """Tell whether this VEN made a subscription, now or before a restart. Raises: Malformed."""
        if found.get("clientName") != self._ven_name:
            return False  # whatever else it says
        operations = as_list("objectOperations", found.get("objectOperations"), OPERATIONS_MAX)
        urls = [as_object("objectOperations", each).get("callbackUrl") for each in operations]
        return self._callback_url in urls

    async def _delete(self, subscription_id: str) -> None:
        """Delete one, which may be gone already. Raises: VtnError."""
        try:
            await self._vtn.delete(f"/subscriptions/{subscription_id}")
        except VtnError as error:
            if error.status != 404:
                raise

    def _request(self, program_id: str | None) -> dict[str, Any]:
        what = {
            "objects": ["EVENT"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "callbackUrl": self._callback_url,
            "bearerToken": self._token,
        }
        request: dict[str, Any] = {"clientName": self._ven_name, "objectOperations": [what]}
        return request if program_id is None else {**request, "programID": program_id}
