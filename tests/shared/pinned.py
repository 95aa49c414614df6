"""Drivers on a board's own pins, on pins in memory."""

from __future__ import annotations

from drivers import catalogue
from hal.memory import ManualClock
from hal.memory_pins import MemoryPins


def is_on_pins(model):
    """Tell whether a model belongs on a bus of kind pins."""
    return hasattr(catalogue.load(model), "channels_known")


def least_options(model):
    """Return the channels that a model must be given, each named as its option."""
    return {name: name for name, _, needed in catalogue.load(model).channels_known if needed}


def pins_for(model):
    """Return pins in memory that offer a model's channels under the names of its options."""
    offered = {name: kind for name, kind, _ in catalogue.load(model).channels_known}
    return MemoryPins(offered, ManualClock())


def pin_driver_of(model, options=None):
    """Return a driver on pins of its own."""
    chosen = least_options(model)
    chosen.update(options or {})
    return catalogue.load(model)(pins_for(model), 1, chosen)
