"""EEBUS on a gateway: what an Energy Guard's SPINE messages mean. SHIP, the transport, is somebody else's."""
