"""Gets a file over HTTP: with retries, resumed where it broke off, through the company's proxy.

What has arrived is kept as `NAME.part`, and beside it, in `NAME.part.json`, what the server said
about the file. A later request asks for the rest only if the file is still that one (RFC 9110,
`If-Range`), so that the halves of two different files are never put together.
"""

import fcntl
import hashlib
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.util import Timeout, make_headers, parse_url

from regulated_ml.data import space
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_text

ATTEMPTS = 5
PAUSE = 0.5  # seconds after the first failed attempt, then twice as long each time
LONGEST_PAUSE = 30.0  # seconds, also where a server asks for more
CHUNK = 1 << 16  # bytes
REDIRECTS = 5
TIMEOUT = Timeout(connect=10, read=60)
WORTH_ANOTHER_TRY = {408, 425, 429, 500, 502, 503, 504}

Progress = Callable[[int, int | None], None]  # bytes done, bytes in all where known


class Validators(NamedTuple):
    """What tells one version of a file from another."""

    address: str  # its hash, for it may hold a token
    etag: str
    last_modified: str
    length: int | None  # bytes of the whole file

    @property
    def condition(self) -> str:
        """What `If-Range` may hold: a strong entity tag or a date; else there is no resuming."""
        return self.etag if self.etag.startswith('"') else self.last_modified


class _Broken(Exception):
    """An attempt that failed in a way that another attempt may not."""

    def __init__(self, reason: str, pause: float = 0) -> None:
        super().__init__(reason)
        self.pause = pause


def download(address: str, part: Path, progress: Progress = lambda done, total: None) -> None:
    """Brings the whole file at `address` to `part`, going on from what is there already.

    Raises:
        UserError: the address is wrong, the server refuses, every attempt failed, or another
            process is at it. What has arrived stays, for the next time.
    """
    with _locked(part) as file:
        for attempt in range(ATTEMPTS):
            try:
                _attempt(address, part, file, progress)
            except _Broken as broken:
                if attempt == ATTEMPTS - 1:
                    fix = (
                        "start the command again, it goes on from here; HTTPS_PROXY names a "
                        "proxy; or hand over the file: rml data fetch FILE"
                    )
                    raise _refused(address, f"{ATTEMPTS} attempts failed: {broken}", fix) from None
                time.sleep(min(max(PAUSE * 2**attempt, broken.pause), LONGEST_PAUSE))
            else:
                return


def discard(part: Path) -> None:
    """Forgets what has arrived."""
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def shown(address: str) -> str:
    """An address without the secrets that it may hold: user, password and query (signed links)."""
    try:
        return parse_url(address)._replace(auth=None, query=None, fragment=None).url
    except urllib3.exceptions.LocationParseError:
        return "(not an address)"


def _attempt(address: str, part: Path, file: BinaryIO, progress: Progress) -> None:
    known = _known(part, address)
    have = file.seek(0, os.SEEK_END) if known and known.condition else 0
    if known and have and have == known.length:
        return
    headers = {"Accept-Encoding": "identity"}  # ranges are of the bytes that are sent
    if known and have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known.condition}
    try:
        response = _open(address, headers)
        try:
            start = _start(response, known, have, part, address)
            file.truncate(start)
            if not start:  # only now, when no byte of another version is left in the part
                _remember(part, address, response)
            _receive(response, part, file, start, progress)
        finally:
            response.close()
            response.release_conn()
    except ValueError as error:  # of urllib3 and urllib alike, for what is no address
        rule = "https://host/path, and so is each address that it leads to"
        raise _refused(address, rule, "correct the address") from error
    except urllib3.exceptions.HTTPError as error:
        if isinstance(error, urllib3.exceptions.SSLError):
            fix = "let SSL_CERT_FILE name your company's certificates"
            raise _refused(address, f"no trust in the server: {_reason(error)}", fix) from error
        raise _Broken(_reason(error)) from error


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    """Why it failed, without what urllib3 puts before it."""
    words = str(error)
    return words.split("): ", 1)[-1] if words.startswith("HTTP") else words


def _open(address: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    """The answer to a request, redirects followed, but none from https to http."""
    at = address
    for _ in range(REDIRECTS + 1):
        response = _request(at, address, headers)
        moved = response.get_redirect_location()
        if not moved:
            return response
        response.close()
        before, at = parse_url(at), urljoin(at, moved)
        if before.scheme == "https" and parse_url(at).scheme == "http":
            rule = f"https all the way; it leads to {shown(at)}"
            raise _refused(address, rule, "name an address that stays with https")
    raise _refused(address, f"at most {REDIRECTS} redirects", "correct the address")


def _request(at: str, address: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    """One answer. A user and password go to the host in whose address they stand, to no other."""
    parsed, given = parse_url(at), parse_url(address)
    if parsed.scheme not in ("http", "https"):
        raise _refused(address, "it begins with https:// or http://", "correct the address")
    same = (parsed.scheme, parsed.host, parsed.port) == (given.scheme, given.host, given.port)
    auth = make_headers(basic_auth=given.auth) if given.auth and same else {}
    return _pool(parsed.scheme, parsed.host or "").request(
        "GET",
        parsed._replace(auth=None, fragment=None).url,
        headers={**headers, **auth},
        preload_content=False,
        timeout=TIMEOUT,
        redirect=False,
        retries=False,  # `download` tries again
    )


def _pool(scheme: str, host: str) -> urllib3.PoolManager:
    """A connection as the environment wants it: HTTPS_PROXY and friends, and SSL_CERT_FILE."""
    context = ssl.create_default_context()
    proxy = getproxies().get(scheme)
    if not proxy or proxy_bypass(host):
        return urllib3.PoolManager(ssl_context=context)
    auth = parse_url(proxy).auth
    headers = make_headers(proxy_basic_auth=auth) if auth else None
    return urllib3.ProxyManager(shown(proxy), proxy_headers=headers, ssl_context=context)


def _start(
    response: urllib3.BaseHTTPResponse,
    known: Validators | None,
    have: int,
    part: Path,
    address: str,
) -> int:
    """From which byte on the answer goes; a failed answer is an error."""
    status = response.status
    if status == 200:
        return 0
    if status == 206 and known and _is_the_rest(response, known, have):
        return have
    if status in (206, 416):  # the server and we do not mean the same file: from the beginning
        _notes(part).unlink(missing_ok=True)
        raise _Broken(f"HTTP status {status} to a request for the rest")
    reason = f"HTTP status {status} {response.reason or ''}".strip()
    if status in WORTH_ANOTHER_TRY:
        wait = response.headers.get("Retry-After", "")
        raise _Broken(reason, float(wait) if wait.isdigit() else 0)
    raise _refused(address, reason, "correct the address, or hand the file to the command")


def _is_the_rest(response: urllib3.BaseHTTPResponse, known: Validators, have: int) -> bool:
    span, _, length = response.headers.get("Content-Range", "").partition("/")
    same_tag = response.headers.get("ETag", known.etag) == known.etag
    same_length = known.length is None or length in ("*", str(known.length))
    return span.startswith(f"bytes {have}-") and same_tag and same_length


def _receive(
    response: urllib3.BaseHTTPResponse,
    part: Path,
    file: BinaryIO,
    start: int,
    progress: Progress,
) -> None:
    room = start + space.free(part.parent)
    length = _length(response)
    total = None if length is None else start + length
    if total is not None and total > room:
        raise space.no_room("the table at source.addresses", total, part.parent)
    progress(start, total)
    while chunk := response.read1(CHUNK):  # what is there, for `read` would drop it at a cut
        if file.tell() + len(chunk) > room:  # where the server does not tell, or packs its answer
            raise space.no_room("the table at source.addresses", file.tell(), part.parent)
        file.write(chunk)
        progress(file.tell(), total)
    file.flush()  # urllib3 has raised where fewer bytes came than were announced


def _remember(part: Path, address: str, response: urllib3.BaseHTTPResponse) -> None:
    tag, date = (response.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    if "Content-Encoding" in response.headers:  # we asked for none; its bytes are not the file's
        tag, date = "", ""
    validators = Validators(_hash(address), tag, date, _length(response))
    write_text(_notes(part), json.dumps(validators._asdict()))


def _length(response: urllib3.BaseHTTPResponse) -> int | None:
    """How many bytes of the file the answer holds, where the server says so."""
    length = response.headers.get("Content-Length", "")
    known = length.isdigit() and "Content-Encoding" not in response.headers
    return int(length) if known else None


def _known(part: Path, address: str) -> Validators | None:
    """What the server said about the file when the part was begun."""
    try:
        known = Validators(**read_json(_notes(part)))
    except (FileNotFoundError, ValueError, TypeError):  # none, or half written by something else
        return None
    return known if known.address == _hash(address) else None


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".json")


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """The part, open for this process alone; the lock goes with the process."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError.one(
                str(part),
                "",
                "another process is fetching the same file",
                "wait for it to end",
                ExitStatus.RESOURCE,
            ) from None
        yield file


def _refused(address: str, reason: str, fix: str) -> UserError:
    return UserError.one(
        "config/dataset.yaml: source.addresses", shown(address), reason, fix, ExitStatus.RESOURCE
    )
