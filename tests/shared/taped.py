"""A site whose every tick goes through the flight recorder, and what a replay of it says."""

from __future__ import annotations

from agent.recorder import Recorder
from agent.replay import Replay
from agent.step import step
from hal.memory import MemoryStore
from tests.shared.house import AGGREGATOR, DSO, OWNER
from tests.shared.seeded import STRANGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.replay import Event
    from agent.step import Item
    from tests.shared.plant import Plant

AUTHORITIES = [DSO, AGGREGATOR, OWNER, STRANGER]


class Tape:
    """A store and the recorder that writes it; a reboot of the plant begins a new one on the same store."""

    def __init__(self, plant: Plant, bytes_max: int = 1 << 20) -> None:
        self.plant = plant
        self.bytes_max = bytes_max
        self.store = MemoryStore(bytes_max)
        self.stopped: list[str] = []
        self.recorder = self._recorder()
        self._state = plant.state
        plant.tick = self.tick  # type: ignore[method-assign]  # only this one is taped

    def _recorder(self) -> Recorder:
        recorder = Recorder(self.store, self.bytes_max, "test", AUTHORITIES)
        recorder.on_stop = self.stopped.append
        return recorder

    def tick(self, inbox: list[Item]) -> list[list[object]]:
        """Let one second pass; return the records."""
        plant = self.plant
        if plant.state is not self._state:
            self.recorder.close()
            self.recorder, self._state = self._recorder(), plant.state
        plant.now_ms += 1000
        plant.civil_ms += 1000 if plant.civil_ms else 0
        for at, load in enumerate(plant.loads):
            load.follow(plant.state.units[at + 1])
        image = plant.measure()
        self.recorder.begin(plant.state, plant.now_ms, image, inbox)
        grants, facts = step(plant.state, plant.now_ms, image, inbox)
        plant.state.must_persist = False
        self.recorder.end(plant.state, grants, facts)
        plant.seen_w.append(plant.grid_w())
        return facts

    def segments(self) -> list[bytes]:
        """Return what the store holds."""
        return [self.store.read(first, size_bytes) for first, size_bytes in self.store.segments()]


def played(segments: list[bytes]) -> tuple[Replay, list[Event]]:
    """Replay segments; return what came of it and all that was said."""
    events: list[Event] = []
    replay = Replay(events.append)
    for at, segment in enumerate(segments):
        replay.play("segment %d" % at, segment)
    replay.end()
    return replay, events


def told(events: list[Event], kind: str) -> list[Event]:
    """Return the events of one kind."""
    return [event for event in events if event[0] == kind]
