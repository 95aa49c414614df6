"""`network.WLAN` of a board, with the access points of the world's air.json; their status words as each port has them.

Joining takes JOIN_MS. A station whose access point goes away says so; that of an ESP32 then looks for it by itself,
that of an RP2 does not.
"""

import utime
from world import PORT, air, say

JOIN_MS = 60
STA_IF, AP_IF = 0, 1
if PORT == "esp32":
    STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
    STAT_BEACON_TIMEOUT, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD, STAT_CONNECT_FAIL = 200, 201, 202, 203
    _LOST = STAT_BEACON_TIMEOUT
else:
    STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 0, 1, 3
    STAT_CONNECT_FAIL, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = -1, -2, -3
    _LOST = STAT_IDLE


class WLAN:
    IF_STA, IF_AP = STA_IF, AP_IF
    PM_NONE = 0 if PORT == "esp32" else 0xA11140

    def __init__(self, interface=STA_IF):
        self._active = False
        self._wanted = None
        self._joined_at = 0
        self._status = STAT_IDLE

    def active(self, up=None):
        if up is None:
            return self._active
        if air().get("") == "broken":
            raise OSError(5)
        self._active = up
        say("wlan active %d" % up)
        return None

    def config(self, **settings):
        for name in settings:
            if name not in ("pm", "hostname", "reconnects") or (name == "reconnects" and PORT != "esp32"):
                raise ValueError("unknown config param")

    def connect(self, ssid=None, key=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        say("wlan connect %s" % ssid)
        self._wanted = (ssid, key)
        self._status = STAT_CONNECTING
        self._joined_at = utime.ticks_add(utime.ticks_ms(), JOIN_MS)

    def disconnect(self):
        self._wanted = None
        self._status = STAT_IDLE

    def status(self, what=None):
        self._look()
        return self._status

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def ifconfig(self):
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")

    def _look(self):
        if self._wanted is None or utime.ticks_diff(utime.ticks_ms(), self._joined_at) < 0:
            return
        ssid, key = self._wanted
        here = air()
        if ssid not in here:
            self._status = _LOST if self._status in (STAT_GOT_IP, _LOST) else STAT_NO_AP_FOUND
        elif here[ssid] != (key or ""):
            self._status = STAT_WRONG_PASSWORD
        elif self._status == STAT_CONNECTING or PORT == "esp32":
            self._status = STAT_GOT_IP
