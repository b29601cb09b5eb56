"""A TCP link that can be slowed and cut: whoever is told its port instead of the server's goes through it.

Packaged proxies of this kind (toxiproxy) come as a server in another language with a client for Python; two pumps a
connection are all that is needed.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

_BLOCK_BYTES = 65_536


@dataclass
class Link:
    """`with Link("gateway>identity", port) as link:`; `delay_s` is added to each block in each direction."""

    name: str
    upstream_port: int
    delay_s: float = 0.0
    _cut: bool = False
    _pairs: set[tuple[socket.socket, socket.socket]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket | None = None

    def __enter__(self) -> Link:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), name=self.name, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._listener is not None
        # A thread that waits in accept() is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop()

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._listener is not None
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Reset what is open; whoever connects is hung up on."""
        self._cut = True
        self._drop()

    def mend(self) -> None:
        """As before."""
        self._cut, self.delay_s = False, 0.0

    def _drop(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                _hang_up(end)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self._cut:
                _hang_up(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream_port), timeout=5)
            except OSError:
                _hang_up(client)
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._pump, args=(source, sink, pair), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        try:
            while block := source.recv(_BLOCK_BYTES):
                if self.delay_s:
                    time.sleep(self.delay_s)
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)  # one side has said all it had to; the other may still answer
        except OSError:
            with self._lock:
                self._pairs.discard(pair)
            for end in pair:
                _hang_up(end)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
