"""What `siteward owner` takes: words, durations, moments, amounts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tools.errors import UsageError

UNITS_S = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
ENERGIES = {"wh": 1, "kwh": 1000}
# A control quantity's usual unit -> all in which it may be given, each in the unit of a set-point; and an example.
SETPOINTS = {"C": {"c": 1000, "°c": 1000}, "W": {"w": 1, "kw": 1000}, "ma": {"a": 1000, "ma": 1}}
EXAMPLES = {"C": "19C", "W": "3kW", "ma": "16A"}
_AMOUNT = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,3})?) ?([A-Za-z°]*)")
HELP = """commands:
  (none)                                 what you said that is in force
  boost DEVICE --for 2h                  the most it can, or what [source.boost] says
  opt-out DEVICE|CIRCUIT|SITE --for 4h   as if nobody asked; your own plans go on
  opt-in [DEVICE|CIRCUIT|SITE]           ends boost and opt-out; SITE: all of them
  away --until 2026-12-01                what [source.away] says, until then
  back
  departure DEVICE 07:00 --energy 20kWh  for the next departure alone; `departure DEVICE none` takes it back
  comfort DEVICE --min 19 --max 22       °C of a thermostat, else as 3kW, 6A, --min=-3kW; --usual: as configured again
                                         with --headend, which does not know the device: m°C, W or mA, as 19000

--until takes 18:00 (the next), 2026-12-01 or 2026-12-01T18:00, local time. No word lifts a limit or a protection.
Every word unlocks the console: by --key, else by a sign that somebody is there.
Exit code: 0 done, 1 the agent refused, 2 misused or no agent, 130 interrupted. More: docs/owner.md."""


def add_owner(commands: Any, call: Callable[..., int]) -> None:
    """Add `siteward owner`."""
    parser = commands.add_parser(
        "owner",
        help="say as the owner: boost, opt-out, away, departure, comfort",
        description="Say something as the owner to the agent of a gateway, or through a head-end.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="default: ./SITE.toml"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="an owner's private key: unlocks by signature")
    parser.add_argument("--headend", type=Path, metavar="SOCKET", help="through this head-end's door, not the site's")
    parser.add_argument("--agent", metavar="ID", help="with --headend: the agent, 16 hex digits")
    parser.add_argument("--authority", metavar="NAME", help="with --headend: the owner whose key signs")
    parser.add_argument("--json", action="store_true")
    words = parser.add_subparsers(dest="word", metavar="COMMAND")
    _add_spans(words)
    words.add_parser("opt-in").add_argument("device", nargs="?", default="SITE")
    words.add_parser("back")
    departure = words.add_parser("departure")
    departure.add_argument("device")
    departure.add_argument("at")
    departure.add_argument("--energy", metavar="20kWh")
    comfort = words.add_parser("comfort")
    comfort.add_argument("device")
    comfort.add_argument("--min", dest="lowest", metavar="19", help="below 0: --min=-3kW")
    comfort.add_argument("--max", dest="highest", metavar="22")
    comfort.add_argument("--usual", action="store_true")
    parser.set_defaults(run=lambda asked: call("tools.owner", "run", asked))


def _add_spans(words: Any) -> None:
    for name in ("boost", "opt-out", "away"):
        word = words.add_parser(name)
        if name != "away":
            word.add_argument("device")
        spans = word.add_mutually_exclusive_group(required=True)
        spans.add_argument("--for", dest="lasts", metavar="2h")
        spans.add_argument("--until", metavar="18:00")


def seconds(given: str) -> int:
    """Return how many seconds a duration like 2h, 30min or 1.5d is. Raises: UsageError."""
    return _times("--for", given, UNITS_S, "a duration like 90min, 2h or 3d")


def watt_hours(given: str) -> int:
    """Return an energy like 20kWh in Wh. Raises: UsageError."""
    return _times("--energy", given, ENERGIES, "an energy like 20kWh")


def setpoint(key: str, given: str, usual: str | None) -> int:
    """Return an amount like 19C, 3kW or 6A as a set-point; `usual` is its device's unit.

    None: nobody here knows it, and 11kW would be 11 A to a charger; then it is the number of a set-point itself.
    Raises: UsageError, also for an amount that is of another kind than the device's.
    """
    if usual is None:
        return _times(
            key, given, {"": 1}, "through a head-end a whole number of m°C, W or mA, whatever the device takes"
        )
    units = {"": SETPOINTS[usual][usual.lower()], **SETPOINTS[usual]}
    return _times(key, given, units, f"what this device can be set to, like {EXAMPLES[usual]}")


def _times(key: str, given: str, units: dict[str, int], expected: str) -> int:
    found = _AMOUNT.fullmatch(given.strip())
    factor = units.get(found[2].lower()) if found is not None else None
    if found is None or factor is None or Decimal(found[1]) * factor % 1:
        raise UsageError(f"{key} {given!r}: expected {expected}")
    return int(Decimal(found[1]) * factor)


def moment(given: str, now: datetime) -> datetime:
    """Return the local moment that a time of day, a date or both mean; a time of day is the next one.

    Raises: UsageError.
    """
    try:
        if re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", given):
            hour, minute = map(int, given.split(":"))
            found = now.replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
            found += timedelta(days=found.astimezone() <= now)
        else:
            found = datetime.fromisoformat(given)
    except ValueError as error:
        raise UsageError(f"{given!r}: expected a moment like 18:00, 2026-12-01 or 2026-12-01T18:00") from error
    found = found.astimezone()  # what names no zone is local
    if found <= now:
        raise UsageError(f"{given}: that has passed")
    return found
