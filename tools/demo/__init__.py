"""`siteward demo`: a whole house, two agents, a broker that dies, a head-end, and proof of what happened."""

from __future__ import annotations

from tools.demo.play import main

__all__ = ["main"]
