"""What a utility's server holds for one site, decoded: programs, their controls and defaults, the time, who is who.

A control that is not what the standard allows is refused alone, by name where it has one; the rest of its list is
read. Modes that this agent does not carry out (reactive power, curves, trips) are kept by name, so that the server can
be told.

Source: IEEE 2030.5-2018 sections 10.1 (EventStatus), 10.2.3 (events), 10.10 (DER) and annex B (types); CSIP-AUS
(SA TS 5573) for what begins with `csipaus`.
"""

from __future__ import annotations

from dataclasses import dataclass

from boards.cpython.ieee2030_5.document import Node, Refused

ITEMS_MAX = 64  # of one list
RANDOM_S_MAX = 3600
TIME_S_MAX = 1 << 34  # in the year 2514
DURATION_S_MAX = (1 << 32) - 1
HREF_CHARS_MAX = 255
RAMP_CS_MAX = 65535
WATTS_MAX = 10**9

SCHEDULED, ACTIVE, CANCELLED, CANCELLED_RANDOM, SUPERSEDED = range(5)

IMPORT, EXPORT = "csipaus:opModImpLimW", "csipaus:opModExpLimW"
LOAD, GENERATION = "csipaus:opModLoadLimW", "csipaus:opModGenLimW"
STORAGE_TARGET, TARGET, FIXED = "csipaus:opModStorageTargetW", "opModTargetW", "opModFixedW"
MAXIMUM, CONNECT, ENERGIZE = "opModMaxLimW", "opModConnect", "opModEnergize"
WATTS = (IMPORT, EXPORT, LOAD, GENERATION)
SIGNED_WATTS = (STORAGE_TARGET, TARGET)
FLAGS = (CONNECT, ENERGIZE)
PER_CENT = 10000  # in hundredths of a per cent


@dataclass(frozen=True)
class Control:
    """One DERControl; times are the server's, in seconds of Unix time."""

    mrid: str
    primacy: int
    created_s: int
    start_s: int
    duration_s: int
    status: int
    modes: dict[str, int]  # W; hundredths of a per cent for FIXED and MAXIMUM; 0 or 1 for FLAGS
    unknown: tuple[str, ...] = ()
    random_start_s: int = 0
    random_duration_s: int = 0
    ramp_cs: int | None = None  # hundredths of a second
    reply_to: str = ""
    required: int = 0  # bits of responseRequired
    read_s: int = 0  # when the server said so
    program: str = ""  # address of the program that it is in

    @property
    def end_s(self) -> int:
        """When it ends without chance."""
        return self.start_s + self.duration_s


@dataclass(frozen=True)
class Default:
    """A DefaultDERControl; `grad_w` in hundredths of a per cent of the rated power a second, 0 and None: at once."""

    mrid: str
    modes: dict[str, int]
    unknown: tuple[str, ...] = ()
    grad_w: int | None = None


@dataclass(frozen=True)
class ControlRefused:
    """A control that is not carried out; `mrid` is empty when it has no readable name."""

    mrid: str
    why: str
    reply_to: str = ""
    required: int = 0


@dataclass
class Program:
    """One DERProgram with what was read of it."""

    href: str
    mrid: str
    primacy: int
    controls_href: str
    default_href: str
    default: Default | None = None


@dataclass(frozen=True)
class Listed:
    """How much of a list came, of how much there is, and how often it shall be read; 0: nobody said."""

    results: int
    all: int
    poll_s: int


def href_of(node: Node) -> str:
    """Return a resource's own address. Raises: Refused."""
    return checked_href(node.attribute("href"), f"{node.path}/@href")


def checked_href(href: str, path: str) -> str:
    """Return an address on the same server, empty for none. Raises: Refused for one that leads elsewhere."""
    fits = href.isascii() and href.isprintable() and " " not in href and len(href) <= HREF_CHARS_MAX
    if href and (not fits or not href.startswith("/") or href.startswith("//")):
        raise Refused(f"{path}: {href[:40]!r} is no path on this server")
    return href


def listed(node: Node) -> Listed:
    """Return what a list says of itself. Raises: Refused."""
    results = node.whole_attribute("results", 0, ITEMS_MAX, 0)
    return Listed(results, node.whole_attribute("all", 0, DURATION_S_MAX, results), poll_s(node))


def poll_s(node: Node) -> int:
    """Return how often a resource shall be read, 0 when it does not say. Raises: Refused."""
    return node.whole_attribute("pollRate", 1, DURATION_S_MAX, 0)


def server_s(node: Node) -> int:
    """Return the server's time. Raises: Refused."""
    return node.whole("currentTime", 1, TIME_S_MAX)


def link(node: Node, name: str) -> str:
    """Return where a link leads, empty without one. Raises: Refused."""
    return checked_href(node.link(name), f"{node.path}/{name}/@href")


def program(node: Node) -> Program:
    """Decode a DERProgram. Raises: Refused."""
    return Program(
        href_of(node),
        node.hexadecimal("mRID", 16),
        node.whole("primacy", 0, 255),
        link(node, "DERControlListLink"),
        link(node, "DefaultDERControlLink"),
    )


def control(node: Node, within: Program, read_s: int) -> Control | ControlRefused:
    """Decode a DERControl of a program; what is wrong with it is said in its place."""
    mrid, reply_to, required = "", "", 0
    try:
        mrid = node.hexadecimal("mRID", 16)
        reply_to = checked_href(node.attribute("replyTo"), f"{node.path}/@replyTo")
        required = node.bits("responseRequired")
        return _control(node, mrid, within, reply_to, required, read_s)
    except Refused as refused:
        return ControlRefused(mrid, str(refused), reply_to, required)


def _control(node: Node, mrid: str, within: Program, reply_to: str, required: int, read_s: int) -> Control:
    period, said, base = node.need("interval"), node.need("EventStatus"), node.need("DERControlBase")
    modes, unknown = _modes(base)
    return Control(
        mrid,
        within.primacy,
        node.whole("creationTime", 0, TIME_S_MAX),
        period.whole("start", 0, TIME_S_MAX),
        period.whole("duration", 1, DURATION_S_MAX),
        said.whole("currentStatus", SCHEDULED, SUPERSEDED),
        modes,
        unknown,
        node.whole("randomizeStart", -RANDOM_S_MAX, RANDOM_S_MAX, 0),
        node.whole("randomizeDuration", -RANDOM_S_MAX, RANDOM_S_MAX, 0),
        base.whole("rampTms", 0, RAMP_CS_MAX) if base.child("rampTms") else None,
        reply_to,
        required,
        read_s,
        within.href,
    )


def default(node: Node) -> Default:
    """Decode a DefaultDERControl. Raises: Refused."""
    modes, unknown = _modes(node.need("DERControlBase"))
    grad_w = node.whole("setGradW", 0, RAMP_CS_MAX) if node.child("setGradW") else None
    return Default(node.hexadecimal("mRID", 16), modes, unknown, grad_w)


def _modes(base: Node) -> tuple[dict[str, int], tuple[str, ...]]:
    modes: dict[str, int] = {}
    for name in WATTS + SIGNED_WATTS:
        _keep(modes, name, _watts(base, name))
    _keep(modes, FIXED, base.whole(FIXED, -PER_CENT, PER_CENT) if base.child(FIXED) else None)
    _keep(modes, MAXIMUM, base.whole(MAXIMUM, 0, PER_CENT) if base.child(MAXIMUM) else None)
    for name in FLAGS:
        _keep(modes, name, base.flag(name))
    known = set(modes) | {"rampTms"}
    unknown = {child.name for child in base.everything() if child.name not in known}
    return modes, tuple(sorted(unknown))


def _keep(modes: dict[str, int], name: str, said: int | None) -> None:
    if said is not None:
        modes[name] = int(said)


def _watts(base: Node, name: str) -> int | None:
    """Return whole W; what is less is rounded towards nothing, which is the safe side of every limit."""
    found = base.child(name)
    if found is None:
        return None
    lowest = -WATTS_MAX if name in SIGNED_WATTS else 0  # the schema says 16 bits, and servers send more
    number, tens = found.whole("value", lowest, WATTS_MAX), found.whole("multiplier", -9, 9, 0)
    scale: int = 10 ** abs(tens)
    watts = number * scale if tens >= 0 else abs(number) // scale * (1 if number >= 0 else -1)
    if abs(watts) > WATTS_MAX:
        raise Refused(f"{found.path}: {number} times ten to the {tens} is no power")
    return watts
