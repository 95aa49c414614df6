"""Each rule of the simulation is shown a defect that it must find, in a site where the sound agent breaks nothing."""

from __future__ import annotations

import importlib

import pytest

from tests.scenarios.worlds import broken_rule, small_world

LIMIT = (100, "command", "dso", 1, ["", 0, 6000, 7200], "")
DISCHARGE = (100, "command", "owner", 2, ["battery", -5000, 7200, 0], "")
SILENT = (100, "meter", "line", "silence", {"seconds": 120.0})
AWAY = (50, "car", "leave", 0.1)
UNCONFIRMED = (1, "receipts", "lost", 200)
CUT = (161, "cut", 5, 0, 0)
TOGGLED = [(100 + 5 * at, "command", "owner", 2, ["load-1", at % 2, 7200, 0], "") for at in range(40)]
COLD = (100, "command", "agg", 2, ["room", 9000, 7200, 1], "")
SOLD_TWICE = [
    (100, "command", "vpp", 2, ["charger", 8000, 7200, 1], ""),
    (130, "reserve", "agg", 6, ["garage", 1, 3000, 7200], ""),
]
CLAIMS = [(100 + at, "command", "owner", 2, ["charger", 8000, 7200, min(at, 5)], "") for at in range(40)]


def room_without_limits(patch):
    opened = importlib.import_module("agent.circuits").Circuit.open

    def wide(self, state, values):
        opened(self, state, values)
        self.left_w += 100000

    patch.setattr("agent.circuits.Circuit.open", wide)


def room_without_fuses(patch):
    opened = importlib.import_module("agent.circuits").Circuit.open

    def wide(self, state, values):
        opened(self, state, values)
        self.left_ma = [1000000, 1000000, 1000000]

    patch.setattr("agent.circuits.Circuit.open", wide)


def battery_without_floor(patch):
    patch.setattr("agent.cover.lowest", lambda *_: (-1 << 30, ""))


def cells_without_end(patch):
    patch.setattr("sim_devices.physics.battery.Battery.bounds_w", lambda *_: (-5000.0, 5000.0))


def nobody_renews(patch):
    """The loop hangs as far as devices can tell: leases run out."""
    hand_out = importlib.import_module("agent.loop").Loop._hand_out
    patch.setattr(
        "agent.loop.Loop._hand_out", lambda self, grants: hand_out(self, grants if self.state.now_ms < 120000 else [])
    )


def lease_forgotten(patch):
    nobody_renews(patch)

    async def act(self, now_ms):
        if self._until_ms is not None and self._is_due(now_ms):
            await self._write(now_ms, self._target)

    patch.setattr("agent.actuator.Actuator.act", act)


def stale_is_fresh(patch):
    patch.setattr("agent.image.Image.fresh", lambda self, index, _now_ms, _stale_ms: self.samples[index])


def wish_without_meter(patch):
    patch.setattr("agent.allocate.without_headroom", lambda _state, _unit, _cause, _now_ms: None)


def restless_start(patch):
    patch.setattr("agent.protection.may_start", lambda _unit, _now_ms: True)


def battery_without_bounds(patch):
    patch.setattr("agent.protection.charge_bounds", lambda _unit: (-5000, 5000))


def cold_room(patch):
    wish = importlib.import_module("agent.allocate").wish

    def careless(state, unit, now_ms):
        kept, unit.comfort = unit.comfort, (None, None)
        wish(state, unit, now_ms)
        unit.comfort = kept

    patch.setattr("agent.allocate.wish", careless)


def circuit_unseen(patch):
    chain = importlib.import_module("agent.state").State._chain
    patch.setattr("agent.state.State._chain", lambda self, place: chain(self, 0))


def never_left(patch):
    patch.setattr("agent.failsafe._METER_GOOD_MS", 1 << 40)


def endless_claims(patch):
    patch.setattr("agent.orders.CLAIMS_MAX", 1000)


def window_of_nobody(patch):
    patch.setattr("agent.reserve.Reserving._look_at", lambda *_: None)


def restless_room(patch):
    decide = importlib.import_module("agent.allocate").decide

    def toggles(state, image, now_ms):
        decide(state, image, now_ms)
        for unit in state.units:
            if unit.id == "room":
                unit.decide(20000 + now_ms // 1000 % 2 * 1000, unit.next_source)

    patch.setattr("agent.allocate.decide", toggles)


def believes_half_a_journal(patch):
    frames = importlib.import_module("agent.journal").Journal.frames

    def half(self, offset=0):
        found = list(frames(self, offset))
        yield from found if offset or self.segment_bytes == 1 << 30 else found[: len(found) // 2]

    patch.setattr("agent.journal.Journal.frames", half)


def epoch_kept(patch):
    patch.setattr("agent.ledger.Ledger.begin_epoch", lambda self: setattr(self, "epoch", 1))


def says_before_it_keeps(patch):
    async def seal(self, first_seq, page):
        page.signature = await importlib.import_module("agent.cose").sign(self.signer, page.signed_bytes)
        self.ledger.seal(first_seq, page.signature)

    patch.setattr("agent.session.Session._seal", seal)


def forgets(patch, *names: str):
    dump = importlib.import_module("agent.kept").dump

    def poor(state):
        kept = {name: getattr(state, name) for name in names}
        for name in names:
            setattr(state, name, type(kept[name])())
        try:
            return dump(state)
        finally:
            for name in names:
                setattr(state, name, kept[name])

    patch.setattr("agent.loop.dump", poor)


def wrong_link(patch):
    patch.setattr("agent.ledger.page_hash", lambda payload: bytes(31) + payload[:1])


def defect(patch):
    def fail(self):
        assert self.ticks < 200, "a broken invariant"
        return turn(self)

    turn = importlib.import_module("agent.loop").Loop.turn
    patch.setattr("agent.loop.Loop.turn", fail)


# Defect -> rule that must find it, what happens, changes of the site.
CASES = {
    room_without_limits: ("import limit", [LIMIT], {}),
    room_without_fuses: ("fuse", [], {"site": {"import_limit_w": 60000, "fuse_ma": 20000}}),
    battery_without_floor: ("export limit", [AWAY, DISCHARGE], {"site": {"export_limit_w": 0}}),
    cells_without_end: ("state of charge", [DISCHARGE], {"battery": {"soc": 0.06}}),
    lease_forgotten: ("live lease", [], {}),
    stale_is_fresh: ("failsafe entered", [SILENT], {}),
    wish_without_meter: ("nothing above fallback", [SILENT], {}),
    never_left: ("failsafe left once", [SILENT], {}),
    restless_start: ("protection timers", TOGGLED, {}),
    battery_without_bounds: ("charge bounds", [DISCHARGE], {"battery": {"soc": 0.11}}),
    cold_room: ("comfort", [COLD], {}),
    circuit_unseen: ("circuit fuse", [], {}),
    endless_claims: ("bounded", CLAIMS, {}),
    window_of_nobody: ("one programme", SOLD_TWICE, {}),
    restless_room: ("wear", [], {}),
    believes_half_a_journal: ("journal is a prefix", [CUT], {}),
    epoch_kept: ("journal is a prefix", [CUT], {}),
    says_before_it_keeps: ("pages verify", [UNCONFIRMED, (110, *CUT[1:])], {"agent": {"sync_ms": 60000, "page_s": 45}}),
    lambda patch: forgets(patch, "limits"): ("acknowledged is durable", [LIMIT, CUT], {}),
    lambda patch: forgets(patch, "counters"): ("counters rise", [LIMIT, CUT], {}),
    wrong_link: ("pages verify", [], {}),
    defect: ("no defect", [], {}),
}  # fmt: skip


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.__name__)
def test_a_defect_is_found(broken, monkeypatch):
    rule, happens, changes = CASES[broken]
    broken(monkeypatch)
    assert broken_rule(small_world(*happens, **changes), 400) == rule


def test_the_sound_agent_breaks_no_rule_where_the_defects_are_found():
    everything = [LIMIT, (160, *CUT[1:]), *[(at + 200, *rest) for at, *rest in CLAIMS], (300, *SILENT[1:])]
    assert broken_rule(small_world(*everything, agent={"sync_ms": 60000}), 500) == ""
    assert broken_rule(small_world(UNCONFIRMED, (110, *CUT[1:]), agent={"sync_ms": 60000, "page_s": 45}), 200) == ""
    assert broken_rule(small_world(*SOLD_TWICE), 400) == ""
    assert broken_rule(small_world(AWAY, DISCHARGE, site={"export_limit_w": 0}), 300) == ""
    assert broken_rule(small_world(site={"import_limit_w": 60000, "fuse_ma": 20000}), 300) == ""


def test_a_loop_that_hangs_takes_its_devices_to_their_default_mode(monkeypatch):
    nobody_renews(monkeypatch)
    world = small_world()
    world.run_until(200_000)
    alfen = world.plant.home.devices["charger"].product.state()
    assert alfen["applied_a"] == 6.0
    assert world.life is not None
    world.life.cut()
