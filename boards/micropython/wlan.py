"""Keeps a board in its WLAN: joins, notices the loss, tries again for ever, and touches nothing else.

Source: MicroPython library reference, `network.WLAN`. What `status` says while a station joins may be left over from
the attempt before, and the port of an ESP32 tries again by itself: an attempt is given some seconds before its failure
is believed. A wrong password and an access point that is just restarting look alike, so both are tried again.
"""

from __future__ import annotations

from network import STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD, WLAN

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from boards.retry import retry_ms
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_MS = const(250)
_JOIN_MS = const(15000)  # with DHCP
_FAILED_MS = const(4000)  # a scan takes two to three
_OUTAGE_MS = const(8000)  # a first wait of a second at most, then twice that and so on
_DOUBLED_MAX = const(5)  # half a minute: who joins disturbs a house, not a broker


class Wlan:
    """One access point's station. `trouble` says why it is, or was last, not joined; empty while it is."""

    def __init__(self, ssid: str, password: str | None, tell: Callable[[bool, str], None]) -> None:
        """Switch the radio on, which takes a second on some boards. `tell` hears (joined, trouble) on every change."""
        self.trouble = "not joined yet"
        self.joined = False
        self._ssid = ssid
        self._password = password
        self._tell = tell
        self._told = (False, self.trouble)
        self._radio = WLAN(WLAN.IF_STA)
        self._is_on = self._try(self._switch_on)

    async def run(self) -> None:
        """Stay joined, for ever."""
        failures = 0
        while True:
            if self._try(self._join) and await self._has_joined():
                self._change(True, "")
                await self._lost()
                failures = 0
            self._change(False, self.trouble)
            await sleep_ms(retry_ms(_OUTAGE_MS << failures))
            failures = min(failures + 1, _DOUBLED_MAX)

    async def _has_joined(self) -> bool:
        """Wait for the end of an attempt; a failure is left in `trouble`."""
        began = ticks_ms()
        while True:
            await sleep_ms(_LOOK_MS)
            if self._try(self._look):
                return True
            waited_ms = ticks_diff(ticks_ms(), began)
            if waited_ms >= _JOIN_MS or (waited_ms >= _FAILED_MS and self.trouble):
                self.trouble = self.trouble or "no answer from the access point"
                return False

    async def _lost(self) -> None:
        """Return when the connection is gone."""
        while self._try(self._look):
            await sleep_ms(_LOOK_MS)
        self.trouble = self.trouble or "the connection was lost"

    def _switch_on(self) -> bool:
        self._radio.active(True)
        self._radio.config(pm=WLAN.PM_NONE)  # else a command waits in the access point for tenths of a second
        return True

    def _join(self) -> bool:
        self._is_on = self._is_on or self._switch_on()
        self._radio.disconnect()  # an ESP32 refuses a new network while it tries an old one
        self._radio.connect(self._ssid, self._password)
        return True

    def _look(self) -> bool:
        joined = self._radio.isconnected()
        self.trouble = "" if joined else _words(self._radio.status())
        return joined

    def _try(self, step: Callable[[], bool]) -> bool:
        """Do something with the radio, whose driver may fail in its own ways: no reason to end."""
        try:
            return step()
        except (OSError, RuntimeError, ValueError) as error:
            self.trouble = "the radio: " + repr(error)
            return False

    def _change(self, joined: bool, trouble: str) -> None:
        self.joined, self.trouble = joined, trouble
        if (joined, trouble) != self._told:
            self._told = (joined, trouble)
            self._tell(joined, trouble)


def _words(status: int) -> str:
    """Return what a status says against the connection, nothing while that is still open."""
    if status == STAT_WRONG_PASSWORD:
        return "wrong password"
    if status == STAT_NO_AP_FOUND:
        return "no access point of that name"
    return "status %d" % status if status < 0 or 100 <= status < 1000 else ""
