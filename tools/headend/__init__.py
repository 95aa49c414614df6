"""The reference head-end: hears agents over MQTT, keeps and confirms their evidence, signs orders.

`HeadEnd` is the asyncio interface, `siteward headend` the process, docs/format.md what goes over the wire.
"""

from __future__ import annotations

from tools.headend.config import Authority, BrokerAccess, KnownAgent, Settings, load_settings
from tools.headend.headend import HeadEnd
from tools.headend.orders import Answer

__all__ = ["Answer", "Authority", "BrokerAccess", "HeadEnd", "KnownAgent", "Settings", "load_settings"]
