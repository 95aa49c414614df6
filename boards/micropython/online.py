"""The network of a board that makes its own: WLAN, then the time, and only then the uplink."""

from __future__ import annotations

import json

from boards.micropython.kept_clock import KeptClock
from boards.micropython.timekeeper import Timekeeper
from boards.micropython.wlan import Wlan
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

_PASSWORD_BYTES_MAX = const(64)  # IEEE 802.11, annex J: a passphrase of 8 to 63 characters, or a key in hex
_PASSWORD_BYTES_MIN = const(8)


class Online:
    """Made of the configuration's [wlan] and [clock]; the floor of the time lies in FOLDER/clock.floor.

    `say` is where it tells in JSON what changed.
    """

    def __init__(self, folder: str, wlan: dict[str, Any], clock: dict[str, Any] | None) -> None:
        """Raises: ValueError with one sentence."""
        password = _password(folder, wlan["password"]) if wlan["password"] is not None else None
        self.say: Callable[[str], None] = print
        self.clock = KeptClock(folder + "/clock.floor")
        self._wlan = Wlan(wlan["ssid"], password, self._tell_wlan)
        servers = clock["ntp"] if clock is not None else []
        self._timekeeper = Timekeeper(self.clock, servers, lambda: self._wlan.joined, self._tell_clock)

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs beside the agent; none of it ends, and nothing of it ends the agent."""
        return [self._wlan.run(), self._timekeeper.run()]

    def not_yet(self) -> str:
        """Return why the uplink cannot be tried, nothing when it can: a certificate has dates."""
        if not self._wlan.joined:
            return "WLAN: " + self._wlan.trouble
        if self.clock.quality() == q.CLOCK_UNKNOWN:
            return "the time is not known: " + self._timekeeper.trouble
        return ""

    def _tell_wlan(self, joined: bool, trouble: str) -> None:
        self.say(json.dumps({"fact": "wlan", "joined": joined, "trouble": trouble}))

    def _tell_clock(self, trouble: str) -> None:
        self.say(json.dumps({"fact": "clock", "set": not trouble, "trouble": trouble}))


def _password(folder: str, name: str) -> str:
    where = "[wlan] password = %r: " % name
    try:
        with open(folder + "/" + name, "rb") as file:
            password = file.read(_PASSWORD_BYTES_MAX + 2).strip()
    except OSError as error:
        raise ValueError(where + "cannot be read: %s" % error)
    fits = _PASSWORD_BYTES_MIN <= len(password) <= _PASSWORD_BYTES_MAX
    if not fits or min(password) < 32 or max(password) > 126:
        raise ValueError(where + "expected a file with 8 to 64 characters of ASCII")
    return password.decode()
