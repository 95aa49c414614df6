"""`siteward owner`: says the owner's words to a gateway's agent at its console, or to any agent through a head-end.

Source: docs/owner.md; docs/console.md, "owner" and "words"; docs/headend.md, "word".
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.owner import FOR_S_MAX
from boards.cpython.words import amount, reason, span
from hal import quantities as q
from tools.console import printable
from tools.console_command import DONE, REFUSED, Talk
from tools.console_link import Link, Refused, asking
from tools.errors import UsageError
from tools.owner_parser import UNITS_S, moment, seconds, setpoint, watt_hours
from tools.why import journal_of

Told = dict[str, Any]
ANSWER_S = 30
SITE = "SITE"
USUAL_UNITS = {q.TEMP_TARGET_MC: "C"}


def run(asked: argparse.Namespace) -> int:
    """Carry out the command; return the exit code. Raises: UsageError."""
    if asked.headend is not None:
        return _through_headend(asked)
    if not asked.site.is_file():
        raise UsageError(f"there is no file {asked.site}; name one with --site")
    with asking(journal_of(asked.site)) as link:
        try:
            told = _said(link, asked)
        except Refused as refused:
            if asked.json:
                print(json.dumps(refused.told), flush=True)
            print(f"siteward: {printable(str(refused))}", file=sys.stderr)
            return REFUSED
    if asked.json:
        print(json.dumps({name: told[name] for name in told if name not in ("v", "id", "ok")}))
    else:
        print("\n".join(printable(line) for line in lines(told)))
    return DONE


def _said(link: Link, asked: argparse.Namespace) -> Told:
    told = link.ask({"cmd": "words"})
    if asked.word is None:
        return told
    request = {"cmd": "owner"} | request_of(asked, told)
    Talk(link, asked.key, asked.json).unlock()
    return link.ask(request)


def request_of(asked: argparse.Namespace, told: Told | None) -> Told:
    """Return what a console or head-end is asked for; `told` is what the agent said of its devices.

    Raises: UsageError.
    """
    request: Told = {"word": asked.word}
    device = getattr(asked, "device", SITE)
    if device != SITE:
        request["device"] = device
    if asked.word == "departure":
        return request | _departure(asked)
    if asked.word == "comfort":
        return request | _comfort(asked, told)
    return request | _span(asked)


def _span(asked: argparse.Namespace) -> Told:
    """Return how long a word holds; some have no end."""
    if getattr(asked, "lasts", None) is not None:
        for_s, given = seconds(asked.lasts), f"--for {asked.lasts!r}"
    elif getattr(asked, "until", None) is not None:
        now = datetime.now().astimezone()
        for_s, given = int((moment(asked.until, now) - now).total_seconds()), f"--until {asked.until!r}"
    else:
        return {}
    if for_s > FOR_S_MAX:
        raise UsageError(f"{given}: expected {FOR_S_MAX // UNITS_S['d']} days at most")
    return {"for_s": for_s}


def _departure(asked: argparse.Namespace) -> Told:
    if asked.at == "none":
        return {"at_s": 0, "energy_wh": 0}
    if asked.energy is None:
        raise UsageError("departure: expected --energy, like 20kWh")
    energy_wh = watt_hours(asked.energy)
    if energy_wh <= 0:
        raise UsageError("departure: expected an energy above 0; `departure DEVICE none` takes one back")
    return {"at_s": int(moment(asked.at, datetime.now().astimezone()).timestamp()), "energy_wh": energy_wh}


def _comfort(asked: argparse.Namespace, told: Told | None) -> Told:
    """Return both bounds: one that is not given stays as it is."""
    if asked.usual:
        return {"lowest": None, "highest": None}
    if asked.lowest is None and asked.highest is None:
        raise UsageError("comfort: expected --min, --max or --usual")
    rows = [] if told is None else [row for row in told["devices"] if row[0] == asked.device]
    bounds: list[int | None] = list(rows[0][4]) if rows else [None, None]
    usual = USUAL_UNITS.get(rows[0][1], "ma" if rows[0][1] == q.LIMIT_MA else "W") if rows else None
    for at, given in enumerate((asked.lowest, asked.highest)):
        if given is not None:
            bounds[at] = setpoint(("--min", "--max")[at], given, usual)
    return {"lowest": bounds[0], "highest": bounds[1]}


def _through_headend(asked: argparse.Namespace) -> int:
    """Let a head-end sign the word, and wait for the agent's answer. Raises: UsageError."""
    if asked.word is None or asked.agent is None:
        raise UsageError("--headend: expected --agent and a command")
    if asked.word == "comfort" and not asked.usual and (asked.lowest is None or asked.highest is None):
        raise UsageError("comfort: through a head-end both --min and --max are needed")
    request = {"cmd": "word", "agent": asked.agent} | request_of(asked, None)
    if asked.authority is not None:
        request["authority"] = asked.authority
    command = _ask(asked.headend, request)["command"]
    try:
        answer = _ask(asked.headend, {"cmd": "answers", "command": command, "timeout_s": ANSWER_S})["answers"][0]
    except UsageError as error:  # it is on its way all the same
        raise UsageError(f"{error}: command {command} may still be done until it expires") from error
    if asked.json:
        print(json.dumps(answer))
    elif answer["reason"] == 0:
        print(f"accepted, command {command}")
    if answer["reason"]:
        print(f"siteward: {answer['says']}", file=sys.stderr)
        return REFUSED
    return DONE


def _ask(path: Path, request: Told) -> Told:
    """Return the answer of a head-end's door. Raises: UsageError."""
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_S + 5)
            door.connect(str(path))
            door.sendall(json.dumps(request).encode() + b"\n")
            with door.makefile("rb") as answered:
                told: Told = json.loads(answered.readline())
    except (OSError, ValueError) as error:
        raise UsageError(f"the head-end at {path} does not answer: {error}") from error
    if not told.get("ok"):
        raise UsageError(str(told.get("error")))
    return told


def lines(told: Told) -> list[str]:
    """Return what is in force as lines for people."""
    devices = {row[0]: row for row in told["devices"]}
    found = [_claim_line(claim, devices) for claim in told["claims"]]
    for name, departure in told["departures"].items():
        if not departure:  # it has passed
            continue
        at_ms, energy_wh = departure
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(at_ms / 1000))
        found.append(f"{name}: {energy_wh / 1000:g} kWh until {when}")
    for name, bounds in told["comforts"].items():
        lowest, highest = (None if each is None else amount(devices[name][1], each) for each in bounds)
        found.append(f"{name}: comfort from {lowest or 'any'} to {highest or 'any'}")
    return found or ["nothing: every device does what its plans and contracts say"]


def _claim_line(claim: Told, devices: dict[str, Any]) -> str:
    scope, left = claim["scope"], span(claim["left_ms"])
    if claim["setpoint"] is None:
        return f"{scope or 'the whole site'}: opted out for another {left}"
    _, control, setpoint_now, source, _ = devices[scope]
    what = "away" if claim["away"] else "boosted"
    wanted, does = amount(control, claim["setpoint"]), amount(control, setpoint_now)
    but = "" if setpoint_now == claim["setpoint"] else f"; now {does}, because {reason(source)}"
    return f"{scope}: {what}, {wanted}, for another {left}{but}"
