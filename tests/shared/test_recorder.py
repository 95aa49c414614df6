"""The flight recorder: what it kept gives every grant and every record again, whatever was cut or broken."""

from __future__ import annotations

from agent import cbor, record, replay, snapshot
from agent.circuits import Circuit
from agent.image import Image, Sample
from agent.journal import frame
from agent.recorder import Recorder
from agent.state import State
from agent.step import Attached, Notice, step
from agent.unit import Unit
from hal import quantities as q
from hal.memory import MemoryStore
from tests.shared.house import AGENT_ID, METER, TABLE, House, row
from tests.shared.seeded import Lcg
from tests.shared.site import TwinSite, started, stopped
from tests.shared.taped import AUTHORITIES, Tape, played, told
from tests.shared.test_core_seeded import Run

TICKS = 600
LEAST_BYTES = 65536  # of a recorder that a configuration admits


def taped(seed: int, ticks: int = TICKS, bytes_max: int = 1 << 20) -> Tape:
    """Return what was recorded of a site that reboots, is disturbed and flooded."""
    run = Run(seed)
    tape = Tape(run.plant, bytes_max)
    for _ in range(ticks):
        run.tick()
    tape.recorder.close()
    assert tape.stopped == [], tape.stopped
    return tape


def test_a_copy_of_the_state_goes_on_as_the_original_would():
    for seed in range(1, 4):
        one, other = Run(seed), Run(seed)
        lcg = Lcg(seed)
        for _ in range(TICKS):
            if lcg.chance(7):
                blob = cbor.encode(snapshot.pack(other.plant.state))
                other.plant.state = snapshot.unpack(cbor.decode(blob, items_max=1 << 20))
                assert cbor.encode(snapshot.pack(other.plant.state)) == blob
            one.tick()
            other.tick()
            assert one.plant.setpoints() == other.plant.setpoints()
            assert [unit.source for unit in one.plant.state.units] == [unit.source for unit in other.plant.state.units]
        assert one.store.read(0, 1 << 20) == other.store.read(0, 1 << 20)
        assert snapshot.pack(one.plant.state) == snapshot.pack(other.plant.state)


def test_a_copy_shares_nothing_with_the_original():
    house = House()
    before = snapshot.pack(house.state)
    copy = snapshot.unpack(before)
    copy.units[1].drawn_ma[0] = 7
    copy.counters[b"k"] = 1
    copy.intervals[0].take(house.measure().samples[0])
    assert copy.powered[0] is copy.units[2] and copy.unit_named("charger") is copy.units[1]
    assert snapshot.pack(house.state) == before


def test_what_cannot_be_made_again_is_refused_and_named():
    house = House()
    house.state.limits.append(Lcg(1))
    try:
        snapshot.pack(house.state)
    except snapshot.SnapshotError as fault:
        assert fault.args[1] == "Lcg"
    else:
        raise AssertionError("a foreign object was copied")
    for wrong in ([[], 1], [[["Lcg", []]], [4]], [[["State", ["x"]]], [4, 1]], [[], [9]], 5, []):
        try:
            snapshot.unpack(wrong)
        except snapshot.SnapshotError:
            continue
        raise AssertionError(wrong)


def test_every_grant_and_every_record_comes_again():
    for seed in range(1, 5):
        result, events = played(taped(seed, 300).segments())
        assert told(events, replay.DIFFERS) == [] and result.damaged == 0
        assert result.ticks == 300
        assert len(told(events, replay.GRANT)) > 20


def test_what_a_source_wants_to_know_after_a_reboot_is_no_other_state():
    run = Run(5)
    tape = Tape(run.plant, LEAST_BYTES // 2)
    for at in range(160):
        run.plant.state.keep("tariff", [at])
        run.tick()
    tape.recorder.close()
    result, events = played(tape.segments())
    assert len(told(events, replay.SEGMENT)) > 2 and result.ticks > 20
    assert told(events, replay.DIFFERS) == []


def test_replay_begins_at_any_kept_segment_and_arrives_at_each_keyframe():
    tape = taped(11, TICKS, LEAST_BYTES)
    kept = tape.segments()
    assert tape.store.segments()[0][0] > 0 and len(kept) > 3
    assert sum([len(segment) for segment in kept]) <= LEAST_BYTES
    for at in range(len(kept)):
        result, events = played(kept[at:])
        assert told(events, replay.DIFFERS) == [] and (result.ticks > 0 or at == len(kept) - 1)
        assert len(told(events, replay.SEGMENT)) == len(kept) - at


def test_an_answer_that_is_not_the_recorded_one_is_found():
    house, store = House(), MemoryStore()
    recorder = Recorder(store, 1 << 20, "test", AUTHORITIES)
    for second in range(1, 30):
        house.now_ms = second * 1000
        image = house.measure()
        recorder.begin(house.state, house.now_ms, image, [])
        if second == 20:
            house.state.site.import_limit_w = 5000  # a core that decides something else
        grants, facts = step(house.state, house.now_ms, image, [])
        recorder.end(house.state, grants, facts)
    recorder.close()
    _, events = played([store.read(0, 1 << 20)])
    differing = told(events, replay.DIFFERS)
    assert differing[0][1] == 20000 and [event[2] for event in differing[:2]] == ["grants", "records"]


def test_a_cut_at_any_byte_leaves_a_prefix():
    tape = taped(5, 120)
    whole = b"".join(tape.segments())
    _, events = played([whole])
    grants = told(events, replay.GRANT)
    lcg = Lcg(5)
    for _ in range(40):
        result, said = played([whole[: lcg.below(len(whole))] + bytes(lcg.below(3) * 20)])
        kept = told(said, replay.GRANT)
        assert kept == grants[: len(kept)]
        assert told(said, replay.DIFFERS) == [] and result.damaged == 0


def test_a_changed_byte_is_named_and_the_next_segment_is_played():
    kept = taped(11, TICKS, LEAST_BYTES).segments()
    ticks = played(kept)[0].ticks
    lcg = Lcg(9)
    for _ in range(20):
        broken = list(kept)
        at = lcg.below(len(kept) - 1)
        segment = bytearray(kept[at])
        segment[lcg.below(len(segment))] ^= 1 << lcg.below(8)
        broken[at] = bytes(segment)
        result, events = played(broken)
        named = told(events, replay.DAMAGED) + told(events, replay.TORN)
        assert [event[1] for event in named] == ["segment %d" % at] and 0 <= named[0][2] < len(segment)
        assert told(events, replay.DIFFERS) == []
        assert ticks >= result.ticks > 0  # a segment may hold nothing but its keyframe


def test_noise_in_place_of_a_tape_is_damage():
    lcg = Lcg(3)
    for size_bytes in (1, 7, 8, 100, 1000):
        result, _ = played([bytes([lcg.below(256) for _ in range(size_bytes)])])
        assert result.ticks == 0 and result.state is None


async def test_a_core_that_breaks_leaves_what_broke_it():
    site = TwinSite()
    task = await started(site)
    store = MemoryStore(1 << 18)
    site.loop.recorder = Recorder(store, 1 << 18, "twin", site.loop.authorities)
    await site.let_pass(3000)
    site.loop.report(Notice(9, record.LOST))
    site.loop.report(Attached(9, METER))  # a device that is not there
    await site.let_pass(2000)
    try:
        await task
    except IndexError:
        pass
    else:
        raise AssertionError("the core took a device that is not there")
    result, events = played([store.read(0, 1 << 18)])
    assert told(events, replay.DIFFERS) == [] and result.ticks > 4
    assert [event[2].split()[0] for event in told(events, replay.CRASHED)] == ["IndexError"]


def test_a_tape_that_is_senseless_and_whole_ends_as_damage():
    kept = taped(5, 60).segments()[-1]
    for seed in range(120):
        lcg, made = Lcg(seed), bytearray()
        for kind, payload, _ in replay.pieces(kept):
            bent = bytearray(payload)
            if lcg.chance(2):
                bent[lcg.below(len(bent))] = lcg.below(256)
            made.extend(frame(kind, bytes(bent)))
        result, _ = played([bytes(made)])
        assert result.ticks <= 60


async def test_a_whole_agent_leaves_a_tape_that_matches():
    site = TwinSite()
    task = await started(site)
    store = MemoryStore(1 << 18)
    site.loop.recorder = Recorder(store, 1 << 18, "twin", site.loop.authorities)
    site.uplink.deliver("command", await site.limit(5000, 20))
    await site.let_pass(8000)
    site.meter.silent = True
    await site.let_pass(15000)
    site.meter.silent = False
    await site.let_pass(8000)
    await stopped(site, task)
    assert site.loop.recorder.on
    result, events = played([store.read(0, 1 << 18)])
    assert told(events, replay.DIFFERS) == [] and result.ticks > 20
    sources = [event[5] for event in told(events, replay.GRANT)]
    assert "limit dso" in sources and "meter stale" in sources


def test_a_tick_without_news_takes_little_room():
    meters = [Unit(at, row("meter-%d" % at), METER) for at in range(8)]
    state, store = State(Circuit(TABLE, 0), meters, AGENT_ID, 7, 3600, 10000), MemoryStore()
    recorder = Recorder(store, 1 << 20, "test", [])
    values = {quantity: 230000 + quantity for quantity in range(1, 14)}
    for second in range(1, 511):
        samples = [Sample(second * 1000 - 300, dict(values)) for _ in range(8)]
        image = Image(samples, 0, q.CLOCK_UNKNOWN, 0)
        recorder.begin(state, second * 1000, image, [])
        recorder.end(state, *step(state, second * 1000, image, []))
        if second == 10:
            began_bytes = store.segments()[0][1]
    assert store.segments()[0][1] - began_bytes < 500 * 60


def test_readings_come_again_whatever_they_are():
    lcg = Lcg(4)
    meters = [Unit(at, row("meter-%d" % at), METER) for at in range(3)]
    state, store = State(Circuit(TABLE, 0), meters, AGENT_ID, 7, 5, 10000), MemoryStore()
    recorder = Recorder(store, 1 << 20, "test", [])
    samples = [None, None, None]
    for second in range(1, 300):
        count = lcg.below(9)
        values = {
            1 + lcg.below(27): lcg.below(1 << lcg.below(24)) - lcg.below(1 << lcg.below(24)) for _ in range(count)
        }
        if lcg.chance(20):
            values[q.ENERGY_IMPORT_WH] = (1 << 63) - lcg.below(5)
        samples[lcg.below(3)] = None if lcg.chance(20) else Sample(second * 1000 - lcg.below(999), values)
        image = Image(list(samples), second * lcg.below(2), lcg.below(4), lcg.below(300))
        recorder.begin(state, second * 1000, image, [])
        recorder.end(state, *step(state, second * 1000, image, []))
    recorder.close()
    result, events = played([store.read(0, 1 << 20)])
    assert recorder.on and result.ticks == 299 and told(events, replay.DIFFERS) == []


class FullStore(MemoryStore):
    """Takes so many pieces, then has no room."""

    def __init__(self, pieces: int) -> None:
        super().__init__(1 << 20)
        self.pieces = pieces

    def append(self, chunk: bytes) -> int:
        """Refuse when the pieces are used up."""
        self.pieces -= 1
        if self.pieces < 0:
            raise OSError(28, "the disk is full")
        return super().append(chunk)


def test_a_store_that_fails_ends_the_recorder_and_nothing_else():
    for pieces in (0, 1, 2):
        house, stopped = House(), []
        store = FullStore(pieces)
        recorder = Recorder(store, 1 << 20, "test", AUTHORITIES)
        recorder.on_stop = stopped.append
        for second in range(1, 60):
            house.now_ms = second * 1000
            image = house.measure()
            recorder.begin(house.state, house.now_ms, image, [])
            recorder.end(house.state, *step(house.state, house.now_ms, image, []))
        recorder.close()
        assert stopped == ["28 the disk is full"] and not recorder.on


def test_a_device_that_says_what_is_no_number_ends_the_recorder_only():
    house, stopped = House(), []
    recorder = Recorder(MemoryStore(), 1 << 20, "test", AUTHORITIES)
    recorder.on_stop = stopped.append
    image = house.measure()
    image.samples[3].values[q.SOC_PM] = None
    recorder.begin(house.state, 1000, image, [])
    recorder.end(house.state, [], [])
    assert len(stopped) == 1 and not recorder.on
