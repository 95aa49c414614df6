"""What is asked of every product's driver in the same way; `product` is a row of a table: model, unit(), options."""

from __future__ import annotations

from tests.shared.modbus_units import failure_of
from tests.shared.products import driver_of


async def opened(product):
    """Return a product's registers and its opened driver."""
    unit = product.unit()
    driver = driver_of(product.model, unit, product.options)
    await driver.open()
    return unit, driver


async def fault_of_zeros(product):
    """Return what opening a product ends in all of whose registers are 0, None for nothing."""
    unit = product.unit()
    for address in unit.registers:
        unit.registers[address] = 0
    return await failure_of(driver_of(product.model, unit, product.options).open())


async def answers_to(product, wrong):
    """Return the kinds of fault that the set-points end in which `wrong` makes from the driver, and what was asked."""
    unit, driver = await opened(product)
    unit.asked = []
    faults = set()
    for setpoint in wrong(driver):
        faults.add(type(await failure_of(driver.obey(setpoint))))
    return faults, unit.asked
