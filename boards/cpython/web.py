"""aiohttp for the protocols that speak HTTP, or one sentence on how to get it.

It is raised as what is wrong with a source is (boards/sources.py): the site that names such a source needs it.
"""

from __future__ import annotations

try:
    import aiohttp
except ImportError as missing:
    raise ValueError("[[source]] of kind openadr or s2: needs pip install '.[gateway,markets]'") from missing

__all__ = ["aiohttp"]
