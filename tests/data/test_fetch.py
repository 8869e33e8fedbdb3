"""The real table is downloaded whole and unchanged, or the file that is there stays."""

import fcntl
import gzip
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3

from regulated_ml.data import download, source, space, tables
from regulated_ml.data.fingerprint import fingerprint
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.settings import Dataset, Settings

from .conftest import HEADER, loan_lines
from .server import Answer, Server, serving
from .test_reading import zipped

TABLE = ("\n".join([HEADER, *loan_lines(3000)]) + "\n").encode()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that has the table."""
    with serving(TABLE) as running:
        yield running


@pytest.fixture
def shop(settings: Settings, loans: Dataset, server: Server, tmp_path: Path) -> Settings:
    """Settings of a repository whose table lies on the server, with its hash."""
    (tmp_path / "expected.csv").write_bytes(TABLE)
    expected = fingerprint(tables.batches(tmp_path / "expected.csv", loans)).sha256
    return settings.model_copy(update={"dataset": pinned(loans, expected, server.address)})


def pinned(dataset: Dataset, sha256: str, *addresses: str) -> Dataset:
    """The dataset with a hash and addresses."""
    changes = {"sha256": sha256, "addresses": addresses}
    return dataset.model_copy(update={"source": dataset.source.model_copy(update=changes)})


def got(part: Path) -> bytes:
    """What was downloaded."""
    return part.read_bytes()


def test_a_table_is_fetched_verified_and_kept_as_parquet(shop: Settings) -> None:
    found = source.fetch(shop)
    assert (found.state, found.rows) == ("real", 3000)
    assert found.path == shop.root / "data/loans.parquet"
    assert [path.name for path in found.path.parent.iterdir()] == ["loans.parquet"]
    note = tables.note(found.path, "source")
    assert note == {"from": shop.dataset.source.addresses[0], "sha256": sha256(TABLE)}
    assert source.fetched(shop) == found


def sha256(content: bytes) -> str:
    """The hash of some bytes."""
    return hashlib.sha256(content).hexdigest()


def test_a_download_goes_on_where_the_connection_was_cut(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(cut_after=1000), Answer(cut_after=500)]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert [r.get("Range") for r in server.requests] == [None, "bytes=1000-", "bytes=1500-"]
    assert {r.get("If-Range") for r in server.requests[1:]} == {'"one"'}


def test_a_later_command_goes_on_with_what_an_earlier_one_got(
    server: Server, tmp_path: Path
) -> None:
    server.answers = [Answer(cut_after=100) for _ in range(download.ATTEMPTS)]
    with pytest.raises(UserError, match="5 attempts failed") as caught:
        download.download(server.address, tmp_path / "part")
    assert caught.value.status == ExitStatus.RESOURCE
    assert got(tmp_path / "part") == TABLE[:500]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert server.requests[-1]["Range"] == "bytes=500-"


def test_a_file_that_has_changed_meanwhile_is_not_glued(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(cut_after=1000)]
    changed = TABLE[::-1]

    def change() -> None:
        if len(server.requests) == 2:
            server.content, server.etag = changed, '"two"'

    server.before = change
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == changed


def test_a_server_that_sends_the_rest_of_another_file_is_asked_anew(
    server: Server, tmp_path: Path
) -> None:
    # It ignores If-Range, and tells by the ETag of its answer only that the file is another one.
    span = f"bytes 1000-{len(TABLE) - 1}/{len(TABLE)}"
    headers = {"ETag": '"two"', "Content-Range": span}
    server.answers = [Answer(cut_after=1000), Answer(206, headers=headers, body=TABLE[:0:-1])]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert server.requests[-1].get("Range") is None


@pytest.mark.parametrize(
    "second", [Answer(ranges=False), Answer(416, body=b""), Answer(206, body=b"no range told")]
)
def test_a_server_without_ranges_sends_the_whole_file_again(
    server: Server, tmp_path: Path, second: Answer
) -> None:
    server.answers = [Answer(cut_after=1000), second]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE


def test_without_a_strong_validator_nothing_is_resumed(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(cut_after=1000, headers={"ETag": 'W/"weak"'})]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert server.requests[1].get("Range") is None


@pytest.mark.parametrize("cut_after", [None, 50])
def test_a_server_that_compresses_unasked_is_understood(
    server: Server, tmp_path: Path, cut_after: int | None
) -> None:
    headers = {"Content-Encoding": "gzip"}
    server.answers = [Answer(cut_after=cut_after, headers=headers, body=gzip.compress(TABLE))]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert {request.get("Range") for request in server.requests} == {None}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path, status: int) -> None:
    server.answers = [Answer(status), Answer(status, headers={"Retry-After": "0"})]
    download.download(server.address, tmp_path / "part")
    assert (got(tmp_path / "part"), len(server.requests)) == (TABLE, 3)


def test_a_missing_file_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(404)]
    with pytest.raises(UserError, match="HTTP status 404"):
        download.download(server.address, tmp_path / "part")
    assert len(server.requests) == 1


def test_a_whole_part_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        download.download(server.address, tmp_path / "part")
    assert len(server.requests) == 1


def test_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(302, headers={"Location": server.address + "?moved"}, body=b"")]
    download.download(server.address, tmp_path / "part")
    assert got(tmp_path / "part") == TABLE


def test_a_redirect_from_https_to_http_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(at: str, *_: object) -> urllib3.HTTPResponse:
        asked.append(at)
        return urllib3.HTTPResponse(b"", {"Location": "http://bank.invalid/t?token=abc"}, 302)

    monkeypatch.setattr(download, "_request", answer)
    with pytest.raises(UserError, match=r"https all the way; it leads to http://bank\.invalid/t "):
        download.download("https://bank.invalid/t", tmp_path / "part")
    assert asked == ["https://bank.invalid/t"]


def test_redirects_without_end_are_refused(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(302, headers={"Location": "/again"}, body=b"") for _ in range(9)]
    with pytest.raises(UserError, match="at most 5 redirects"):
        download.download(server.address, tmp_path / "part")


def test_a_password_is_kept_from_the_hosts_that_a_redirect_leads_to(
    server: Server, tmp_path: Path
) -> None:
    elsewhere = server.address.replace("127.0.0.1", "localhost")
    server.answers = [
        Answer(302, headers={"Location": place}, body=b"") for place in (server.address, elsewhere)
    ]
    download.download(server.address.replace("//", "//user:secret@"), tmp_path / "part")
    assert ["Authorization" in request for request in server.requests] == [True, True, False]


def test_the_token_of_a_signed_address_is_sent_and_never_kept(shop: Settings) -> None:
    (address,) = shop.dataset.source.addresses
    signed = with_addresses(shop, f"{address}?X-Amz-Signature=t0ken")
    found = source.fetch(signed)
    assert tables.note(found.path, "source")["from"] == address


@pytest.mark.parametrize(
    "answer", [Answer(403), Answer(cut_after=9), Answer(302, headers={"Location": "http://[t0ken"})]
)
def test_the_token_of_a_signed_address_is_in_no_message_and_no_file(
    server: Server, tmp_path: Path, answer: Answer
) -> None:
    server.answers = [answer] * download.ATTEMPTS
    with pytest.raises(UserError) as caught:
        download.download(server.address + "?X-Amz-Signature=t0ken", tmp_path / "part")
    assert "t0ken" not in str(caught.value.problems)
    assert not any(b"t0ken" in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


@pytest.mark.parametrize("length", [None, ""])
def test_what_does_not_fit_on_the_disk_is_not_downloaded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: str | None
) -> None:
    """Whether the server tells the length beforehand or not."""
    server.answers = [Answer(headers={} if length is None else {"Content-Length": length})]
    monkeypatch.setattr(space, "free", lambda folder: len(TABLE) - 1)
    with pytest.raises(UserError, match="fits on the disk") as caught:
        download.download(server.address, tmp_path / "part")
    assert caught.value.status == ExitStatus.RESOURCE
    assert len(got(tmp_path / "part")) < len(TABLE)


def test_what_does_not_fit_on_the_disk_is_not_unpacked(
    shop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "given.zip").write_bytes(zipped("loans.csv", TABLE))
    monkeypatch.setattr(space, "free", lambda folder: len(TABLE) - 1)
    with pytest.raises(UserError, match="fits on the disk"):
        source.take(tmp_path / "given.zip", shop)
    monkeypatch.setattr(space, "free", lambda folder: len(TABLE))
    assert source.take(tmp_path / "given.zip", shop).state == "real"


def test_free_space_is_that_of_the_nearest_folder_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def usage(folder: Path) -> SimpleNamespace:
        asked.append(folder)
        return SimpleNamespace(free=space.SPARE + 5)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert space.free(tmp_path / "not/there") == 5
    assert asked == [tmp_path]


def test_without_addresses_the_configuration_is_wrong(shop: Settings) -> None:
    with pytest.raises(UserError, match="there is none") as caught:
        source.fetch(with_addresses(shop))
    assert caught.value.status == ExitStatus.CONFIGURATION


def test_another_table_at_the_address_is_a_mistake_in_data(shop: Settings, server: Server) -> None:
    server.content = TABLE.replace(b",no\n", b",yes\n", 1)
    with pytest.raises(UserError, match=r"source\.sha256") as caught:
        source.fetch(shop)
    assert caught.value.status == ExitStatus.DATA


def test_two_processes_do_not_write_the_same_part(server: Server, tmp_path: Path) -> None:
    with (tmp_path / "part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is fetching"):
            download.download(server.address, tmp_path / "part")


def test_the_proxy_of_the_environment_is_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A plain server answers a proxy's request too: it ignores that the address is a whole one.
    monkeypatch.setenv("http_proxy", server.address.replace("http://", "http://user:secret@"))
    download.download("http://bank.invalid/table.csv", tmp_path / "part")
    assert got(tmp_path / "part") == TABLE
    assert server.requests[0]["Host"] == "bank.invalid"
    assert server.requests[0]["Proxy-Authorization"].startswith("Basic ")


def test_a_password_in_an_address_is_sent_and_never_shown(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(403)]
    address = server.address.replace("http://", "http://user:secret@")
    with pytest.raises(UserError) as caught:
        download.download(address, tmp_path / "part")
    assert server.requests[0]["Authorization"].startswith("Basic ")
    assert "secret" not in str(caught.value.problems)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://host/file", "table.csv", "https://", "https://[host"]
)
def test_only_http_is_fetched(tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError, match="https://"):
        download.download(address, tmp_path / "part")


def test_without_a_network_the_fetch_fails_in_words(shop: Settings) -> None:
    with pytest.raises(UserError) as caught:
        source.fetch(with_addresses(shop, "http://127.0.0.1:9/table.csv"))
    (problem,) = caught.value.problems
    assert (caught.value.status, problem.value) == (
        ExitStatus.RESOURCE, "http://127.0.0.1:9/table.csv",
    )  # fmt: skip
    assert "refused" in problem.rule
    assert "rml data fetch FILE" in problem.fix


def test_each_address_is_tried_and_what_was_wrong_with_it_is_told(
    shop: Settings, server: Server
) -> None:
    page = Answer(body=b"<html>Sign in to the proxy</html>")
    server.answers = [page, Answer(404)]
    with pytest.raises(UserError) as caught:
        source.fetch(with_addresses(shop, server.address, server.address + "?mirror"))
    rules = [problem.rule for problem in caught.value.problems]
    assert "web page" in rules[0]
    assert "404" in rules[1]
    server.answers = [page]
    found = source.fetch(with_addresses(shop, server.address, server.address + "?mirror"))
    assert found.state == "real"


def with_addresses(settings: Settings, *addresses: str) -> Settings:
    """The settings with other addresses."""
    dataset = settings.dataset
    changed = pinned(dataset, dataset.source.sha256, *addresses)
    return settings.model_copy(update={"dataset": changed})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=TABLE.replace(b",no\n", b",yes\n", 1)),  # one cell
        Answer(body=TABLE[: TABLE.rindex(b"L002900")]),  # the last rows are missing
        Answer(body=b"<!doctype html><p>Sign in"),
        Answer(body=b"PK\x03\x04"),
        Answer(404),
    ],
)
def test_on_failure_the_previous_file_stays(shop: Settings, server: Server, answer: Answer) -> None:
    before = source.fetch(shop)
    content = before.path.read_bytes()
    server.answers = [answer]
    with pytest.raises(UserError):
        source.fetch(shop)
    assert before.path.read_bytes() == content
    files = {path.name for path in before.path.parent.iterdir() if answer.status == 200}
    assert files <= {"loans.parquet"}  # a wrong file is not kept for the next fetch to go on with
    assert source.fetch(shop) == before


@pytest.mark.parametrize("form", ["csv", "parquet", "zip"])
def test_a_given_file_of_any_form_passes_the_same_checks(
    shop: Settings, loans: Dataset, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"given.{form}"
    if form == "parquet":
        tables.read(tmp_path / "expected.csv", loans).to_pandas().to_parquet(path)
    else:
        path.write_bytes(zipped("loans.csv", TABLE) if form == "zip" else TABLE)
    assert source.take(path, shop).state == "real"


def test_a_twin_cannot_be_fetched_as_the_real_table(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "twin.parquet"
    settings.root.joinpath("config").mkdir()
    profile = (
        Path(__file__).parents[2] / "{{cookiecutter.project_slug}}/config/dataset-profile.json"
    )
    source.draw(settings, path, 500, 1, profile)
    with pytest.raises(UserError, match=r"source\.sha256"):
        source.take(path, settings)
    assert not (settings.root / settings.dataset.file).exists()


def test_a_table_without_a_known_hash_stays_unverified(shop: Settings, tmp_path: Path) -> None:
    dataset = pinned(shop.dataset, "")
    found = source.take(tmp_path / "expected.csv", shop.model_copy(update={"dataset": dataset}))
    assert found.state == "unverified"
