"""What a look at a SunSpec product tells of it beyond its readings: names, ratings, states, and which functions are on.

Source: SunSpec Alliance, model definitions by number; offsets count from the model's id. Of curves nothing is told but
whether they are followed: a grid code sets them, no agent does.
"""

from __future__ import annotations

from typing import NamedTuple


class Spot(NamedTuple):
    """One point: what it is called here, where it lies, as what, the offset of its scale factor, its unit or words."""

    name: str
    offset: int
    kind: str
    scale_at: int | None = None
    unit: str = ""
    words: dict[int, str] = {}  # noqa: RUF012  (never changed)


class Repeated(NamedTuple):
    """Parts that follow a model's points: where their number stands, where they begin, their size, their points."""

    part: str
    count_at: int
    begin: int
    size: int
    spots: tuple[Spot, ...]


def _words(text: str, start: int = 0) -> dict[int, str]:
    """Return number -> word for words that are separated by commas."""
    return {number: word.strip() for number, word in enumerate(text.split(","), start)}


SWITCH = _words("off, on")
ADOPTED = _words("in progress, done, failed")
CONNECTION = _words("connected, available, operating, test")
CONTROL_MODE = _words("remote, local")
CONTROL_MODES = _words(
    "limit of power, set power, set reactive power, set power factor, volt-var, frequency-watt, dynamic reactive"
    " current, low voltage trip, high voltage trip, watt-var, volt-watt, scheduled, low frequency trip,"
    " high frequency trip"
)
BATTERY_STATE = _words("off, empty, discharging, charging, full, holding, testing", 1)
REVERSION = (Spot("reverts after", 7, "u32", unit="s"), Spot("reverts in", 9, "u32", unit="s"))


def _curve(*more: Spot) -> tuple[Spot, ...]:
    return (Spot("function", 2, "e", words=SWITCH), Spot("last adoption", 4, "e", words=ADOPTED), *more)


TITLES = {
    1: "product", 120: "nameplate", 121: "settings", 122: "status", 124: "storage control", 160: "DC inputs",
    701: "AC", 702: "capacity", 703: "enter service", 704: "AC controls", 705: "volt-var", 706: "volt-watt",
    707: "low voltage trip", 708: "high voltage trip", 709: "low frequency trip", 710: "high frequency trip",
    711: "frequency droop", 712: "watt-var", 713: "storage", 714: "DC", 715: "control", 802: "battery",
}  # fmt: skip

SPOTS: dict[int, tuple[Spot, ...]] = {
    1: (  # the serial number is nobody's business
        Spot("maker", 2, "text16"),
        Spot("product", 18, "text16"),
        Spot("options", 34, "text8"),
        Spot("version", 42, "text8"),
    ),
    120: (
        Spot("kind", 2, "e", words={4: "photovoltaic", 82: "photovoltaic with storage"}),
        Spot("power", 3, "u", 4, "W"),
        Spot("capacity", 19, "u", 20, "Wh"),
        Spot("most charge", 23, "u", 24, "W"),
        Spot("most discharge", 25, "u", 26, "W"),
    ),
    121: (Spot("most power", 2, "u", 22, "W"),),
    122: (
        Spot("photovoltaic", 2, "b", words=CONNECTION),
        Spot("storage", 3, "b", words=CONNECTION),
        Spot("grid", 4, "b", words={0: "connected"}),
        Spot("power available", 31, "u", 32, "W"),
        Spot(
            "limits reached", 33, "b32",
            words=_words("power, apparent power, reactive power available, reactive Q1, reactive Q2, reactive Q3,"
                         " reactive Q4, power factor Q1, power factor Q2, power factor Q3, power factor Q4"),
        ),
        Spot(
            "controls active", 35, "b32",
            words=_words("fixed power, fixed reactive power, fixed power factor, volt-var, frequency-watt parameters,"
                         " frequency-watt curve, dynamic reactive current, low voltage ride-through, high voltage"
                         " ride-through, watt-power factor, volt-watt")
            | _words("scheduled, low frequency ride-through, high frequency ride-through", 12),
        ),
        Spot("ride-through", 43, "b", words=_words("low voltage, high voltage, low frequency, high frequency")),
        Spot("isolation", 44, "u", 45, "ohm"),
    ),
    124: (
        Spot("state", 11, "e", words=BATTERY_STATE),
        Spot("most charge", 2, "u", 18, "W"),
        Spot("reserve", 7, "u", 21, "%"),
        Spot("charging from", 17, "e", words=_words("sun only, grid too")),
    ),
    160: (Spot("events", 6, "b32"),),
    701: (
        Spot("wiring", 2, "e", words=_words("one phase, split phase, three phases")),
        Spot("state", 4, "e",
             words=_words("off, sleeping, starting, running, throttled, shutting down, fault, standby")),
        Spot("grid", 5, "e", words=_words("disconnected, connected")),
        Spot(
            "alarms", 6, "b32",
            words=_words("ground fault, DC over-voltage, AC disconnected, DC disconnected, grid disconnected, cabinet"
                         " open, manual shutdown, over-temperature, over-frequency, under-frequency, AC over-voltage,"
                         " AC under-voltage, blown string fuse, under-temperature, memory loss, hardware test failure,"
                         " maker's own"),
        ),
        Spot("throttled to", 110, "u", unit="%"),
        Spot(
            "throttled by", 111, "b32",
            words=_words("limit of power, set power, set reactive power, set power factor, volt-var, frequency-watt,"
                         " dynamic reactive current, low voltage, high voltage, watt-var, volt-watt, scheduled, low"
                         " frequency, high frequency, derated"),
        ),
        Spot("cabinet", 36, "s", 122, "°C"),
    ),
    702: (
        Spot("rated power", 2, "u", 45, "W"),
        Spot("rated charge", 10, "u", 45, "W"),
        Spot("rated discharge", 11, "u", 45, "W"),
        Spot("most power", 26, "u", 45, "W"),
        Spot("most charge", 34, "u", 45, "W"),
        Spot("most discharge", 35, "u", 45, "W"),
        Spot("can do", 23, "b32", words=CONTROL_MODES),
    ),
    703: (
        Spot("permission", 2, "e", words=SWITCH),
        Spot("highest voltage", 3, "u", 17, "%"),
        Spot("lowest voltage", 4, "u", 17, "%"),
        Spot("highest frequency", 5, "u32", 18, "Hz"),
        Spot("lowest frequency", 7, "u32", 18, "Hz"),
        Spot("delay", 9, "u32", unit="s"),
        Spot("random delay", 11, "u32", unit="s"),
        Spot("ramp", 13, "u32", unit="s"),
        Spot("delay left", 15, "u32", unit="s"),
    ),
    704: (
        Spot("limit", 14, "e", words=SWITCH),
        Spot("limit to", 15, "u", 54, "%"),
        Spot("limit reverts in", 20, "u32", unit="s"),
        Spot("set power", 22, "e", words=SWITCH),
        Spot("set power in", 23, "e", words=_words("per cent, watts")),
        Spot("set to", 24, "s32", 55, "W"),
        Spot("set to share", 28, "s", 56, "%"),
        Spot("set power reverts after", 31, "u32", unit="s"),
        Spot("set power reverts in", 33, "u32", unit="s"),
        Spot("power factor feeding", 2, "e", words=SWITCH),
        Spot("power factor drawing", 8, "e", words=SWITCH),
        Spot("set reactive power", 35, "e", words=SWITCH),
        Spot("anti-islanding", 52, "e", words=SWITCH),
    ),
    705: _curve(*REVERSION), 706: _curve(*REVERSION), 712: _curve(*REVERSION),
    707: _curve(), 708: _curve(), 709: _curve(), 710: _curve(),
    711: _curve(
        Spot("reverts after", 6, "u32", unit="s"),
        Spot("reverts in", 8, "u32", unit="s"),
        Spot("dead band above", 14, "u32", 11, "Hz"),
        Spot("dead band below", 16, "u32", 11, "Hz"),
    ),
    713: (
        Spot("capacity", 2, "u", 7, "Wh"),
        Spot("available", 3, "u", 7, "Wh"),
        Spot("charge", 4, "u", 8, "%"),
        Spot("health", 5, "u", 8, "%"),
        Spot("state", 6, "e", words=_words("good, warning, error")),
    ),
    714: (
        Spot("ports with alarms", 2, "b32"),
        Spot("power", 6, "s", 17, "W"),
        Spot("energy out", 7, "u64", 18, "Wh"),
        Spot("energy in", 11, "u64", 18, "Wh"),
    ),
    715: (Spot("obeys", 2, "e", words=CONTROL_MODE),),
    802: (
        Spot("obeys", 17, "e", words=CONTROL_MODE),
        Spot("state", 22, "e",
             words=_words("disconnected, starting, connected, standby, protecting its charge, suspending", 1)
             | {99: "fault"}),
        Spot("charge state", 16, "e", words=BATTERY_STATE),
        Spot("capacity", 3, "u", 53, "Wh"),
        Spot("most charge", 4, "u", 54, "W"),
        Spot("most discharge", 5, "u", 54, "W"),
        Spot("health", 13, "u", 58, "%"),
        Spot("cycles", 14, "u32"),
    ),
}  # fmt: skip

PARTS = {
    160: Repeated(
        "input", 8, 10, 20,
        (
            Spot("name", 11, "text8"),
            Spot("current", 19, "u", 2, "A"),
            Spot("voltage", 20, "u", 3, "V"),
            Spot("power", 21, "u", 4, "W"),
            Spot("energy", 22, "acc32", 5, "Wh"),
            Spot("temperature", 26, "s", unit="°C"),
            Spot("state", 27, "e",
                 words=_words("off, sleeping, starting, at its best, throttled, shutting down, fault, standby, test",
                              1)),
        ),
    ),
    714: Repeated(
        "port", 4, 20, 25,
        (
            Spot("kind", 20, "e", words=_words("photovoltaic, storage, vehicle, feeding, drawing, both ways, DC/DC")),
            Spot("name", 22, "text8"),
            Spot("current", 30, "s", 15, "A"),
            Spot("voltage", 31, "u", 16, "V"),
            Spot("power", 32, "s", 17, "W"),
            Spot("energy out", 33, "u64", 18, "Wh"),
            Spot("energy in", 37, "u64", 18, "Wh"),
            Spot("temperature", 41, "s", 19, "°C"),
            Spot("state", 42, "e", words=_words("off, on, warning, error")),
            Spot("alarms", 43, "b32"),
        ),
    ),
}  # fmt: skip
