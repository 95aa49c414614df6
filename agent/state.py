"""Everything the pure core remembers between two ticks, and the part of it that survives a reboot."""

from __future__ import annotations

from agent import cbor, record
from agent.claims import Claim
from agent.interval import Interval
from agent.limits import SITE, Limit
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.record import Record
    from agent.unit import Unit

REFUSALS_PER_MINUTE = const(30)
_KEPT_ITEMS_MAX = const(4096)  # 32 limits, 32 claims, and the counter of every key there ever was


class Site:
    """The connection: what it may carry and which device measures it (None: nobody does)."""

    def __init__(self, table: dict[str, Any], meter: int | None) -> None:
        self.import_limit_w: int = table["import_limit_w"]
        self.export_limit_w: int = table["export_limit_w"]
        self.fuse_ma: int = table["fuse_ma"]
        self.meter_stale_ms: int = table["meter_stale_ms"]
        self.meter = meter


class State:
    """Owned by the loop, changed by `step` alone."""

    def __init__(
        self, site: Site, units: list[Unit], agent_id: bytes, epoch: int, reading_s: int, lease_ms: int
    ) -> None:
        self.site = site
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
        self.records: list[Record] = []  # this tick's facts, in order
        self.must_persist = False
        self.intervals = [Interval(unit.index, 0) for unit in units]
        self.next_reading_s = reading_s
        self.present: list[bool | None] = [None] * len(units)
        self.failsafe = 0  # cause in force for the site, 0 none
        self.meter_bad_ms = 0  # when the grid meter last gave no headroom
        self.refusals = 0
        self.refusals_from_ms = 0
        self._by_id = {unit.id: unit for unit in units}
        order = sorted([(unit.priority, unit.index) for unit in units if unit.takes_power()])
        self.powered = [units[index] for _, index in order]  # in the order in which they are served

    def unit_named(self, device_id: str) -> Unit | None:
        """Return the unit with this id."""
        return self._by_id.get(device_id)

    def civil_end_ms(self, duration_ms: int) -> int:
        """Return when `duration_ms` from now ends on the civil clock; 0 unless that clock is synchronised."""
        return self.civil_ms + duration_ms if self.civil_quality == q.CLOCK_SYNCHRONISED else 0

    def note(self, fact: Record) -> None:
        """Add one fact to this tick."""
        self.records.append(fact)

    def end_limit(self, limit: Limit, status: int, now_ms: int) -> None:
        """Take a limit away and say why."""
        self.limits.remove(limit)
        self.must_persist = True
        self.note([record.EVENT, now_ms, limit.command, status])

    def end_claim(self, claim: Claim, status: int, now_ms: int) -> None:
        """Take a claim away and say why."""
        self.claims.remove(claim)
        self.must_persist = True
        self.note([record.EVENT, now_ms, claim.command, status])


def dump(state: State) -> bytes:
    """Return what must survive a reboot: counters, limits and claims with what is left of them.

    Devices stand by their ids: their order in the configuration may change.
    """
    now_ms = state.now_ms
    limits = []
    for limit in state.limits:
        scope = "" if limit.scope == SITE else state.units[limit.scope].id
        left_ms = limit.until_ms - now_ms
        limits.append(
            [scope, limit.direction, limit.value_w, limit.source, left_ms, limit.until_civil_ms, limit.command]
        )
    claims = []
    for claim in state.claims:
        device = state.units[claim.device].id
        claims.append(
            [device, claim.setpoint, claim.primacy, claim.created, claim.source, claim.until_civil_ms, claim.command]
        )
    counters = [[key_id, state.counters[key_id]] for key_id in sorted(state.counters)]
    return cbor.encode([1, counters, state.created, limits, claims])


def load(state: State, blob: bytes, civil_ms: int) -> None:
    """Take back what an earlier epoch left, and say what ended meanwhile; `civil_ms` is 0 unless synchronised.

    A limit whose end is not known on the civil clock holds for all that was left when it was kept: longer than
    asked is safe, shorter is not. A claim without a known end is dropped: the undefined is never permission.
    Raises: CborError, ValueError when the blob is none of ours.
    """
    if not blob:
        return
    fields = cbor.decode(blob, items_max=_KEPT_ITEMS_MAX)
    if type(fields) is not list or len(fields) != 5 or fields[0] != 1:
        raise ValueError("kept state", blob[:16])
    for key_id, counter in fields[1]:
        state.counters[key_id] = counter
    state.created = fields[2]
    for kept in fields[3]:
        _load_limit(state, kept, civil_ms)
    for kept in fields[4]:
        _load_claim(state, kept, civil_ms)


def _load_limit(state: State, kept: list[Any], civil_ms: int) -> None:
    device, direction, value_w, source, left_ms, until_civil_ms, command = kept
    unit = state.unit_named(device)
    if until_civil_ms and civil_ms:
        left_ms = min(left_ms, until_civil_ms - civil_ms)
    if left_ms <= 0 or (device and unit is None):
        state.note([record.EVENT, 0, command, record.COMPLETED])
        return
    limit = Limit(SITE if unit is None else unit.index, direction, value_w, source, left_ms, command)
    limit.until_civil_ms = until_civil_ms
    state.limits.append(limit)


def _load_claim(state: State, kept: list[Any], civil_ms: int) -> None:
    device, setpoint, primacy, created, source, until_civil_ms, command = kept
    unit = state.unit_named(device)
    if unit is None or not civil_ms or until_civil_ms <= civil_ms:
        state.note([record.EVENT, 0, command, record.LAPSED])
        return
    claim = Claim(unit.index, setpoint, primacy, created, source, until_civil_ms - civil_ms, command)
    claim.until_civil_ms = until_civil_ms
    state.claims.append(claim)


def follow_civil(state: State, first: bool) -> None:
    """Write down anew where limits and claims end on a synchronised clock that was set; the monotonic end is in force.

    `first`: it was not synchronised so far in this epoch. A limit kept from an earlier epoch is then shortened to
    its known end.
    """
    ahead_ms = state.civil_ms - state.now_ms
    for limit in state.limits:
        if first and limit.until_civil_ms:
            limit.until_ms = min(limit.until_ms, limit.until_civil_ms - ahead_ms)
        limit.until_civil_ms = limit.until_ms + ahead_ms
    for claim in state.claims:
        claim.until_civil_ms = claim.until_ms + ahead_ms
    if state.limits or state.claims:
        state.must_persist = True
