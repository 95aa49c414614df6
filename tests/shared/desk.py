"""A house, and a desk where it is asked for something: each command has the next counter, which is also its name."""

from __future__ import annotations

from agent import cbor, record
from agent.circuits import Circuit
from agent.command import Authority, Message, admit
from agent.kept import dump, load
from agent.state import State
from agent.step import step
from agent.unit import Unit
from tests.shared.house import AGENT_ID, TABLE, House, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT, CLAIM, CANCEL, SET = 1, 2, 3, 4
QUANTITY, PHASES, START_S, ON_EXPIRY, MODE, RANDOM_START_S, RANDOM_END_S, RAMP_S = 1, 2, 3, 4, 5, 6, 7, 8
CIVIL_MS = 1700000000000


def name_of(number: int) -> bytes:
    """Return the name of the command with this counter."""
    return number.to_bytes(32, "big")


class Desk:
    """Asks, lets time pass, and knows what was said about each command."""

    def __init__(self, civil_ms: int = 0) -> None:
        self.house = House()
        self.house.civil_ms = civil_ms
        self.asked = 0
        self.said: list[tuple[int, int]] = []  # (number of the command, status)
        self.facts: list[Any] = []  # of the last tick

    @property
    def state(self) -> State:
        """The core's."""
        return self.house.state

    def ask(self, authority: Authority, kind: int, body: Any) -> int:
        """Let a command in; return the reason."""
        self.asked += 1
        fields = [3, 1, AGENT_ID, self.state.epoch, self.asked, 1 << 30, kind, body]
        return admit(self.state, Message(name_of(self.asked), record.ACCEPTED, authority, fields), self.state.now_ms)

    def want(self, authority: Authority, kind: int, body: Any) -> int:
        """Let a command in that must be accepted; return its number."""
        reason = self.ask(authority, kind, body)
        assert reason == record.ACCEPTED, (reason, body)
        return self.asked

    def pass_ms(self, ms: int) -> None:
        """Let one tick come after `ms`."""
        house = self.house
        house.now_ms += ms
        house.civil_ms += ms if house.civil_ms else 0
        self.facts = step(house.state, house.now_ms, house.measure(), [])[1]
        for fact in self.facts:
            if fact[0] == record.EVENT:
                command: Any = fact[2]
                status: Any = fact[3]
                self.said.append((int.from_bytes(command, "big"), status))

    def pass_s(self, seconds: int) -> None:
        """Let ticks come, one a second."""
        for _ in range(seconds):
            self.pass_ms(1000)

    def heard(self) -> list[tuple[int, int]]:
        """Return what was said since the last call."""
        said, self.said = self.said, []
        return said

    def reboot(self, civil_ms: int = 0, blob: bytes | None = None) -> None:
        """Cut the power and begin an epoch on what was kept, at a moment of the civil clock or without one."""
        kept = dump(self.state) if blob is None else blob
        old = self.state
        units = [Unit(unit.index, _row(unit), unit.contract) for unit in old.units]
        self.house.state = State(Circuit(TABLE, 0), units, AGENT_ID, old.epoch + 1, 60, 10000)
        self.house.now_ms, self.house.civil_ms = 0, civil_ms
        self.house.samples = [None] * len(units)
        load(self.state, kept, civil_ms)

    def limits(self) -> list[tuple[int, bool]]:
        """Return (value, in force) of each limit."""
        return [(limit.value, limit.live) for limit in self.state.limits]


def _row(unit: Unit) -> dict[str, object]:
    return row(unit.id, power_max_w=unit.power_max_w, default=unit.default, priority=unit.priority)


def picture(state: State, counters: bool = True) -> Any:
    """Return all that a command may change, to compare before and after, with or without counters."""
    controls = [sorted(control.__dict__.items()) for control in state.limits + state.claims]
    kept = cbor.decode(dump(state), items_max=4096)
    return [repr(controls), state.created, state.must_persist, len(state.records), kept if counters else kept[2:]]
