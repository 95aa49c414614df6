"""The benches for the adapters that boards run; imported inside MicroPython only."""

import asyncio
import gc
from time import time_ns

from boards.micropython import clock as board_clock
from boards.micropython.file_store import FileStore
from boards.micropython.mqtt_uplink import MqttUplink
from boards.micropython.serial_line import SerialLine
from boards.micropython.tcp_line import TcpLine
from boards.micropython.tty import open_tty
from boards.micropython.watchdog import NoWatchdog
from tests.ports.contracts.files import Counter, Files
from tests.ports.contracts.flash import Flash
from tests.ports.contracts.line import SETTLE_MS
from tests.ports.contracts.words import Words

HALF_PERIOD = 1 << 29  # of the ticks on boards


class Lines:
    """Bench of contracts/line.py."""

    def __init__(self, line, absent_line):
        self.line = line
        self.absent_line = absent_line


def tcp_line(port, absent_port):
    return Lines(TcpLine("127.0.0.1", int(port)), TcpLine("127.0.0.1", int(absent_port)))


def serial_line(path):
    return Lines(
        SerialLine(lambda: open_tty(path, 9600), 9600, SETTLE_MS),
        SerialLine(lambda: open_tty("/dev/absent", 9600), 9600),
    )


def file_store(folder):
    return Files(FileStore, folder)


def ring_store():
    return Flash()


def whole_store(folder):
    return FileStore(folder)


def count_for_ever(store):
    Counter(store).run()


class Week:
    """Bench of contracts/backlog.py: a board with 1 MB for its journal."""

    devices, page_bytes_max, segment_bytes, bytes_max = 2, 2048, 16384, 1 << 20

    def __init__(self, folder):
        self._folder = folder

    def open(self):
        return FileStore(self._folder, self.bytes_max)

    def used_bytes(self):
        gc.collect()
        return gc.mem_alloc()


def week(folder):
    return Week(folder)


class Uplinks:
    """Bench of contracts/uplink.py."""

    def __init__(self, uplink):
        self.uplink = uplink


def uplink(port, agent_hex, ca, cert, cert_key, server_name, keepalive_s):
    return Uplinks(MqttUplink("127.0.0.1", int(port), agent_hex, ca, cert, cert_key, server_name, int(keepalive_s)))


def confirmed_uplink(words, port, agent_hex, ca, cert, cert_key, server_name, keepalive_s):
    return Words(
        MqttUplink("127.0.0.1", int(port), agent_hex, ca, cert, cert_key, server_name, int(keepalive_s)), words
    )


class Clocks:
    """Bench of contracts/clock.py and contracts/board_clock.py."""

    def __init__(self):
        self.clock = board_clock.BoardClock()

    def elsewhere_ms(self):
        return time_ns() // 1000000

    async def let_pass(self, ms):
        await asyncio.sleep_ms(ms + 2)

    def clock_on(self, ticks, epoch_year, civil_s):
        left = list(ticks)
        board_clock.ticks_ms = lambda: left.pop(0)
        board_clock.ticks_diff = lambda later, earlier: (
            (later - earlier + HALF_PERIOD) % (2 * HALF_PERIOD) - HALF_PERIOD
        )
        board_clock.gmtime = lambda _: (epoch_year, 1, 1)
        board_clock.time = lambda: civil_s
        return board_clock.BoardClock()


class Watchdogs:
    """Bench of contracts/watchdog.py."""

    def __init__(self):
        self.watchdog = NoWatchdog()


def clock():
    return Clocks()


def other_ports():
    return Clocks()


def watchdog():
    return Watchdogs()


def board_pins(folder, kind):
    from tests.ports.pin_bench import PinBench

    return PinBench(folder, kind == "calibrated")
