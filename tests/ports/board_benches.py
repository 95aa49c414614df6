"""The benches for the adapters that boards run; imported inside MicroPython only."""

from boards.micropython.file_store import FileStore
from boards.micropython.serial_line import SerialLine
from boards.micropython.tcp_line import TcpLine
from boards.micropython.tty import open_tty
from tests.ports.contracts.files import Counter, Files


class Lines:
    """Bench of contracts/line.py."""

    def __init__(self, line, absent_line):
        self.line = line
        self.absent_line = absent_line


def tcp_line(port, absent_port):
    return Lines(TcpLine("127.0.0.1", int(port)), TcpLine("127.0.0.1", int(absent_port)))


def serial_line(path):
    return Lines(
        SerialLine(lambda: open_tty(path, 9600), 9600), SerialLine(lambda: open_tty("/dev/absent", 9600), 9600)
    )


def file_store(folder):
    return Files(FileStore, folder)


def whole_store(folder):
    return FileStore(folder)


def count_for_ever(store):
    Counter(store).run()
