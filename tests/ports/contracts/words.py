"""A bench that says words to the world by files in a folder."""

import asyncio
import os


class Words:
    """`say` returns when it was done."""

    def __init__(self, uplink, folder):
        self.uplink = uplink
        self._folder = folder

    async def say(self, word):
        with open(self._folder + "/" + word, "w"):  # noqa: ASYNC230, PTH123
            pass
        while word in os.listdir(self._folder):  # noqa: ASYNC110, PTH208
            await asyncio.sleep(0.02)
