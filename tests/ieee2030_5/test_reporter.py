"""What the server gets: what the device can do and how it is, averages with their signs, responses."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from boards.cpython.ieee2030_5 import encode
from boards.cpython.ieee2030_5.encode import MIRRORS, DeviceKind, Telemetry, mirrored
from boards.cpython.ieee2030_5.identity import Identity
from boards.cpython.ieee2030_5.responses import Response
from boards.cpython.ieee2030_5.site import Site
from tests.ieee2030_5.world import World

SITE = Site("battery", 5000, 4000, 3000, "", True, 50)
ME = Identity("AB" * 20, 167261211391)
STORAGE = DeviceKind(80, 10000)
NS = "{urn:ieee:std:2030.5:ns}"
LEADING = ("mRID", "description", "version")  # of IdentifiedObject, before what a type adds


@pytest.fixture
def world(tmp_path) -> World:
    """Return a site with a utility that lets it feed in."""
    made = World(tmp_path / "certificates")
    made.warm()
    made.utility.add_program().default = {"opModExpLimW": 10000, "opModImpLimW": 10000}
    return made


def value(body: str, name: str) -> str:
    """Return the value under an element."""
    found = re.search(f"<{name}>.*?<value>([^<]*)</value>", body)
    assert found, (name, body)
    return found.group(1)


def readings(world: World, number: int) -> list[int]:
    """Return what was posted for the n-th quantity."""
    return [int(value(body, "Reading")) for body in world.utility.readings.get(number, [])]


@pytest.mark.parametrize(
    "made",
    [
        encode.end_device(ME, 5), encode.capability(SITE, STORAGE), encode.settings(SITE, STORAGE, 27, 5),
        encode.status(Telemetry(1, 2, 3, 500), True, 5, True), encode.availability(SITE, 5),
        encode.mirror_point(MIRRORS[0], ME, 60), encode.meter_reading(MIRRORS[0], ME, -5, 60, 60),
        encode.response(Response("AB", 2, 5, "/r"), ME), encode.connection_point("41<0>&3"),
    ],
)  # fmt: skip
def test_each_document_is_xml_of_the_standard_in_the_order_of_its_schema(made):
    root = ElementTree.fromstring(made)
    for node in root.iter():
        names = [child.tag.removeprefix(NS) for child in node if child.tag.startswith(NS)]
        own = [name for name in names if name not in LEADING]
        if node.tag.removeprefix(NS) not in ("EndDevice", "MirrorUsagePoint"):  # theirs come from two types
            assert own == sorted(own, key=str.lower), node.tag
        assert [name for name in names if name in LEADING] == names[: len(names) - len(own)]


def test_a_power_beyond_16_bits_gets_a_multiplier():
    big = Site("battery", 123456, 0, 0)
    body = encode.capability(big, DeviceKind(4, 0)).decode()
    assert "<rtgMaxW><multiplier>1</multiplier><value>12345</value></rtgMaxW>" in body
    assert "rtgMaxChargeRateW" not in body and "rtgMaxWh" not in body and "vppModesSupported" not in body


def test_a_device_that_takes_set_points_says_so():
    modes = re.search("<modesSupported>([0-9A-F]{8})<", encode.capability(SITE, STORAGE).decode())
    assert modes is not None
    assert [bit for bit in range(32) if int(modes[1], 16) >> bit & 1] == [0, 1, 2, 3, 7, 20, 22]


def test_the_site_counts_positive_in_and_the_device_positive_out():
    # IEEE 2030.5-2018 10.10.2: a meter at the DER accumulates positive while it delivers
    assert mirrored(Telemetry(1500, 230456, -2000, 505), STORAGE) == [1500, 2304, 2000, 5050]
    assert mirrored(Telemetry(None, None, None, 505), DeviceKind(4, 0)) == [None, None, None, None]
    assert [mirror.flow for mirror in MIRRORS] == [1, 1, 19, 19]


def test_averages_are_posted_at_the_servers_rate_and_cover_all_time(world):
    world.utility.post_s = 60
    world.run(400, 2)
    assert len(readings(world, 1)) in (6, 7) and all(-5100 < power_w <= 0 for power_w in readings(world, 1))
    assert abs(readings(world, 3)[-1] + readings(world, 1)[-1]) <= 1 and set(readings(world, 2)) == {2304}
    periods = [
        (int(start), int(duration))
        for body in world.utility.readings[1]
        for duration, start in re.findall(r"<duration>(\d+)</duration><start>(\d+)</start>", body)
    ]
    assert all(one[0] + one[1] == two[0] for one, two in pairwise(periods))
    world.utility.post_s = 300
    before = len(readings(world, 1))
    world.run(900, 3)
    assert len(readings(world, 1)) - before in (3, 4)


def test_an_average_is_rounded_to_the_nearest(world):
    world.run(70)
    world.source.reporter._sums[0] = [-5, 2]
    world.source.reporter._sums[2] = [5, 3]
    made = len(readings(world, 1))
    world.site.silent = [0, 1]  # nothing is added
    world.site.samples[0] = world.site.samples[1] = None
    world.run(61)
    assert readings(world, 1)[made] == -2 and readings(world, 3)[made] == 2


def test_points_are_made_once_and_again_when_the_server_forgot_them(world):
    world.run(130)
    made = len(world.utility.points)
    assert made == 4 and all(f"<deviceLFDI>{world.identity.lfdi}<" in point for point in world.utility.points)
    world.power_cut()
    world.run(130)
    assert len(world.utility.points) == 4
    world.utility.points.clear()
    world.utility.readings.clear()
    world.run(200)
    assert len(world.utility.points) == 4


def test_a_status_that_changed_is_put_at_once_and_the_rest_when_asked_for(world):
    world.run(30)
    path = "/edev/1/der/1/ders"
    assert value(world.utility.put[path], "genConnectStatus") == "07"
    before = len([request for request in world.utility.seen if request.path == path])
    world.state.units[1].default = 0
    world.run(6)
    assert value(world.utility.put[path], "genConnectStatus") == "03"
    assert value(world.utility.put[path], "operationalModeStatus") == "1"
    assert len([request for request in world.utility.seen if request.path == path]) == before + 1
    puts = [request.path for request in world.utility.seen if request.method == "PUT"]
    world.run(300, 2)
    assert [puts.count(f"/edev/1/der/1/{name}") for name in ("dercap", "derg", "dera")] == [1, 1, 1]


def test_settings_are_put_again_with_another_gradient(world):
    world.utility.programs[0].default = {"opModExpLimW": 10000, "setGradW": 27}
    world.run(30)
    assert "<setGradW>27</setGradW>" in world.utility.put["/edev/1/der/1/derg"]
    world.utility.programs[0].default = {"opModExpLimW": 10000, "setGradW": 100}
    world.run(70, 2)
    assert "<setGradW>100</setGradW>" in world.utility.put["/edev/1/der/1/derg"]


def test_a_device_that_nobody_reads_has_no_status_and_no_readings(world):
    world.site.silent = [1]
    world.site.samples[1] = None
    world.run(130, 2)
    assert "/edev/1/der/1/ders" not in world.utility.put
    assert len(world.utility.points) == 2 and readings(world, 1)


def test_an_isolator_that_is_open_is_told(tmp_path):
    world = World(tmp_path / "certificates", isolator="isolator")
    world.warm()
    world.utility.add_event(world.utility.add_program(), world.now_s + 30, 60, {"opModConnect": False})
    path = "/edev/1/der/1/ders"
    seen = []
    for _ in range(30):
        world.run(5)
        seen.append(int(value(world.utility.put[path], "genConnectStatus"), 16) & 1 if path in world.utility.put else 1)
    assert seen[0] == 1 and 0 in seen and seen[-1] == 1
    assert world.site.grid_w() < -4000


def test_a_response_that_the_server_does_not_take_is_told_and_not_repeated(world):
    said = world.utility.add_event(
        world.utility.programs[0], world.now_s, 100, {"opModExpLimW": 5}, reply_to="/nowhere", required="03"
    )
    world.run(130)
    assert world.told(said.mrid) == []
    asked = [request for request in world.utility.seen if request.path == "/nowhere"]
    assert [re.search("<status>(\\d+)<", request.body)[1] for request in asked] == ["1", "2", "3"]
    assert any("HTTP 404 for status 1" in line for line in world.source.notes)
