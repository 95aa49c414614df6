"""Puts an agent together from a checked configuration and what the board brings: what knows all rooms is here alone."""

from __future__ import annotations

import hashlib

from agent import VERSION, cbor, record
from agent.circuits import Circuit
from agent.command import Authority
from agent.journal import Journal
from agent.kept import forget_others, load
from agent.ledger import Ledger
from agent.limits import SITE
from agent.loop import Loop
from agent.session import Session
from agent.state import State
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from drivers import catalogue
from hal import quantities as q
from hal.capabilities import CHARGER, INVERTER, PHASE_SWITCH
from hal.compat import const
from hal.modbus.rtu import Rtu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.config import Config
    from agent.reserve import Reserving
    from agent.rotation import Rotation
    from hal.capabilities import Device
    from hal.modbus.ascii import Ascii
    from hal.modbus.bus import Bus
    from hal.ports import Clock, Pins, Signer, Store, Uplink, Watchdog

_SETTLED_FIELDS = const(3)  # of what the journal keeps of the keys while one alone signs: agent/rotation.py


class StartError(Exception):
    """Args: one sentence that says what is wrong and where."""


class Parts:
    """What a board brings: its ports, and how it opens a bus of the configuration."""

    def __init__(
        self, runtime: str, firmware: bytes, clock: Clock, store: Store, signer: Signer, uplink: Uplink | None,
        watchdog: Watchdog, secret: bytes, open_bus: Callable[[dict[str, Any]], Bus | Pins],
        next_signer: Signer | None = None,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.firmware = firmware  # hash of what runs
        self.clock = clock
        self.store = store
        self.signer = signer
        self.uplink = uplink
        self.watchdog = watchdog
        self.secret = secret  # random bytes, fresh in each life
        self.open_bus = open_bus
        self.next_signer = next_signer  # of the key that is to follow


def agent_id(config: Config, key_id: bytes) -> bytes:
    """Return the agent's name: the id of its first key, which is the present one unless the configuration says more."""
    named: bytes = config.agent["id"] or key_id
    return named


def assemble(config: Config, config_digest: bytes, parts: Parts) -> Loop:
    """Return an agent that stands where its journal ended, in a new epoch. Raises: StartError, OSError."""
    buses = {row["id"]: parts.open_bus(row) for row in config.buses}
    drivers = [driver_of(row, buses[row["bus"]]) for row in config.devices]
    circuits = _circuits(config)
    units = [_unit(at, row, drivers[at], circuits) for at, row in enumerate(config.devices)]
    _check_switches(units)
    ledger, rotation, withdrawn = _ledger(config, parts)
    state = _state(config, circuits, units, parts, ledger)
    session = Session(ledger, parts.signer, parts.uplink, parts.clock, state)
    session.rotation = rotation
    settings = config.agent
    authorities = [
        Authority(row["name"], row["public_key"], row["role"], row["power_max_w"]) for row in config.authorities
    ]
    loop = Loop(
        state, ledger, session, [], authorities, parts.clock, parts.signer, parts.uplink, parts.watchdog,
        settings["tick_ms"], settings["sync_ms"],
    )  # fmt: skip
    for row in config.buses:
        posts = [
            Post(at, drivers[at], loop.report) for at, device in enumerate(config.devices) if device["bus"] == row["id"]
        ]
        if posts:
            loop.add_worker(Worker(posts, parts.clock))
    if config.sources:
        _add_sources(config, loop)
    if state.reserving is not None:
        _let_reserve(config, loop, state.reserving)
    _say_boot(config, config_digest, parts, loop)
    if withdrawn is not None:
        loop.beside.append([record.KEY_CHANGE, parts.clock.now_ms(), record.KEY_ENDS, withdrawn, None])
        ledger.add(loop.beside[0])
    ledger.sync()
    return loop


def _add_sources(config: Config, loop: Loop) -> None:
    """Give the loop its sources of control; a board of a site without any has none of this."""
    from boards.sources import add_source

    for row in config.sources:
        where = "[[source]] %s " % row["name"]
        try:
            add_source(row, loop)
        except ValueError as fault:
            raise StartError(fault.args[0] if len(fault.args) == 1 else where + "%s = %r: expected %s" % fault.args)
        except ImportError:
            raise StartError(where + "kind = %r: not in this image: build it with this site" % row["kind"])
    known = [row["name"] for row in config.authorities + config.sources]
    for name in [] if loop.state.prices is None else loop.state.prices.names:
        if name not in known:
            raise StartError("[[source]] from = %r: expected the name of an [[authority]] or [[source]]" % name)


def _reserving(config: Config) -> Reserving | None:
    """Return what holds the windows of programmes, None where nobody may reserve."""
    for key, rows in (("authority", config.authorities), ("source", config.sources)):
        for row in rows:
            if row["reservations"]:
                try:
                    return _new_reserving()
                except ImportError:
                    where = "[[%s]] %s reservations = %d: " % (key, row["name"], row["reservations"])
                    raise StartError(where + "not in this image: build it with this site")
    return None


def _new_reserving() -> Reserving:
    from agent.reserve import Reserving

    return Reserving({})


def _let_reserve(config: Config, loop: Loop, reserving: Reserving) -> None:
    """Say which authorities and sources are programmes, once their roles are known, and how much each may reserve.

    What was kept of one that may not any more ends.
    """
    most = {row["name"]: row["reservations"] for row in config.authorities + config.sources}
    for authority in loop.authorities:
        if authority.role == "aggregator" or authority.role == "utility":
            reserving.allowed[authority.name] = most[authority.name]
        elif most.get(authority.name):
            raise StartError("%s: reservations = %d: expected 0 for the role %s" % (
                authority.name, most[authority.name], authority.role))  # fmt: skip
    reserving.forget_others(loop.state, [name for name in reserving.allowed if reserving.allowed[name]])


def serial_framing(row: dict[str, Any]) -> Ascii | Rtu:
    """Return the framing of a serial bus's table; what few sites need is loaded for them."""
    if row["kind"] == "ascii":
        from hal.modbus.ascii import Ascii

        return Ascii(row["baud"])
    return Rtu(row["baud"])


def driver_of(row: dict[str, Any], bus: Bus | Pins) -> Device:
    """Return the driver of a device's table; nothing is asked on the bus. Raises: StartError."""
    where = "[[device]] %s " % row["id"]
    try:
        kind = catalogue.load(row["driver"])
        if hasattr(kind, "channels_known") is not hasattr(bus, "take"):
            raise ValueError("bus", row["bus"], "a bus of another kind for " + row["driver"])
        made: Device = kind(bus, row["unit"], row["options"])
    except ValueError as fault:
        raise StartError(where + "%s = %r: expected %s" % fault.args)
    except ImportError:
        raise StartError(where + "driver = %r: not in this image: build it with this site" % row["driver"])
    for key in ("default", "fallback"):
        _check_setpoint(where + key, row[key], made, row)
    return made


def _check_setpoint(key: str, setpoint: int | None, driver: Device, row: dict[str, Any]) -> None:
    """Refuse a set-point that the product cannot hold, as far as its bounds are known before it is open."""
    contract = contract_of(driver)
    if setpoint is None:
        return
    if not contract.control:
        raise StartError("%s = %d: %s has nothing to set" % (key, setpoint, row["driver"]))
    if contract.maximum > contract.minimum and not Unit(0, row, contract).allows(setpoint):
        bounds = "%d to %d in steps of %d" % (contract.minimum, contract.maximum, contract.step)
        off = "" if contract.off is None else " or %d" % contract.off
        raise StartError("%s = %d: expected %s%s" % (key, setpoint, bounds, off))


def _check_switches(units: list[Unit]) -> None:
    """Refuse a phase switch without a charger on three phases, and anything else with one."""
    for unit in units:
        where, is_switch = "[[device]] %s switches" % unit.id, unit.contract.kind == PHASE_SWITCH
        if unit.switches is None and not is_switch:
            continue
        moved = [each for each in units if each.id == unit.switches and each.contract.kind == CHARGER]
        if not is_switch or not moved or len(moved[0].phases) != 3:
            expected = "the id of a charger with phases = 7" if is_switch else "no such key: it is no phase switch"
            raise StartError("%s = %r: expected %s" % (where, unit.switches, expected))


def _ledger(config: Config, parts: Parts) -> tuple[Ledger, Rotation | None, bytes | None]:
    settings = config.agent
    journal = Journal(parts.store, settings["segment_bytes"])
    ledger = Ledger(
        journal, agent_id(config, parts.signer.key_id), parts.clock, settings["page_bytes_max"], settings["page_s"],
        parts.secret, settings["journal_bytes_max"],
    )  # fmt: skip
    try:
        ledger.recover()
    except (ValueError, TypeError, cbor.CborError):
        where = "[agent] journal = %r: " % settings["journal"]
        raise StartError(where + "not what this version has written: move it away, and keep it")
    rotation, withdrawn = _keys(ledger, parts)
    ledger.begin_epoch()
    return ledger, rotation, withdrawn


def _keys(ledger: Ledger, parts: Parts) -> tuple[Rotation | None, bytes | None]:
    """Hold the keys against what the journal knows of them; what lets one follow another is loaded when one does."""
    settled = [ledger.agent_id, parts.signer.key_id]
    known = cbor.decode(ledger.keys_blob) if ledger.keys_blob else settled + [b""]
    if parts.next_signer is None and len(known) == _SETTLED_FIELDS and known[:2] == settled:
        ledger.keys_blob = cbor.encode(known)
        return None, None
    from agent.rotation import take_up

    try:
        return take_up(ledger, parts.signer, parts.next_signer)
    except ValueError as fault:
        raise StartError(fault.args[0])


def _circuits(config: Config) -> list[Circuit]:
    """Return the connection and every circuit, each after the one it hangs on."""
    places = {row["id"]: at + 1 for at, row in enumerate(config.circuits)}
    devices = {row["id"]: at for at, row in enumerate(config.devices)}
    made = [Circuit(config.site, devices.get(config.site["meter"]))]
    for row in config.circuits:
        hung = dict(row, parent=places.get(row["parent"], 0))
        made.append(Circuit(hung, devices.get(row["meter"]), SITE - len(made)))
    return made


def _unit(at: int, row: dict[str, Any], driver: Device, circuits: list[Circuit]) -> Unit:
    place = 0
    for circuit in circuits:
        if circuit.id == row["circuit"]:
            place = SITE - circuit.scope
    return Unit(at, dict(row, circuit=place), contract_of(driver))


def _state(config: Config, circuits: list[Circuit], units: list[Unit], parts: Parts, ledger: Ledger) -> State:
    settings = config.agent
    state = State(
        circuits[0], units, ledger.agent_id, ledger.epoch, settings["reading_s"], settings["lease_ms"],
        circuits[1:],
    )  # fmt: skip
    if INVERTER in [unit.contract.kind for unit in units]:
        from agent.curtail import Curtailing

        state.curtailing = Curtailing()
    state.reserving = _reserving(config)
    synchronised = parts.clock.quality() == q.CLOCK_SYNCHRONISED
    load(state, ledger.state_blob, parts.clock.civil_ms() if synchronised else 0)
    forget_others(state, [row["name"] for row in config.authorities + config.sources])
    return state


def _say_boot(config: Config, config_digest: bytes, parts: Parts, loop: Loop) -> None:
    now_ms = parts.clock.now_ms()
    devices = [[row["id"], row["driver"]] for row in config.devices]
    ledger = loop.ledger
    ledger.add(
        [record.BOOT, now_ms, VERSION, parts.runtime, parts.firmware, config_digest, config.site["fuse_ma"], devices]
    )
    for cause, lost in ((record.JOURNAL_FULL, ledger.lost), (record.RECORDS_DAMAGED, ledger.damaged)):
        if lost:
            ledger.add([record.GAP, now_ms, cause, lost, None])
    places = {row["id"]: at for at, row in enumerate(config.devices)}
    for row in config.enrolments:
        asset = hashlib.sha256(b"siteward asset:" + row["asset"].encode()).digest()
        ledger.add(
            [record.ENROLMENT, now_ms, places[row["device"]], asset, row["programme"], row["from"], row["until"]]
        )
