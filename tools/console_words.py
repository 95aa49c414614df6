"""What an agent's console answers, as lines for people."""

from __future__ import annotations

from typing import Any

from boards.cpython import words
from tools.console import printable, table
from tools.why_site_words import site_lines
from tools.why_words import device_lines, headline

Told = dict[str, Any]
UNITS = {"w": "W", "ma": "mA", "mv": "mV", "mhz": "mHz", "wh": "Wh", "pm": "per mille", "mc": "m°C", "ms": "ms"}


def said(command: str, told: Told) -> list[str]:
    """Return the lines that tell an answer."""
    tell = {
        "identify": _identity, "buses": _buses, "keys": _keys, "read": _reading, "why": _why, "scan": _scan,
        "test": _trial, "config set": _accepted, "reboot": _leaving, "erase": _leaving,
    }[command]  # fmt: skip
    return [printable(line) for line in tell(told)]


def _identity(told: Told) -> list[str]:
    limits = told["limits"]
    return [
        f"agent       {told['agent']}, epoch {told['epoch']}, for {words.span(told['now_ms'])}",
        f"key         {told['key']}",
        f"public key  {told['public_key']}",
        f"board       {told['board']}, version {told['version']}",
        f"firmware    {told['firmware']}",
        f"config      {told['config']}",
        f"limits      {limits['devices']} devices",
        f"bytes       {limits['line_bytes']} a line, {limits['config_bytes']} a configuration",
        f"unlocked    {'no' if not told['unlocked_ms'] else 'for ' + words.span(told['unlocked_ms'])}",
        f"presence    {told['presence'] or 'cannot be shown here: the owner signs'}",
    ]


def _buses(told: Told) -> list[str]:
    rows = [
        [each["bus"], each["at"], " ".join(f"{device}={unit}" for device, unit in each["devices"])]
        for each in told["buses"]
    ]
    return table(["bus", "at", "devices=unit"], rows).splitlines()


def _keys(told: Told) -> list[str]:
    return [f"{name:9} {given}" for name, given in told["keys"].items() if given is not None]


def _reading(told: Told) -> list[str]:
    age = "it has never answered" if told["age_ms"] is None else f"{told['age_ms'] / 1000:.1f} s ago"
    lines = [f"{told['device']}: {told['quality']}, {age}"]
    for name, number in sorted(told["values"].items()):
        quantity, _, unit = name.rpartition("_")
        known = UNITS.get(unit)
        lines.append(f"  {quantity if known else name:18} {number:>12} {known or ''}".rstrip())
    return lines


def _why(told: Told) -> list[str]:
    if "device" not in told:
        return list(site_lines(told["site"]))
    return [headline(told["device"], told["site"]), *device_lines(told["device"], told["site"])]


def _scan(told: Told) -> list[str]:
    lines = [f"{unit}" for unit in told["found"]] or [f"nobody answers at {told['asked']} addresses"]
    if told["noise"]:
        lines.append("noise at " + ", ".join(map(str, told["noise"])))
    if told["cancelled"]:
        lines.append(f"cancelled after {told['asked']}")
    return lines


def _trial(told: Told) -> list[str]:
    reason = words.reason(told["source"])
    if not told["lease_s"]:
        return [f"{told['device']}: taken back"]
    return [f"{told['device']}: granted {told['granted']} for {told['lease_s']} s at the most, because {reason}"]


def _accepted(told: Told) -> list[str]:
    return [f"accepted, SHA-256 {told['sha256']}; it counts from the next start: `reboot`"]


def _leaving(_told: Told) -> list[str]:
    return ["the agent brings its devices to their default mode and starts anew"]
