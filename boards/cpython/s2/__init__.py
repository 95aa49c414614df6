"""S2 (EN 50491-12-2): a gateway is the resource manager of devices that a customer energy manager (CEM) drives.

Source: s2-ws-json 0.0.2-beta (JSON schemas and state of communication, Flexiblepower Alliance Network, Apache-2.0) and
the examples of s2-documentation. Each device is a resource with a WebSocket of its own, as s2-ws-json has it.
Everything a CEM says ends in claims (docs/s2.md). Nothing here is imported without a source of this kind.
"""
