"""The sub-commands that look at products without an agent: what their command lines take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_field_tools(commands: Any, call: Callable[..., int]) -> None:
    """Add what looks at products without an agent."""
    scan = commands.add_parser(
        "scan",
        help="find products on a serial line or at TCP hosts",
        description="Ask unit addresses for a register, walk SunSpec maps, try meters' drivers. It only reads.",
        epilog="Exit code: 0 somebody answers, 1 nobody does, 2 misused, 130 interrupted (what was found is printed).",
    )
    _add_line(scan, several=True)
    scan.add_argument("--baud", default="9600,19200,38400,115200,2400", metavar="B,B", help="of the port (%(default)s)")
    scan.add_argument("--parity", default="N,E", metavar="P,P", help="of the port, N, E or O (%(default)s)")
    scan.add_argument("--units", metavar="N,N-N", help="addresses (1-32 of a port, a dozen usual ones of a host)")
    scan.add_argument("--timeout-ms", default="200", metavar="MS", help="for an answer (%(default)s)")
    scan.add_argument("--all", action="store_true", help="go on with other speeds after one was answered")
    scan.add_argument("--json", action="store_true")
    scan.set_defaults(run=lambda asked: call("tools.scan", "run", asked))
    read = commands.add_parser("read", help="read one device of a site, while no agent runs there")
    _add_device(read, "read", call)
    order = commands.add_parser(
        "set",
        help="set one device of a site for a while, within all limits of the site, while no agent runs there",
        description="The set-point is in the driver's unit: W, mA, m°C, phases, 0 or 1, an SG-Ready state.",
        epilog="Exit code: 0 it did what was wanted, 1 something held it back, 2 misused, 130 interrupted.",
    )
    _add_device(order, "set", call)
    order.add_argument("setpoint", metavar="SETPOINT")
    order.add_argument(
        "--wait", default="90", metavar="S", help="until it may: rests, meters (%(default)s, at most 900)"
    )
    order.add_argument("--lease", default="60", metavar="S", help="for how long (%(default)s, at most 900)")
    _add_capture(commands, call)
    _add_new_driver(commands, call)


def _add_device(parser: Any, act: str, call: Callable[..., int]) -> None:
    parser.add_argument("device", metavar="DEVICE", help="its id in SITE.toml")
    parser.add_argument(
        "--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="default: ./SITE.toml"
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=lambda asked: call("tools.one_device", "run", asked), act=act)


def _add_line(parser: Any, *, several: bool) -> None:
    parser.add_argument("--port", metavar="PORT", help="serial port, as /dev/ttyUSB0")
    parser.add_argument("--ascii", action="store_true", help="Modbus ASCII on that port in place of RTU")
    if several:
        parser.add_argument("--host", action="append", default=[], metavar="HOST[:PORT]", help="Modbus TCP, port 502")
    else:
        parser.add_argument("--host", metavar="HOST[:PORT]", help="Modbus TCP, port 502")


def _add_capture(commands: Any, call: Callable[..., int]) -> None:
    capture = commands.add_parser(
        "capture",
        help="record what a product answers, scrubbed, as a test of its driver",
        description="Let a driver read a product and keep each question and answer, without serial numbers.",
    )
    _add_line(capture, several=False)
    capture.add_argument("--baud", default="9600", help="of the port (%(default)s)")
    capture.add_argument("--parity", default="N", choices=["N", "E", "O"])
    capture.add_argument("--unit", default="1", metavar="N", help="address (%(default)s)")
    capture.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="option of the driver")
    capture.add_argument("--readings", default="3", metavar="N", help="how many (%(default)s)")
    capture.add_argument("--seen", metavar="TEXT", help="product, firmware and what its display showed, for the record")
    capture.add_argument("--json", action="store_true")
    capture.add_argument("-o", dest="out", type=Path, required=True, metavar="FILE.json")
    capture.add_argument("driver", metavar="DRIVER", help="as siteward devices names it")
    capture.set_defaults(run=lambda asked: call("tools.capture", "run", asked))


def _add_new_driver(commands: Any, call: Callable[..., int]) -> None:
    new = commands.add_parser(
        "new-driver",
        help="begin a driver in this checkout: its file, its test, its simulated twin",
        description="Write what every driver begins with; the tests then say what is missing.",
    )
    new.add_argument("model", metavar="MODEL", help="as printed on the box, as acme-pm100")
    new.add_argument("kind", choices=["meter", "charger", "battery", "heat-pump", "inverter", "switch"])
    new.add_argument("product", metavar="PRODUCT", help="maker and name for people")
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=lambda asked: call("tools.new_driver", "run", asked))
