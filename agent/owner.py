"""What an owner says in words: boost, opt-out, away, a departure, comfort.

Each word ends in claims of primacy 0 with an end, or in a bounded setting; limits and protection hold for all of them.
Whichever of the owners says it, by key or at the console, it is the one owner's word: another may take it back. A
later word goes before an earlier one, which is in force again afterwards.

Source: docs/format.md, `word_body`; docs/owner.md.
"""

from __future__ import annotations

from agent import record, schedule
from agent.claims import ASIDE, CLAIMS_MAX, OWN, Claim, places
from agent.orders import OWNER_PRIMACY, Refused, need, whole
from hal import capabilities
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.command import Authority
    from agent.state import State
    from agent.unit import Unit

BOOST = const(1)
OPT_OUT = const(2)
OPT_IN = const(3)
AWAY = const(4)
BACK = const(5)
DEPARTURE = const(6)
COMFORT = const(7)
_FIELDS = (0, 3, 3, 2, 3, 2, 4, 4)  # of each word's body
FOR_S_MAX = const(7776000)  # 90 days
DEPARTURE_S_MAX = const(259200)  # three days: a Monday from a Friday
ENERGY_WH_MAX = const(1000000)
_SETPOINT_MAX = const(1000000)
_DEVICES_MAX = const(128)  # with a comfort band, and with a departure: both survive a reboot


class Owner:
    """What the site's owner may say; `away` and `boosts` are set-points by device, as configured."""

    def __init__(self, name: str, power_max_w: int, away: dict[str, int], boosts: dict[str, int]) -> None:
        self.name = name  # the source of every claim, whoever of the owners said it
        self.power_max_w = power_max_w
        self.away = away
        self.boosts = boosts
        self.usual: dict[str, tuple[int | None, int | None]] = {}  # comfort bands of the configuration

    def settle(self, state: State) -> None:
        """Put what was kept of comfort in force, once, at the start."""
        for name in sorted(state.comforts):
            unit = state.unit_named(name)
            if unit is None or not unit.contract.control:
                del state.comforts[name]
            else:
                self.usual[name] = unit.comfort
                unit.comfort = state.comforts[name]

    def take(self, state: State, authority: Authority, body: Any, digest: bytes) -> int:
        """Do what a word says; return ACCEPTED. Raises: Refused, with nothing changed."""
        need(type(body) is list and len(body) > 1 and whole(body[0], BOOST, COMFORT), record.MALFORMED)
        need(len(body) == _FIELDS[body[0]] and type(body[1]) is str, record.MALFORMED)
        need(authority.role == "owner", record.ROLE_FORBIDS)
        word, name = body[0], body[1]
        scope = state.scope_named(name)
        need(scope is not None and (scope < 0 or state.units[scope].contract.control != 0), record.UNKNOWN_DEVICE)
        assert scope is not None
        if word == OPT_OUT:
            self._stand_aside(state, scope, body[2], digest)
        elif word == OPT_IN:
            self._end([each for each in self._said(state) if scope in (each.scope, -1)], state, record.CANCELLED)
        elif word in (AWAY, BACK):
            need(name == "", record.MALFORMED)
            self._go(state, authority, body, digest)
        else:
            need(scope >= 0, record.UNKNOWN_DEVICE)
            self._about(state, authority, state.units[scope], body, digest)
        return record.ACCEPTED

    def _about(self, state: State, authority: Authority, unit: Unit, body: Any, digest: bytes) -> None:
        """Do what is said of one device."""
        if body[0] == BOOST:
            claim = self._own(state, authority, unit, self._most(authority, unit), digest)
            gone = [each for each in self._said(state) if each.scope == unit.index and each.mode == OWN]
            self._enter(state, [claim], gone, body[2])
        elif body[0] == DEPARTURE:
            _depart(state, unit, body[2], body[3])
        else:
            self._set_comfort(state, unit, body[2], body[3])

    def _said(self, state: State) -> list[Claim]:
        """Return the claims of earlier words, but for being away."""
        return [each for each in state.claims if each.source == self.name and each.command != state.away]

    def _stand_aside(self, state: State, scope: int, for_s: Any, digest: bytes) -> None:
        """Let a scope do what it does when nobody else asks; what is boosted there is not any more."""
        claim = Claim(scope, 0, OWNER_PRIMACY, 0, self.name, 0, digest, ASIDE)
        claim.takes = state.within(scope)
        gone = [
            each
            for each in self._said(state)
            if each.scope == scope or (each.mode == OWN and each.scope in claim.takes)
        ]
        self._enter(state, [claim], gone, for_s)

    def _go(self, state: State, authority: Authority, body: Any, digest: bytes) -> None:
        """Be away, or back."""
        gone = [each for each in state.claims if each.source == self.name and each.command == state.away]
        if body[0] == BACK:
            self._end(gone, state, record.CANCELLED)
            return
        need(len(self.away) > 0, record.UNSUPPORTED)
        claims = []
        for name in sorted(self.away):
            unit = state.unit_named(name)
            assert unit is not None
            claims.append(self._own(state, authority, unit, self.away[name], digest))
        self._enter(state, claims, gone, body[2])
        state.away = digest

    def _own(self, state: State, authority: Authority, unit: Unit, setpoint: int, digest: bytes) -> Claim:
        """Return a set-point that takes every matter of a device. Raises: Refused.

        One that was not heard yet has no bounds: it will be fitted into those that it turns out to have.
        """
        need(unit.allows(setpoint) or unit.contract.maximum <= unit.contract.minimum, record.OUT_OF_RANGE)
        most_w = min(self.power_max_w, authority.power_max_w)
        need(not unit.takes_power() or abs(unit.power_of(setpoint)) <= most_w, record.OVER_CEILING)
        claim = Claim(unit.index, setpoint, OWNER_PRIMACY, 0, self.name, 0, digest, OWN)
        claim.takes = state.within(unit.index)
        return claim

    def _most(self, authority: Authority, unit: Unit) -> int:
        """Return the set-point of a boost: the configured one, else the most that may be asked for. Raises: Refused."""
        setpoint = self.boosts.get(unit.id)
        if setpoint is None and unit.contract.kind == capabilities.THERMOSTAT:
            setpoint = unit.comfort[1]
        elif setpoint is None and unit.takes_power():
            most_w = min(self.power_max_w, authority.power_max_w)
            setpoint = unit.fit(unit.contract.maximum)
            if unit.power_of(setpoint) > most_w:
                setpoint = unit.setpoint_for(most_w)
            need(unit.power_of(setpoint) > 0, record.OVER_CEILING)
        if setpoint is None:
            raise Refused(record.UNSUPPORTED)
        return setpoint

    def _enter(self, state: State, claims: list[Claim], gone: list[Claim], for_s: Any) -> None:
        need(whole(for_s, 1, FOR_S_MAX), record.MALFORMED)
        need(places(state.claims) - places(gone) + places(claims) < CLAIMS_MAX, record.QUEUE_FULL)
        for claim in gone:
            state.end_claim(claim, record.SUPERSEDED, state.now_ms)
        for claim in claims:
            schedule.plan(claim, state.now_ms, state.now_ms, for_s * 1000, state.ahead_ms())
            claim.owners = True
            state.created += 1
            claim.created = state.created
            state.claims.append(claim)

    def _end(self, claims: list[Claim], state: State, status: int) -> None:
        need(len(claims) > 0, record.NOTHING_TO_CANCEL)
        for claim in claims:
            state.end_claim(claim, status, state.now_ms)

    def _set_comfort(self, state: State, unit: Unit, lowest: Any, highest: Any) -> None:
        """Bound what others may want of a device; without both bounds its configuration counts again."""
        for bound in (lowest, highest):
            need(bound is None or whole(bound, -_SETPOINT_MAX, _SETPOINT_MAX), record.MALFORMED)
            contract = unit.contract
            known = bound is not None and contract.maximum > contract.minimum
            need(not known or contract.minimum <= bound <= contract.maximum, record.OUT_OF_RANGE)
        need(lowest is None or highest is None or lowest <= highest, record.MALFORMED)
        need(unit.id in state.comforts or len(state.comforts) < _DEVICES_MAX, record.QUEUE_FULL)
        usual = self.usual.get(unit.id, unit.comfort)
        if lowest is None and highest is None:
            state.comforts.pop(unit.id, None)
            unit.comfort = usual
        else:
            self.usual[unit.id] = usual
            unit.comfort = state.comforts[unit.id] = (lowest, highest)


def _depart(state: State, unit: Unit, at_s: Any, energy_wh: Any) -> None:
    """Say when a device is next needed and how much it shall have had by then; 0 Wh takes that back."""
    need(whole(at_s, 0, 1 << 40) and whole(energy_wh, 0, ENERGY_WH_MAX), record.MALFORMED)
    need(unit.takes_power(), record.UNKNOWN_DEVICE)
    if not energy_wh:
        need(unit.id in state.departures, record.NOTHING_TO_CANCEL)
        del state.departures[unit.id]
        return
    need(state.ahead_ms() != 0, record.UNSUPPORTED)  # without a clock nobody knows when that is
    need(at_s * 1000 > state.civil_ms, record.EXPIRED)
    need(at_s * 1000 - state.civil_ms <= DEPARTURE_S_MAX * 1000, record.MALFORMED)
    need(unit.id in state.departures or len(state.departures) < _DEVICES_MAX, record.QUEUE_FULL)
    state.departures[unit.id] = (at_s * 1000, energy_wh)
