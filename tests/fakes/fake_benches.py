"""The benches for what boards have of their own, over tests/fakes; imported inside MicroPython only."""

import boot  # noqa: F401  (before anything that asks what time it is)
import asyncio
import json
import os

import network
import utime
import world
from agent.config import checked
from boards.micropython import named, timekeeper
from boards.micropython import wlan as wlan_adapter
from boards.micropython.console_check import check
from boards.micropython.hardware_watchdog import HardwareWatchdog
from boards.micropython.kept_clock import KeptClock
from boards.micropython.mqtt_uplink import MqttUplink
from boards.micropython.online import Online
from boards.micropython.tcp_line import TcpLine
from boards.micropython.uart_line import UartLine
from tests.ports.contracts.line import SETTLE_MS

UART = {"baud": 9600, "parity": "N", "stop_bits": 1}
FLOOR = world.path_of("clock.floor")


class Lines:
    """Bench of contracts/line.py and contracts/direction.py: UART 1 has a far end, UART 2 has none."""

    def __init__(self):
        self.line = self.line_at(9600)
        self.absent_line = UartLine(2, 8, 9, 10, UART)

    def line_at(self, baud):
        line = UartLine(1, 4, 5, 6, dict(UART, baud=baud))
        line._settle_ms = SETTLE_MS
        return line

    def on_direction(self, changed):
        """Have `changed(level)` called whenever the direction turns."""
        world.watch(6, changed)

    def said(self):
        """Return [(microseconds, what)] of all that the board did so far."""
        with open(world.path_of("said")) as file:
            return [(int(line.split(" ")[0]), line.strip().split(" ", 1)[1]) for line in file.read().splitlines()]


def uart_line():
    return Lines()


class Clocks:
    """Bench of contracts/clock.py: a clock that a time server has set to the host's time, or a new one."""

    def __init__(self, is_set):
        self.clock = KeptClock(FLOOR)
        if is_set:
            self.clock.set(int(utime.time()) * 1000 - self.clock.now_ms(), 20)

    def elsewhere_ms(self):
        return utime.time_ns() // 1000000

    async def let_pass(self, ms):
        await asyncio.sleep_ms(ms + 2)


def new_clock():
    return Clocks(False)


def set_clock():
    return Clocks(True)


class Timekeeping:
    """Bench of contracts/timekeeping.py."""

    def __init__(self, addresses):
        for pair in addresses.split(","):
            name, _, address = pair.partition("=")
            setattr(self, name, address)
        self._asked = []

    def clock(self):
        return KeptClock(FLOOR)

    def keeper(self, clock, *addresses):
        servers = [(address.split(":")[0], int(address.split(":")[1])) for address in addresses]
        made = timekeeper.Timekeeper(clock, servers, lambda: True, lambda trouble: None)
        ask = made._ask

        def counted(server):
            self._asked.append("%s:%d" % (server.host, server.port))
            return ask(server)

        made._ask = counted
        return made

    def asked(self, address):
        return self._asked.count(address)

    def later(self, clock, ms):
        clock._now_ms += ms

    def host_s(self):
        return int(utime.time())

    def floor(self):
        try:
            with open(FLOOR) as file:
                return file.read()
        except OSError:
            return None

    def write_floor(self, content):
        with open(FLOOR, "w") as file:
            file.write(content)

    def set_rtc(self, unix_s):
        world.CLOCK.set(unix_s)

    def lose_power(self):
        if "rtc" in os.listdir(world.FOLDER):
            os.remove(world.path_of("rtc"))
        world.CLOCK.__init__()


def timekeeping(addresses):
    return Timekeeping(addresses)


class Ahead:
    """Ticks that go by at once: every sleep of the adapter under test is over when it began. They wrap as a board's."""

    PERIOD = 1 << 30

    def __init__(self):
        self.now_ms = self.PERIOD - 20000

    def ticks_ms(self):
        return self.now_ms % self.PERIOD

    def ticks_add(self, ticks, ms):
        return (ticks + ms) % self.PERIOD

    def ticks_diff(self, later, earlier):
        half = self.PERIOD // 2
        return (later - earlier + half) % self.PERIOD - half

    async def sleep_ms(self, ms):
        self.now_ms += ms
        await asyncio.sleep_ms(0)


class Wlans:
    """Bench of contracts/wlan.py."""

    def __init__(self, password):
        self.ticks = Ahead()
        network.utime = self.ticks
        wlan_adapter.ticks_ms, wlan_adapter.sleep_ms = self.ticks.ticks_ms, self.ticks.sleep_ms
        wlan_adapter.ticks_diff = self.ticks.ticks_diff
        self.told = []
        self._password = password

    def wlan(self):
        return wlan_adapter.Wlan("house", self._password or None, lambda *fact: self.told.append(fact))

    def set_air(self, points):
        with open(world.path_of("air.json"), "w") as file:
            file.write(json.dumps(points))

    async def lapse(self, ms):
        """Let tasks run until so much of their time has passed."""
        end_ms = self.ticks.now_ms + ms
        while self.ticks.now_ms < end_ms:
            await asyncio.sleep_ms(0)


def wlan(password=""):
    return Wlans(password)


class Networks:
    """Bench of contracts/online.py."""

    def __init__(self, server):
        self._server = server

    def online(self):
        with open(world.path_of("wlan.key"), "w") as file:
            file.write("correct horse\n")
        host, port = self._server.split(":")
        wlan = {"ssid": "house", "password": "wlan.key"}
        return Online(world.FOLDER, wlan, {"ntp": [(host, int(port))]})

    def set_air(self, points):
        with open(world.path_of("air.json"), "w") as file:
            file.write(json.dumps(points))

    def uplink(self, online):
        files = [world.path_of(name) for name in ("ca.der", "cert.der", "key.der")]
        made = MqttUplink("127.0.0.1", 9, "00" * 8, files[0], files[1], files[2], "localhost")
        made.not_yet = online.not_yet
        return made


def networks(server):
    return Networks(server)


class Hosts:
    """Bench of contracts/names.py."""

    def __init__(self, server_port, unused_port, line_port):
        named.PATIENCE_MS = (50, 150)
        self.names = named.Names(port=int(server_port))
        self.nobody = named.Names(port=int(unused_port))
        self.untold = named.Names(lambda: "0.0.0.0")
        self._line_port = int(line_port)

    def line(self, name):
        made = TcpLine(name, self._line_port)
        made.connect = self.names.connect
        return made

    def check(self, host):
        uplink = {"host": host, "ca": "ca", "cert": "cert", "cert_key": "key"}
        site = {"name": "test", "import_limit_w": 1000, "export_limit_w": 0, "fuse_ma": 16000}
        tree = {"site": site, "agent": {"key": "key"}, "uplink": uplink, "wlan": {"ssid": "house"}}
        tree["bus"] = [{"id": "lan", "kind": "tcp", "host": "192.0.2.1"}]
        try:
            check(checked(tree))
        except ValueError as fault:
            return fault.args[0]
        return ""


def hosts(server_port, unused_port, line_port):
    return Hosts(server_port, unused_port, line_port)


class Uplinks:
    """Bench of contracts/uplink.py, with a broker that is known by name."""

    def __init__(self, server_port, port, agent_hex, ca, cert, cert_key):
        self.uplink = MqttUplink("broker.example", int(port), agent_hex, ca, cert, cert_key, "localhost")
        self.uplink.connect = named.Names(port=int(server_port)).connect


def named_uplink(*arguments):
    return Uplinks(*arguments)


class Watchdogs:
    """Bench of contracts/watchdog.py."""

    def __init__(self):
        self.watchdog = HardwareWatchdog(8000)


def hardware_watchdog():
    return Watchdogs()
