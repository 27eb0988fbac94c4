"""How long a sender may take over the head of a request.

The middleware of the door sees a request once its headers are there. Before that only the
protocol of uvicorn, the server under Streamlit, knows the connection, and it waits for ever: a few
hundred senders of one byte a minute would take every connection the process may have.
"""

from asyncio import TimerHandle
from functools import wraps

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# A browser that opened a connection ahead of need opens another one.
HEADERS_S = 20.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def limit_headers(seconds: float = HEADERS_S, protocol: type = AutoHTTPProtocol) -> None:
    """Let go of connections whose request line and headers are not there in this time.

    It counts from the opening of the connection, and from the first byte of each later request;
    whoever began to speak gets a 408. protocol: of uvicorn, which has no setting for it; a second
    call for the same one does nothing.
    """
    if vars(protocol).get("limits_headers"):
        return
    made, received, lost = (
        protocol.connection_made,
        protocol.data_received,
        protocol.connection_lost,
    )

    @wraps(made)
    def connection_made(self, transport) -> None:
        made(self, transport)
        self.has_spoken = False
        self.headers_due = self.loop.call_later(seconds, _let_go, self)

    @wraps(received)
    def data_received(self, data: bytes) -> None:
        self.has_spoken = True
        received(self, data)
        if not _waits_for_headers(self):
            _cancel(self)
        elif self.headers_due is None:
            self.headers_due = self.loop.call_later(seconds, _let_go, self)

    @wraps(lost)
    def connection_lost(self, error: Exception | None) -> None:
        _cancel(self)
        lost(self, error)

    protocol.limits_headers = True
    protocol.headers_due: TimerHandle | None = None
    protocol.connection_made = connection_made
    protocol.data_received = data_received
    protocol.connection_lost = connection_lost


def _waits_for_headers(connection) -> bool:
    if connection.transport.get_protocol() is not connection:
        # A web socket by now, which has pings of its own.
        return False
    return connection.cycle is None or connection.cycle.response_complete


def _cancel(connection) -> None:
    if connection.headers_due is not None:
        connection.headers_due.cancel()
        connection.headers_due = None


def _let_go(connection) -> None:
    connection.headers_due = None
    if connection.transport.is_closing():
        return
    if connection.has_spoken:
        connection.transport.write(_TOO_SLOW)
    connection.transport.close()
