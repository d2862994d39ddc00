"""Streamlit servers for tests: on a free port of this machine, ended by their own process."""

import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY = 120.0  # seconds for a server to come up on a busy machine
# Below those that systems give to outgoing connections, so that none of these takes a port between its choice and the
# start of its server; drawn anew by every process, so that tests side by side choose different ones.
PORTS = range(20_000, 30_000)
TRIES = 2  # of a start, which another program may come before


def free_port() -> int:
    """A port that nobody listens at."""
    for _ in range(100):
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as s, suppress(OSError):  # taken
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def served(command: Sequence[str], port: int, log: Path, cwd: Path | None = None) -> Iterator[str]:
    """The address of a server that is up; it is ended when the block is left.

    How many threads the tests use is not the app's business: it starts as for a reader.
    """
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for left in reversed(range(TRIES)):
        with log.open("w") as output:
            server = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            if not _is_up(f"http://127.0.0.1:{port}/_stcore/health", server):
                assert left, "the server did not come up: " + log.read_text()
                continue
            yield f"http://127.0.0.1:{port}/"
            return
        finally:
            _end(server)


@contextmanager
def app(log: Path) -> Iterator[str]:
    """The address of the app itself, on the shipped model."""
    port = free_port()
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    with served([sys.executable, "-m", "streamlit", "run", "app.py", *options], port, log, cwd=ROOT) as url:
        yield url


class Wire:
    """What lies between a browser and a server, which can be cut: connections end, and new ones are not taken."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._is_whole = True
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}/"
        threading.Thread(target=self._open, daemon=True).start()

    def cut(self) -> None:
        """Nothing goes through from now on."""
        self._is_whole = False
        self._hang_up()

    def mend(self) -> None:
        """New connections go through again."""
        self._is_whole = True

    def close(self) -> None:
        """End it for good."""
        self.cut()
        self._door.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits at it

    def _hang_up(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):  # the other side was faster
                end.shutdown(socket.SHUT_RDWR)

    def _open(self) -> None:
        with self._door, suppress(OSError):  # closed
            while True:
                browser, _ = self._door.accept()
                if self._is_whole:
                    threading.Thread(target=self._join, args=(browser,), daemon=True).start()
                else:
                    browser.close()

    def _join(self, browser: socket.socket) -> None:
        with browser, socket.create_connection(("127.0.0.1", self._to)) as server:
            self._ends += (browser, server)
            back = threading.Thread(target=_carry, args=(server, browser), daemon=True)
            back.start()
            _carry(browser, server)
            back.join()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):  # cut
        while part := one.recv(65_536):
            other.sendall(part)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


def _is_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    """It answers in time, and is still there: else the answer is another's, who has its port."""
    end = time.monotonic() + READY
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return server.poll() is None
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(60)
    finally:
        server.kill()  # never left behind
