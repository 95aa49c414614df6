"""Prints what things of MicroPython have, as tools/firmware_names.py keeps it; run by MicroPython."""

import asyncio
import binascii
import builtins
import errno
import gc
import hashlib
import io
import json
import os
import random
import select
import socket
import ssl
import struct
import sys
import time

import micropython
import uctypes  # type: ignore[import-not-found]  # MicroPython
import vfs

MODULES = (asyncio, binascii, builtins, errno, gc, hashlib, io, json, micropython, os, random, select, socket, ssl,
           struct, sys, time, uctypes, vfs)  # fmt: skip
THINGS = ("", b"", bytearray(), memoryview(b""), 0, (), [], {}, set(), (each for each in ()), hashlib.sha256(),
          socket.socket(), select.poll(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), io.BytesIO(), io.StringIO(),
          sys.stdin, sys.stdin.buffer)  # fmt: skip


def look(thing, depth, found):
    for name in dir(thing):
        found.add(name)
        if depth:
            look(getattr(thing, name), depth - 1, found)


def main():
    found = set()
    for module in MODULES:
        look(module, 2, found)
    for thing in THINGS:
        look(thing, 0, found)
    print("\n".join(sorted([name for name in found if name[0] != "_" and name == name.lower()])))


main()
