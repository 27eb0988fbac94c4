"""The inside of the process that fetches one picture of one camera: started by `cameras`.

The address comes on stdin, where no list of processes shows it; the picture, or why there is none,
goes out on stdout. Whatever hangs here, a name server, a camera, FFmpeg, is ended from outside.
"""

import errno
import http.client
import os
import socket
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from inspection.errors import CameraFailed, InspectionError
from inspection.imaging.formats import format_of
from inspection.services.worker.frames import read_frame, write_frame

_AT_ONCE = 2**16
_MOST_TOLD = 2**20
_DENIED = (401, 403)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


def main() -> None:
    """Answer one question, as `cameras` asks it: the picture, or {"error": …}."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # FFmpeg says addresses, passwords among them: into a file without a name, for this process.
    told = _unnamed_file()
    os.dup2(told.fileno(), 2)
    asked = read_frame(sys.stdin.buffer)
    if asked is None:
        return
    question, _ = asked
    try:
        picture = picture_of(**question, told=told)
    except CameraFailed as error:
        write_frame(answers, {"error": error.as_json()})
    else:
        write_frame(answers, {}, [picture])


def _unnamed_file() -> IO[bytes]:
    """In memory, where the system has such files."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("told"), "w+b")
    return os.fdopen(os.dup(tempfile.TemporaryFile().fileno()), "w+b")


def picture_of(name: str, address: str, limit_s: float, most_bytes: int, told: IO[bytes]) -> bytes:
    """A picture of the camera at an address; raises CameraFailed without any part of it.

    told: where FFmpeg's words of a failure end up.
    """
    if urlsplit(address).scheme in ("rtsp", "rtsps"):
        return _frame(name, address, limit_s, told)
    return _download(name, address, limit_s, most_bytes)


def _frame(name: str, address: str, limit_s: float, told: IO[bytes]) -> bytes:
    # Not at the top: a picture by HTTP needs no OpenCV.
    from inspection.imaging.cameras.stream import frame_of_stream
    from inspection.imaging.codec import encode_png

    rgb = frame_of_stream(address, limit_s)
    if rgb is None:
        told.seek(0)
        said = told.read(_MOST_TOLD)
        # A refused password is the camera's word: who gives it again is shut out.
        for status in _DENIED:
            if b" %d " % status in said:
                raise CameraFailed("camera_denied", name=name, status=status)
        raise CameraFailed("camera_no_stream", name=name)
    return encode_png(rgb)


def _download(name: str, address: str, limit_s: float, most_bytes: int) -> bytes:
    end = time.monotonic() + limit_s
    parts = urlsplit(address)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(
        None, plain, unquote(parts.username or ""), unquote(parts.password or "")
    )
    knows = [] if parts.username is None else [
        _AnswersOnce(passwords),
        urllib.request.HTTPBasicAuthHandler(passwords),
    ]  # fmt: skip
    # The plant's proxy leads out of the plant, and the camera stands within.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), _StaysAtTheCamera(name), *knows
    )
    try:
        with opener.open(plain, timeout=limit_s) as answer:
            picture = _read(name, answer, end, most_bytes)
    except CameraFailed:
        raise
    except urllib.error.HTTPError as error:
        if error.code in _DENIED:
            raise CameraFailed("camera_denied", name=name, status=error.code) from None
        raise CameraFailed("camera_status", name=name, status=error.code) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CameraFailed("camera_unreachable", name=name, why=_why(error)) from None
    if format_of(picture) is None:
        raise CameraFailed("camera_no_photo", name=name)
    return picture


def _read(name: str, answer: http.client.HTTPResponse, end: float, most_bytes: int) -> bytes:
    parts, size = [], 0
    while part := answer.read1(_AT_ONCE):
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            raise CameraFailed("camera_too_large", name=name, most=most_bytes >> 20)
        if time.monotonic() > end:
            raise TimeoutError("timed out")
    return b"".join(parts)


def _why(error: Exception) -> InspectionError:
    """What was wrong, as a part of a sentence, without the address that urllib puts beside it."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return InspectionError("camera_why_timed_out")
    if isinstance(reason, ssl.SSLCertVerificationError):
        return InspectionError("camera_why_certificate")
    if isinstance(reason, socket.gaierror):
        return InspectionError("camera_why_name")
    if isinstance(reason, ConnectionRefusedError):
        return InspectionError("camera_why_refused")
    if isinstance(reason, (ConnectionError, http.client.HTTPException)):
        return InspectionError("camera_why_hung_up")
    if isinstance(reason, OSError) and reason.errno in _UNREACHABLE:
        return InspectionError("camera_why_unreachable")
    told = reason.strerror if isinstance(reason, OSError) else None
    return InspectionError("camera_why_other", told=told or type(reason).__name__)


class _AnswersOnce(urllib.request.HTTPDigestAuthHandler):
    """Gives the password once: urllib would repeat a refused one five times, and a camera locks."""

    def http_error_401(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
    ) -> http.client.HTTPResponse | None:
        if req.has_header(self.auth_header):
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        return super().http_error_401(req, fp, code, msg, headers)


class _StaysAtTheCamera(urllib.request.HTTPRedirectHandler):
    """Follows a camera to another page of itself, and to nobody else: it could lead anywhere."""

    def __init__(self, name: str) -> None:
        self._name = name

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        is_safe = after.scheme == "https" or after.scheme == before.scheme
        if after.hostname != before.hostname or not is_safe:
            raise CameraFailed("camera_elsewhere", name=self._name)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


if __name__ == "__main__":
    main()
