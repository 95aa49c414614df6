"""A bench that says words to the world by files in a folder."""

import os

from tests.waiting import until


class Words:
    """`say` returns when it was done."""

    def __init__(self, uplink, folder):
        self.uplink = uplink
        self._folder = folder

    async def say(self, word):
        with open(self._folder + "/" + word, "w"):  # noqa: ASYNC230, PTH123 - MicroPython's only way
            pass
        assert await until(lambda: word not in os.listdir(self._folder)), word  # noqa: PTH208 - there is no pathlib
