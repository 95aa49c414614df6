"""Devices on Modbus: few requests, what settles, what is believed, and writes that are read back."""

from __future__ import annotations

from hal.errors import FrameError, NotObeyed, Refused, WrongDevice
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.points import BIT, F32, S16, U16, U32, Point
from hal.modbus.rtu import Rtu
from hal.modbus.sunspec import INT16, UINT16, SunSpecDevice
from hal.modbus.tcp import Tcp
from tests.shared.modbus_units import ManualClock, MemoryLine, Unit, failure_of


class Meter(ModbusDevice):
    model = "test-meter"
    gap_max = 4
    credible = (((1, 2), 50000, 300000),)
    points = (
        Point(0, F32, 1, num=1000),
        Point(2, F32, 2, num=1000),
        Point(8, U32, 3),
        Point(20, U16, 4, optional=True),
        Point(21, U16, 5, optional=True),
    )
    options_known = (("fallback_ma", (0, 6000)), ("channel", range(1, 9)), ("mode", ("soft", "hard")))
    fallback_ma = 6000
    channel = 1
    mode = "hard"


VOLTS = {0: 0x4366, 1: 0x3334, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 1, 9: 2, 20: 7, 21: 8}


def device_on(unit, kind=Meter, options=None, tcp=False):
    framing = Tcp() if tcp else Rtu()
    bus = Bus(MemoryLine({1: unit}, ManualClock(), tcp), framing, ManualClock())
    return kind(bus, 1, options or {})


async def test_a_table_is_read_in_few_requests():
    for tcp in (False, True):
        unit = Unit(dict(VOLTS))
        meter = device_on(unit, tcp=tcp)
        assert await meter.read() == {1: 230200, 2: 0, 3: 65538, 4: 7, 5: 8}
        assert unit.asked == [(3, 0, 10), (3, 20, 2)]


async def test_what_is_not_a_number_is_absent_and_never_zero():
    unit = Unit(dict(VOLTS))
    unit.registers[2] = 0x7FC0
    numbers = await device_on(unit).read()
    assert 2 not in numbers and numbers[1] == 230200


async def test_optional_points_that_are_refused_settle_until_the_next_open():
    unit = Unit(dict(VOLTS))
    unit.refuse[21] = 2
    meter = device_on(unit)
    assert 4 not in await meter.read()  # both were refused together
    assert (await meter.read())[4] == 7  # asked one by one
    unit.asked = []
    assert 5 not in await meter.read()
    assert unit.asked == [(3, 0, 10), (3, 20, 1)]  # and 21 no more
    unit.refuse = {}
    assert 5 not in await meter.read()
    await meter.open()
    assert (await meter.read())[5] == 8


async def test_other_refusals_do_not_settle():
    for address, code in ((21, 4), (0, 2)):
        unit = Unit(dict(VOLTS))
        unit.refuse[address] = code
        meter = device_on(unit)
        assert (await failure_of(meter.read())).args == (3, code)
        unit.refuse = {}
        assert (await meter.read())[5] == 8


async def test_words_in_the_wrong_order_are_not_believed():
    unit = Unit(dict(VOLTS))
    unit.registers[0], unit.registers[1] = 0x4365, 0x4000
    meter = device_on(unit)
    assert (await meter.read())[1] == 229250
    unit.registers[0], unit.registers[1] = 0x4000, 0x4365  # 2.004 V
    assert (await failure_of(meter.read())).args == ("not credible", [(1, 2004), (2, 0)])
    assert type(await failure_of(meter.open())) is WrongDevice


async def test_a_gateway_that_says_zero_to_everything_is_no_meter():
    unit = Unit(dict.fromkeys(range(30), 0))
    meter = device_on(unit)
    assert type(await failure_of(meter.open())) is WrongDevice
    assert type(await failure_of(meter.read())) is FrameError


async def test_two_units_of_one_model_share_a_plan_but_not_what_settled():
    unit = Unit(dict(VOLTS))
    other = Unit(dict(VOLTS))
    other.refuse[20] = 2
    first, second = device_on(unit), device_on(other)
    await second.read()
    assert 5 in await first.read()


async def test_a_write_is_read_back():
    unit = Unit({10: 1, 11: 1})
    device = device_on(unit, ModbusDevice)
    await device.write_checked(10, (0x40C0, 0))
    assert unit.registers == {10: 0x40C0, 11: 0}
    assert unit.asked == [(16, 10, 2), (3, 10, 2)]
    await device.write_checked(11, (5,), pdu.WRITE_REGISTER)
    assert unit.asked[2:] == [(6, 11, 1), (3, 11, 1)]


async def test_a_product_that_keeps_something_else_does_not_obey():
    unit = Unit({10: 1, 11: 1})
    unit.stubborn = (11,)
    device = device_on(unit, ModbusDevice)
    assert (await failure_of(device.write_checked(10, (7, 8)))).args == (10, (7, 8), (7, 1))
    assert type(await failure_of(device.write_checked(11, (8,)))) is NotObeyed


async def test_registers_that_wear_out_are_left_alone_when_they_hold_it_already():
    unit = Unit({10: 7})
    device = device_on(unit, ModbusDevice)
    await device.keep_written(10, (7,))
    assert unit.asked == [(3, 10, 1)]
    await device.keep_written(10, (8,))
    assert unit.registers == {10: 8}


async def test_coils_are_read_and_written():
    class Relays(ModbusDevice):
        table = pdu.READ_COILS
        points = (Point(0, BIT, 24), Point(3, BIT, 25))
        gap_max = 8

    unit = Unit(coils={0: 0, 3: 1})
    relays = device_on(unit, Relays)
    assert await relays.read() == {24: 0, 25: 1}
    await relays.write_coil_checked(0, 1)
    assert await relays.coil(0) == 1
    unit.stubborn = (0,)
    assert (await failure_of(relays.write_coil_checked(0, 0))).args == (0, (0,), (1,))


def test_options_are_checked_and_unknown_ones_refused():
    unit = Unit()
    chosen = device_on(unit, options={"fallback_ma": 0, "channel": 8})
    assert (chosen.fallback_ma, chosen.channel, chosen.mode) == (0, 8, "hard")
    for options, said in (
        ({"fallback_ma": 7000}, ("fallback_ma", 7000, "0 or 6000")),
        ({"fallback_ma": False}, ("fallback_ma", False, "0 or 6000")),
        ({"channel": 9}, ("channel", 9, "1..8")),
        ({"mode": "sof"}, ("mode", "sof", "soft or hard")),
        ({"chanel": 1}, ("chanel", 1, "one of fallback_ma, channel, mode")),
    ):
        try:
            device_on(unit, options=options)
        except ValueError as error:
            assert error.args == said, error.args
        else:
            raise AssertionError(options)


def test_a_unit_that_no_bus_can_have_is_refused():
    bus = Bus(MemoryLine({}, ManualClock()), Rtu(), ManualClock())
    for unit in (-1, 0, 248, "1", True, None):
        try:
            Meter(bus, unit, {})
        except ValueError as error:
            assert error.args[0] == "unit"
        else:
            raise AssertionError(unit)


class Inverter(SunSpecDevice):
    model = "test-inverter"
    maker = "Maker"
    models = {  # noqa: RUF012  (as a driver writes it)
        103: (Point(14, INT16, 1, num=10, scale_at=15), Point(20, UINT16, 2), Point(60, UINT16, 3)),
        124: (Point(2, UINT16, 4),),
    }


def sunspec_map(base, models):
    """Lay models out as a product does: (id, body words)."""
    words = [0x5375, 0x6E53]
    for model, body in models:
        words += [model, len(body)] + body
    words += [0xFFFF, 0]
    return {base + offset: word for offset, word in enumerate(words)}


def common(maker):
    letters = (maker + "\x00" * 32)[:32].encode()
    return (1, [(letters[at] << 8) | letters[at + 1] for at in range(0, 32, 2)] + [0] * 49 + [0x8000])


def inverter_body():
    body = [0] * 50
    body[12], body[13] = 0xFFF6, 0xFFFE  # W = -10, W_SF = -2: offsets 14 and 15 from the model's id
    body[18] = 0xFFFF  # not implemented
    return body


async def test_sunspec_maps_are_found_at_every_base_and_walked():
    for base in (40000, 50000, 0):
        unit = Unit(sunspec_map(base, [common("Maker"), (103, inverter_body()), (64000, [1] * 7), (124, [5] * 24)]))
        inverter = device_on(unit, Inverter, tcp=True)
        await inverter.open()
        assert inverter.at == {
            1: (base + 2, 66),
            103: (base + 70, 50),
            64000: (base + 122, 7),
            124: (base + 131, 24),
        }
        assert await inverter.read() == {1: -1, 4: 5}  # a point beyond its model's length is not asked


async def test_sunspec_lists_that_never_end_are_given_up():
    endless = dict.fromkeys(range(40000, 41000), 1)
    endless[40000], endless[40001] = 0x5375, 0x6E53
    unit = Unit(endless)
    assert type(await failure_of(device_on(unit, Inverter).open())) is WrongDevice
    empty = Unit({40000: 0x5375, 40001: 0x6E53, 40002: 1, 40003: 0})
    assert type(await failure_of(device_on(empty, Inverter).open())) is WrongDevice


async def test_another_maker_or_no_map_is_the_wrong_device():
    other = Unit(sunspec_map(40000, [common("Other"), (103, inverter_body())]))
    assert (await failure_of(device_on(other, Inverter).open())).args == ("test-inverter", b"Other")
    assert type(await failure_of(device_on(Unit(), Inverter).open())) is WrongDevice
    nameless = Unit(sunspec_map(40000, [(103, inverter_body())]))
    assert type(await failure_of(device_on(nameless, Inverter).open())) is WrongDevice


async def test_a_device_that_refuses_says_so():
    unit = Unit({0: 0})
    device = device_on(unit, ModbusDevice)
    assert type(await failure_of(device.registers(5, 1))) is Refused


def test_signed_points_keep_their_sign():
    assert Point(0, S16, 1, num=100).words(-1500) == (0xFFF1,)


class Forgetful(Meter):
    points = Meter.points


async def test_a_device_goes_on_without_the_points_of_its_class():
    unit = Unit(dict(VOLTS))
    unit.refuse[21] = 2
    first, second = device_on(unit, Forgetful), device_on(unit, Forgetful)
    await first.open()
    first.forget_points()
    assert Forgetful.points == () and Meter.points
    await second.open()
    for meter in (first, second):
        assert await meter.read() == {1: 230200, 2: 0, 3: 65538, 4: 7}
    assert (await device_on(unit, Forgetful).read())[3] == 65538


async def test_a_slow_product_is_given_its_time_and_the_others_are_not():
    class Slow(Meter):
        answer_ms = 5000

    for kind, waits_ms in ((Meter, 1000), (Slow, 5000)):
        clock = ManualClock()
        device = kind(Bus(MemoryLine({}, clock, True), Tcp(), clock), 1, {})
        assert (await failure_of(device.read())).args == (1, waits_ms)
