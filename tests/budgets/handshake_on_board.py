"""Connects by TLS as boards/micropython/mqtt_uplink.py does, and prints the longest call of each handshake.

micropython handshake_on_board.py PORT ROUNDS CA CERTIFICATE KEY
"""

import hashlib
import select
import socket
import ssl
import sys
import time

KILOBYTE = bytes(1024)
SUMS = 2000


def sum_s():
    """Return the CPU time of one sum."""
    began = time.clock()
    for _ in range(SUMS):
        hashlib.sha256(KILOBYTE).digest()
    return (time.clock() - began) / SUMS


def longest_s(context, port):
    """Return the CPU time of the longest call of a handshake."""
    plain = socket.socket()
    plain.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    poll = select.poll()
    poll.register(plain, select.POLLIN)
    began = time.clock()
    secure = context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
    secure.setblocking(False)
    longest = time.clock() - began
    written = None
    while not written:
        began = time.clock()
        written = secure.write(b"x")
        longest = max(longest, time.clock() - began)
        poll.poll(1000)
    secure.close()
    plain.close()
    return longest


def main(port, rounds, authority, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    with open(authority, "rb") as file:
        context.load_verify_locations(cadata=file.read())
    context.load_cert_chain(certificate, key)
    for _ in range(int(rounds)):
        print(int(longest_s(context, int(port)) / sum_s()))


main(*sys.argv[1:])
