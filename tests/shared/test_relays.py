"""A grid operator's contacts: what each combination means, the unknown above all, and what is guaranteed."""

from __future__ import annotations

from agent.image import Image, Sample
from agent.limits import EXPORT, IMPORT
from agent.orders import made
from agent.sources.desk import Sources, authority_of
from agent.sources.minimum import minimum_w
from agent.sources.relays import Relays
from agent.unit import Unit
from boards.startup import StartError
from hal import quantities as q
from tests.shared.house import METER, House, row
from tests.shared.pin_site import PinSite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAMES = ("w3", "s2", "s1", "w4")


class Box:
    """A house with four contacts, devices 4 to 7; what a look says is `controls`."""

    def __init__(self, **options) -> None:
        self.house = House()
        state = self.house.state
        for at, name in enumerate(NAMES):
            state.units.append(Unit(4 + at, row(name), METER))
            state._scopes[name] = 4 + at
        self.state = state
        self.authority = authority_of("box", "grid", 20000)
        self.loop = self
        self.closed: dict[str, int | None] = {}
        self.now_ms = 0
        given: dict[str, object] = {name: name for name in NAMES}
        given.update({"export_w": 10000, "settle_s": 0})
        given.update(options)
        self.controls: list[Any] | None = None
        self.origin = b""
        desk: Any = self  # one that only listens
        self.source = Relays(desk, given)

    def replace(self, controls, origin) -> None:
        """Hear what is said; the core would take it."""
        for control in controls:
            made(self.state, self.authority, control[0], control[1], b"")
        self.controls, self.origin = controls, origin

    def say(self, seconds: int = 1, **closed: int | None) -> list[tuple[int, int]]:
        """Let contacts stand as said, None silent; return (direction, W) of the limits."""
        self.closed.update(closed)
        for _ in range(seconds):
            self.now_ms += 1000
            samples: list[Sample | None] = [None] * 4
            for name in NAMES:
                on = self.closed.get(name, 0)
                samples.append(None if on is None else Sample(self.now_ms, {q.ON: on}))
            self.source.look(self.now_ms, Image(samples, 0, q.CLOCK_UNKNOWN, 0))
        assert self.controls is not None
        return [(control[1][1], control[1][2]) for control in self.controls]


def refusal(**options) -> object:
    """Return the key that is refused."""
    try:
        Box(**options)
    except ValueError as fault:
        return fault.args[0]
    return None


def test_the_most_restrictive_closed_contact_of_sixteen_combinations_wins():
    box = Box()
    for number in range(16):
        closed = {name: number >> at & 1 for at, name in enumerate(NAMES)}
        wanted = []
        if number & 7:
            wanted.append((EXPORT, 0 if closed["w3"] else 3000 if closed["s2"] else 6000))
        if closed["w4"]:
            wanted.append((IMPORT, 4200))
        assert box.say(**closed) == wanted, closed
        assert box.origin == " ".join([name for name in NAMES if closed[name]]).encode()


def test_a_contact_that_is_not_known_is_closed():
    box = Box(settle_s=2)
    assert box.say(w3=None, s2=0, s1=0, w4=None) == [(EXPORT, 0), (IMPORT, 4200)]
    assert box.say(3) == [(EXPORT, 0), (IMPORT, 4200)]
    assert box.say(3, w3=0, w4=0) == []
    assert box.say(w4=None) == [(IMPORT, 4200)]


def test_a_contact_opens_once_it_stands_open_and_closes_at_once():
    box = Box(settle_s=3)
    assert box.say(3) != []
    assert box.say() == []
    assert box.say(w4=1) == [(IMPORT, 4200)]
    for on in (0, 0, 1, 0, 0, 1, 0, 0, 0):
        assert box.say(w4=on) == [(IMPORT, 4200)], on
    assert box.say(w4=0) == []


def test_a_contact_of_a_device_that_tells_something_else_counts_as_closed():
    box = Box()
    assert box.say(w4=7) == [(IMPORT, 4200)]


def test_section_14a_guarantees_so_much():
    assert [minimum_w(devices, 0, 0) for devices in range(1, 11)] == [
        4200, 7560, 10500, 13020, 15120, 16800, 18060, 18900, 19320, 21210,
    ]  # fmt: skip
    assert minimum_w(1, 20000, 0) == 8000 and minimum_w(1, 0, 30000) == 12000 and minimum_w(1, 20000, 30000) == 12000
    assert minimum_w(2, 20000, 0) == 8000 + 3360
    assert minimum_w(1, 11001, 0) == 4400


def test_what_w4_leaves_is_guaranteed_or_configured_and_within_the_ceiling():
    assert Box(devices=2, pumps_w=20000).say(w4=1) == [(IMPORT, 11360)]
    assert Box(dim_w=0).say(w4=1) == [(IMPORT, 0)]
    assert Box(devices=60).say(w4=1) == [(IMPORT, 20000)]


def test_wrong_options_are_refused_by_name():
    assert refusal(w3="nobody") == "w3" and refusal(scope="charger") == "scope" and refusal(devices=0) == "devices"
    assert refusal(pumps_w=11000) == "pumps_w" and refusal(settle_s=True) == "settle_s" and refusal(w5="w4") == "w5"
    desk: Any = Box()
    try:
        Relays(desk, {"w3": "w3"})
    except ValueError as fault:
        assert fault.args[0] == "export_w"
    try:
        Relays(desk, {})
    except ValueError as fault:
        assert fault.args[0] == "w4"


def dimmed_site() -> PinSite:
    """Return a site on pins whose second input dims it."""
    site = PinSite()
    tree: Any = site.tree
    tree["device"].append({"id": "dim", "driver": "pin-contact", "bus": "own", "channel": "in-2"})
    tree["source"] = [{"name": "box", "kind": "relays", "power_max_w": 20000, "w4": "dim"}]
    return site


async def test_a_closed_contact_on_a_boards_pin_throttles_the_vehicle():
    async with dimmed_site() as site:
        site.vehicle.plugged = True
        await site.run(60000)
        assert site.vehicle.current_ma >= 15900 and isinstance(site.loop.sources, Sources)
        site.pins.closed["in-2"] = 1
        await site.run(12000)
        assert site.car_w() + site.base_w <= 4200 and site.loop.state.limits[0].source == "box"
        site.pins.closed["in-2"] = 0
        await site.run(6000)
        assert site.loop.state.limits == []
        await site.stop()


async def test_a_wrong_source_ends_the_start_with_one_sentence():
    for changed, said in (
        ({"kind": "rellays"}, "kind = 'rellays': expected one of"),
        ({"role": "owner"}, "role = 'owner': expected one of grid for relays"),
        ({"w4": "dimmer"}, "w4 = 'dimmer': expected the id of a [[device]]"),
    ):
        site = dimmed_site()
        tree: Any = site.tree
        tree["source"][0].update(changed)
        try:
            site.boot()
        except StartError as error:
            assert error.args[0].startswith("[[source]] box ") and said in error.args[0], error.args[0]
        else:
            raise AssertionError(changed)
