"""What can go wrong between the agent and a product.

    DeviceError
      LineTimeout     nobody answered in time
      LineDown        the line itself cannot be used (port absent, connection refused)
      FrameError      bytes came that are no answer to what was asked (CRC, unit, length, function)
      Refused         the product answered with an exception code
      NotObeyed       a write was acknowledged and the product kept something else
      OutOfRange      asked for a value that the contract does not allow; nothing was written
      WrongDevice     what answers is not the product that the config names

Each carries its evidence as arguments. A missing optional value is not an error: it is absent.
"""

from __future__ import annotations


class DeviceError(Exception):
    """Whatever a driver or a line may raise on purpose; the poller and the actuator catch this."""


class LineTimeout(DeviceError):
    """Args: unit or address asked, timeout_ms."""


class LineDown(DeviceError):
    """Args: name of the line, what the system said."""


class FrameError(DeviceError):
    """Args: what is wrong, the offending bytes (at most 260) or numbers."""


class Refused(DeviceError):
    """Args: function code, exception code (Modbus Application Protocol V1.1b3 section 7)."""


class NotObeyed(DeviceError):
    """Args: register or verb, wrote, kept; registers and coils as tuples, a set-point as an integer."""


class OutOfRange(DeviceError):
    """Args: quantity, asked, minimum, maximum, step."""


class WrongDevice(DeviceError):
    """Args: expected, found."""
