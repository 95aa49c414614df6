"""What one battery is told in one tick, to the watt: when it covers, when it takes in, what the next may count on."""

from __future__ import annotations

from agent.circuits import UNKNOWN_W
from agent.cover import cover, own_mode
from agent.limits import EXPORT, IMPORT
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.shared.wiring import Part

NOW_MS = 100000


def exact(name: str, circuit: str = "", step: int = 1) -> Part:
    """Return a battery that can be set to each watt."""
    contract = Contract(c.BATTERY, q.SETPOINT_W, (-5000, 5000, step), None, False, 10000)
    return name, contract, {"power_max_w": 5000, "circuit": circuit}, Load(0)


def one(left_w: int, drawn_w: int = 0, step: int = 1, **site: int) -> Wiring:
    """Return a plant of one battery in the middle of a tick: so much is left, so much the battery draws."""
    return opened([exact("bat", step=step)], [], left_w, [drawn_w], **site)


def opened(parts: list[Part], branches: list[Branch], left_w: int, drawn_w: list[int], **site: int) -> Wiring:
    """Return a plant whose connection has so much left while its batteries draw this."""
    keys = {"import_limit_w": 3000, "export_limit_w": 1000}
    keys.update(site)
    found = Wiring(parts, branches, **keys)
    for circuit in found.state.circuits:
        shown = {q.POWER_W: keys["import_limit_w"] - left_w}
        circuit.open(found.state, shown if circuit.metered() else None)
    for at, unit in enumerate(found.state.powered):
        unit.drawn_known, unit.source, unit.soc_pm = True, "before", 500
        unit.drawn_w, unit.taken_w = drawn_w[at], max(drawn_w[at], 0)
    return found


def told(site: Wiring, name: str = "bat") -> tuple[int | None, str, bool]:
    """Let the battery decide; return what it shall do, why, and whether it covers."""
    unit = site[name]
    cover(site.state, unit, NOW_MS)
    return unit.next, unit.next_source, unit.covering


def set_to(unit: Unit, setpoint: int | None, covering: bool = True, since_ms: int = NOW_MS - 5000) -> Unit:
    """Let a battery stand where it was told."""
    unit.setpoint, unit.covering, unit.covered_ms = setpoint, covering, since_ms
    return unit


def test_battery_that_just_covers_by_itself_is_left_alone():
    site = one(0, -500)
    left_w = site.state.site.left_w
    assert told(site) == (None, "", False)
    assert (site.state.site.left_w, site.state.site.moved_w) == (left_w, 0)


def test_a_watt_too_much_is_covered_with_a_margin():
    site = one(-1, -500)
    assert told(site) == (-601, "connection", True)
    assert site["bat"].covered_ms == NOW_MS
    site = one(-1, -500, step=50)
    assert told(site) == (-650, "connection", True)


def test_a_charging_battery_gives_its_own_room_first():
    site = one(-200, 700)
    assert told(site) == (0, "connection", True)
    site = one(-200, 700)
    site["bat"].next = 700
    assert told(site) == (500, "connection", True)


def test_a_wish_to_charge_falls_to_the_room_and_no_further():
    for left_w, setpoint in ((30, 30), (1, 1), (0, 0), (-1, -101)):
        site = one(left_w)
        site["bat"].next = 1000
        assert told(site) == (setpoint, "connection", True)


def test_a_covering_set_point_is_kept_inside_its_band():
    for left_w, setpoint in ((300, -800), (301, -599), (0, -800), (-1, -901)):
        site = one(left_w, -800)
        set_to(site["bat"], -800)
        assert told(site) == (setpoint, "connection", True)


def test_it_is_let_go_once_nothing_was_to_cover_for_as_long_as_a_load_waits():
    site = one(900, -800)
    set_to(site["bat"], -800, since_ms=NOW_MS - 9999)
    assert told(site) == (0, "before", True)
    for since_ms in (NOW_MS - 10000, NOW_MS - 10001):
        site = one(900, -800)
        set_to(site["bat"], -800, since_ms=since_ms)
        assert told(site) == (None, "", False)
    site = one(900, -800)
    set_to(site["bat"], -800, covering=False)
    assert told(site) == (None, "", False)
    site = one(900, -800)
    set_to(site["bat"], None)
    assert told(site) == (None, "", False)


def test_only_a_wish_that_rises_waits():
    for wanted, setpoint, covering in ((-750, -800, True), (-800, -800, False), (-850, -850, False)):
        site = one(900, -800)
        set_to(site["bat"], -800).next = wanted
        assert (told(site)[0], site["bat"].covering) == (setpoint, covering)


def test_a_surplus_is_taken_in_with_a_margin_and_kept_inside_its_band():
    site = one(6000)
    assert told(site) == (2100, "connection", True)
    site = one(6010, step=50)
    assert told(site) == (2150, "connection", True)  # 2110 at least
    site = one(5990, step=50)
    assert told(site) == (2100, "connection", True)  # 2090 at least
    site = one(6001, step=50)
    assert told(site) == (2150, "connection", True)  # 2101 at least
    for lowest_w, setpoint in ((2100, 2100), (2101, 2201), (1800, 2100), (1799, 1899)):
        site = one(lowest_w + 4000 - 2100, 2100)
        set_to(site["bat"], 2100)
        assert told(site) == (setpoint, "connection", True)


def test_what_is_just_allowed_to_be_fed_in_is_left_alone():
    site = one(4000, -2000)
    assert told(site) == (None, "", False)
    site = one(4001, -2000)
    assert told(site) == (0, "connection", True)


def test_a_limit_on_the_battery_itself_bounds_what_it_feeds_in():
    for value, setpoint, source in ((500, -400, "limit dso"), (999, -899, "limit dso"), (1000, -900, "connection")):
        site = one(3000, 0)
        site.limit(value, "bat", EXPORT)
        site["bat"].next = -4000
        assert told(site) == (setpoint, source, True)
    site = one(3000, 0)
    site.limit(2000, "bat", EXPORT)
    site["bat"].next = -4000
    assert told(site) == (-900, "connection", True)


def test_covering_stops_at_the_limit_on_the_battery_itself():
    site = one(400, -800)
    site.limit(500, "bat", EXPORT)
    assert told(site) == (-500, "limit dso", True)
    site = one(-400)
    site.limit(500, "bat", EXPORT)
    assert told(site) == (-500, "connection", True)
    site = one(0, -800)
    site.limit(500, "bat", EXPORT)
    assert told(site) == (-400, "limit dso", True)


def test_the_own_circuit_is_named_of_two_that_bind_alike():
    for name, place in (("", "connection"), ("shed", "circuit shed")):
        site = opened([exact("bat", name)], [Branch("shed", export_limit_w=1000)], 3000, [0])
        site["bat"].next = -4000
        assert told(site) == (-900, place, True)


def test_own_mode_ends_where_a_limit_on_the_battery_is_less_than_it_can_do():
    for direction in (IMPORT, EXPORT):
        for value, ends in ((4999, True), (5000, False), (6000, False)):
            site = one(3000)
            site.limit(value, "bat", direction)
            own_mode(site.state, site["bat"])
            assert (site["bat"].next, site["bat"].next_source) == ((0, "limit dso") if ends else (None, ""))


def test_charge_that_lets_nobody_ask_for_what_it_does_by_itself_leaves_it_alone():
    for soc_pm, drawn_w, setpoint in ((None, -500, None), (110, -1000, -1000), (110, -1001, None), (111, -1001, -1301)):
        site = one(-200, drawn_w)
        site["bat"].soc_pm = soc_pm
        assert told(site)[0] == setpoint
        if setpoint is None:
            assert site.state.site.moved_w == 0
            assert site["bat"].covering is False
    for soc_pm, drawn_w, setpoint in ((None, 500, None), (990, 1000, 1000), (990, 1001, None), (989, 1001, 2000)):
        site = one(6000, drawn_w)
        site["bat"].soc_pm = soc_pm
        assert told(site)[0] == setpoint


def test_charge_bounds_what_was_asked_for():
    site = one(-200)
    site["bat"].soc_pm = None
    site["bat"].next = 300
    assert told(site) == (0, "connection", True)
    site = one(-200, -100)
    site["bat"].soc_pm = None
    set_to(site["bat"], -100)
    assert told(site) == (0, "connection", True)


def counted(site: Wiring, name: str = "bat") -> tuple[int, int]:
    """Let a battery decide; return what that changes of the connection's room, and of what batteries were told."""
    before_w = site.state.site.left_w
    cover(site.state, site[name], NOW_MS)
    return site.state.site.left_w - before_w, site.state.site.moved_w


def test_the_next_counts_on_one_that_was_just_told():
    assert counted(one(-1, -500)) == (101, -101)
    site = one(900, -800)
    set_to(site["bat"], -800, since_ms=0)
    assert counted(site) == (-800, 800)  # let go: nothing, as far as anybody knows
    assert counted(one(6000)) == (0, 2100)
    site = one(6000, -300)
    assert counted(site) == (-300, 2100)


def test_the_next_counts_on_one_that_may_be_on_its_way():
    for lowered_ms, relief_w in ((NOW_MS - 10000, 0), (NOW_MS - 9999, 500)):
        site = one(0, -300)
        set_to(site["bat"], -800).next = -800
        site["bat"]._lowered_ms, site["bat"]._raised_ms = lowered_ms, NOW_MS
        assert counted(site) == (relief_w, -relief_w)
    for raised_ms, moved_w in ((NOW_MS - 30000, 0), (NOW_MS - 29999, 1700)):
        site = one(3000, 100)
        set_to(site["bat"], 1800).next = 1800
        site["bat"]._raised_ms, site["bat"]._lowered_ms = raised_ms, NOW_MS
        assert counted(site) == (0, moved_w)


def test_where_nobody_measures_only_what_is_fed_in_counts_and_all_of_it():
    for wanted, drawn_w, fed_w in ((-700, -700, -700), (-700, 0, -700), (900, 900, 0), (900, -200, 0)):
        parts = [exact("bat", "shed")]
        site = opened(parts, [Branch("shed")], 2000, [drawn_w], import_limit_w=9000)
        shed = site.circuit("shed")
        set_to(site["bat"], None, covering=False).next = wanted
        before_w = shed.left_w
        cover(site.state, site["bat"], NOW_MS)
        assert (shed.left_w - before_w, shed.moved_w) == (-fed_w, fed_w)


def test_where_nobody_measures_its_room_is_its_circuits_with_what_it_was_granted():
    site = opened([exact("bat", "shed")], [Branch("shed")], 88000, [1000], import_limit_w=90000, export_limit_w=90000)
    site.circuit("shed").left_w = -200
    site["bat"].next = 3000
    assert told(site) == (2800, "circuit shed", True)
    assert site["bat"].cap_w == 2800 < UNKNOWN_W


def test_the_second_of_two_covers_the_rest():
    site = opened([exact("a"), exact("b")], [], -6000, [0, 0])
    assert told(site, "a")[0] == -5000
    assert told(site, "b")[0] == -1100
    site = opened([exact("a"), exact("b")], [], 3000 + 7000, [0, 0])
    assert told(site, "a")[0] == 5000
    assert told(site, "b")[0] == 1100


def test_the_tightest_circuit_says_how_much_may_be_fed_in():
    for below_w, above_w, source in ((500, 2000, "circuit box"), (2000, 500, "connection")):
        branches = [Branch("box", export_limit_w=below_w)]
        site = opened([exact("bat", "box")], branches, 3000, [-3000], export_limit_w=above_w)
        site.state.site.shown_w = -3000
        assert told(site) == (0, source, True)


def test_what_an_empty_battery_feeds_in_by_itself_counts_where_nobody_measures():
    site = opened([exact("bat", "box")], [Branch("box")], -500, [-100])
    site["bat"].soc_pm = 50
    assert told(site) == (None, "", False)
    assert site.circuit("box").moved_w == -100
