"""A client of S3 whose requests come to an end: a service that accepts connections and never answers is told within half a minute.

s3fs tries five times what botocore has tried five times, each for 15 seconds: more than six minutes for one request; and a file that is put has no
end at all, since its first bytes wait until the service says `100 Continue`, and the others until it takes them. What ends at once, such as a refused
connection or an error 500, is still tried five times by botocore, with pauses that a restarted server fits into.

It is imported where a location on S3 is opened, and not before: s3fs takes its time.
"""

import errno
import socket
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from s3fs import S3FileSystem

__all__ = ["PatientS3"]

CONNECT_SECONDS = 5
ANSWER_SECONDS = 9  # until an answer begins or goes on; a whole file has all the time that it needs
TAKING_SECONDS = 6  # until something is taken of what is sent; aiohttp tries this twice by itself
TIMEOUTS = 2  # of one request, then it has failed
READINGS = 3  # of a body that is broken off, or comes to a halt


class Unanswered(ConnectionError):
    """A request was not answered in time, several times. A `TimeoutError` would be tried again by s3fs."""


class PatientS3(S3FileSystem):  # type: ignore[misc,unused-ignore] # s3fs has no annotations
    """s3fs with an end to its patience; `config_kwargs` among the options of a store or source take the place of its time-outs."""

    retries = READINGS

    def __init__(self, *arguments: Any, config_kwargs: Mapping[str, Any] | None = None, **options: Any) -> None:
        patience = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "connector_args": {"socket_factory": _socket},
        }
        super().__init__(*arguments, config_kwargs={**patience, **(config_kwargs or {})}, **options)
        self._bounded: Any = None

    async def set_session(self, *arguments: Any, **options: Any) -> Any:
        """The client, which is asked for before each request."""
        client = await super().set_session(*arguments, **options)
        if client is not self._bounded:
            client.meta.events.register_first("needs-retry.s3", _end_after_timeouts)
            client.meta.events.register_last("before-call.s3", _send_at_once)
            self._bounded = client
        return client


def _socket(address: Any) -> socket.socket:
    made = socket.socket(*address[:3])
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: of data that nobody acknowledges, or has no room for
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * TAKING_SECONDS))
    return made


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """Before a request: its body does not wait for a `100 Continue`, for which the client would wait for ever."""
    params["headers"].pop("Expect", None)


def _end_after_timeouts(attempts: int, caught_exception: BaseException | None, **_: Any) -> None:
    """Asked by botocore whether a request is tried again: by raising it is not, whatever others say."""
    if attempts >= TIMEOUTS and _is_timeout(caught_exception):
        raise Unanswered(errno.ETIMEDOUT, str(caught_exception)) from caught_exception


def _is_timeout(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectTimeoutError | ReadTimeoutError | TimeoutError):
            return True
        if getattr(error, "errno", None) == errno.ETIMEDOUT:
            return True
        error = error.__cause__ or error.__context__
    return False
