"""What a user of the tools can do wrong or be told: one sentence, no traceback, exit code 2.

UsageError    a file, key, address or option that cannot be used as given
"""

from __future__ import annotations


class UsageError(Exception):
    """Args: one clear sentence that names the thing and what was expected."""
