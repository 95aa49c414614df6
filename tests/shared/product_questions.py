"""What is asked of every product's driver in the same way; `product` is a row of a table: model, unit(), options."""

from __future__ import annotations

from hal.errors import OutOfRange, WrongDevice
from tests.shared.modbus_units import failure_of
from tests.shared.products import driver_of


async def opened(product):
    """Return a product's registers and its opened driver."""
    unit = product.unit()
    driver = driver_of(product.model, unit, product.options)
    await driver.open()
    return unit, driver


async def zeros_are_refused(product):
    """A product all of whose registers are 0 is none."""
    unit = product.unit()
    for address in unit.registers:
        unit.registers[address] = 0
    fault = await failure_of(driver_of(product.model, unit, product.options).open())
    assert type(fault) is WrongDevice, (product.model, fault)


async def orders_are_refused(product, wrong):
    """None of these set-points, made from the opened driver, is written."""
    unit, driver = await opened(product)
    unit.asked = []
    for setpoint in wrong(driver):
        assert type(await failure_of(driver.obey(setpoint))) is OutOfRange, (product.model, setpoint)
    assert unit.asked == []
