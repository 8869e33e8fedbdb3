"""How an endpoint's listening socket passes from one process to the next.

Both processes hold the same socket of the kernel for a moment, so no connection that waits in its
queue is lost when the earlier process ends.
"""

import socket
import threading
from contextlib import suppress
from pathlib import Path

TIMEOUT = 5.0  # seconds that the other process is given


def listening(host: str, port: int, control: Path) -> socket.socket:
    """The listening socket: that of the process that serves now, or a new one.

    Raises:
        OSError: the port is taken by something else.
    """
    received = _received(control)
    if received and received.getsockname()[1] == port:
        return received
    if received:
        received.close()  # another address has another socket
    return _opened(host, port)


def offer(listener: socket.socket, control: Path) -> None:
    """Hands the socket to whoever asks at `control`, until the process ends."""
    beside = control.with_suffix(".new")
    beside.unlink(missing_ok=True)
    asked = socket.socket(socket.AF_UNIX)
    asked.bind(str(beside))
    asked.listen()
    beside.replace(control)  # from here on the next process asks us and not the one before
    threading.Thread(target=_answer, args=(asked, listener), daemon=True).start()


def _answer(asked: socket.socket, listener: socket.socket) -> None:
    while True:
        caller, _ = asked.accept()
        with caller, suppress(OSError):
            socket.send_fds(caller, [b"socket"], [listener.fileno()])


def _received(control: Path) -> socket.socket | None:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(TIMEOUT)
        try:
            asking.connect(str(control))
            _, handles, _, _ = socket.recv_fds(asking, 16, 1)
        except OSError:
            return None  # nobody serves: the socket's name is missing, or is all that is left
    return socket.socket(fileno=handles[0]) if handles else None


def _opened(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. Without it the second part of an answer waits for the caller to have
    # acknowledged the first, which many do after 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
