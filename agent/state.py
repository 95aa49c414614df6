"""Everything the pure core remembers between two ticks."""

from __future__ import annotations

from agent import record
from agent.claims import Claim
from agent.interval import Interval
from agent.limits import SITE, Limit, settle
from agent.phases import Changeover
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.circuits import Circuit
    from agent.curtail import Curtailing
    from agent.owner import Owner
    from agent.prices import Prices
    from agent.record import Record
    from agent.reserve import Reserving
    from agent.step import Grant
    from agent.unit import Unit

REFUSALS_PER_MINUTE = const(30)


class State:
    """Owned by the loop, changed by `step` alone."""

    def __init__(
        self, site: Circuit, units: list[Unit], agent_id: bytes, epoch: int, reading_s: int, lease_ms: int,
        circuits: list[Circuit] | None = None,
    ) -> None:  # fmt: skip
        self.site = site
        self.circuits = [site] + (circuits or [])  # each after the one it hangs on
        self.units = units
        self.agent_id = agent_id
        self.epoch = epoch
        self.reading_s = reading_s
        self.lease_ms = lease_ms
        self.now_ms = 0
        self.civil_ms = 0
        self.civil_quality = q.CLOCK_UNKNOWN
        self.civil_seen = False  # the civil clock was synchronised once in this epoch
        self.clock_seen_ms = 0
        self.counters: dict[bytes, int] = {}  # authority key id -> highest counter seen, for ever
        self.limits: list[Limit] = []
        self.claims: list[Claim] = []
        self.created = 0
        self.delays_s: dict[str, int] = {}  # device -> longest random delay, where that was set remotely
        self.owner: Owner | None = None  # where an owner may speak in words; what was said:
        self.away = b""  # the command by which the owner was last away
        self.comforts: dict[str, tuple[int | None, int | None]] = {}  # device -> its comfort band
        self.departures: dict[str, tuple[int, int]] = {}  # device -> until when on the civil clock (ms), Wh
        self.prices: Prices | None = None  # where somebody may say them
        self.priced: list[list[Any]] = [[0, b""], [0, b""]]  # import, export: see agent/prices.py
        self.reserving: Reserving | None = None  # where a programme may reserve
        self.kept: dict[str, list[int]] = {}  # source -> what it wants to know again after a reboot
        self.records: list[Record] = []  # this tick's facts, in order
        self.grants: list[Grant] = []  # one for each controllable device, renewed in every tick
        self.must_persist = False
        self.intervals = [Interval(unit.index, 0, site.fuse_ma) for unit in units]
        self.next_reading_s = reading_s
        self.thinned = False  # the journal is nearly full: readings for whole quarter hours only
        self.present: list[bool | None] = [None] * len(units)
        self.refusals = 0
        self.refusals_from_ms = 0
        self._scopes = {circuit.id: circuit.scope for circuit in self.circuits}
        for unit in units:
            self._scopes[unit.id] = unit.index
            unit.chain = self._chain(unit.circuit)
        self.phase_pairs = [Changeover(unit, units[self._scopes[unit.switches]]) for unit in units if unit.switches]
        order = sorted([(unit.priority, unit.index) for unit in units if unit.takes_power()])
        self.curtailing: Curtailing | None = None  # where there is an inverter
        self.powered = [units[index] for _, index in order]  # in the order in which they are served

    @property
    def failsafe(self) -> int:
        """The cause in force for the whole site, 0 none."""
        return self.site.failsafe

    def _chain(self, place: int) -> list[Circuit]:
        """Return a circuit and all that it hangs on, the connection last."""
        chain = [self.circuits[place]]
        while chain[-1] is not self.site:
            chain.append(self.circuits[chain[-1].parent])
        return chain

    def scope_named(self, name: str) -> int | None:
        """Return the scope with this id: a device's index, a circuit's number, SITE for ""; None when there is none."""
        return self._scopes.get(name)

    def name_of(self, scope: int) -> str:
        """Return the id of a scope, "" for the site."""
        return self.units[scope].id if scope >= 0 else self.circuits[SITE - scope].id

    def unit_named(self, device_id: str) -> Unit | None:
        """Return the unit with this id."""
        scope = self._scopes.get(device_id)
        return None if scope is None or scope < 0 else self.units[scope]

    def circuit_of(self, scope: int) -> Circuit:
        """Return the circuit of a scope that is no device."""
        return self.circuits[SITE - scope]

    def departure_of(self, device_id: str) -> tuple[int, int] | None:
        """Return until when (civil ms) its owner needs how much (Wh) of a device, None where nobody said so."""
        said = self.departures.get(device_id)
        return said if said is not None and said[0] > self.civil_ms else None

    def within(self, scope: int) -> list[int]:
        """Return all scopes that are part of one, itself included."""
        if scope >= 0:
            return [scope]
        circuit = self.circuit_of(scope)
        found = [each.scope for at, each in enumerate(self.circuits) if circuit in self._chain(at)]
        return found + [unit.index for unit in self.units if circuit in unit.chain]

    def ahead_ms(self) -> int:
        """Return how far the civil clock is ahead of the monotonic one; 0 unless it is synchronised."""
        return self.civil_ms - self.now_ms if self.civil_quality == q.CLOCK_SYNCHRONISED else 0

    def keep(self, source: str, numbers: list[int]) -> None:
        """Let a source know numbers again after a reboot."""
        if numbers != self.kept.get(source):
            self.kept[source] = numbers
            self.must_persist = True

    def note(self, fact: Record) -> None:
        """Add one fact to this tick."""
        self.records.append(fact)

    def end_limit(self, limit: Limit, status: int, now_ms: int) -> None:
        """Take a limit away and say why."""
        self.limits.remove(limit)
        settle(self.limits)
        self.must_persist = True
        self.note([record.EVENT, now_ms, limit.command, status])

    def end_claim(self, claim: Claim, status: int, now_ms: int) -> None:
        """Take a claim away and say why."""
        self.claims.remove(claim)
        self.must_persist = True
        self.note([record.EVENT, now_ms, claim.command, status])
