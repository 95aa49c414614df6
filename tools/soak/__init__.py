"""`make soak`: agents, broker and devices are killed at random; a site limit has to hold and no record may be lost."""

from __future__ import annotations
