"""A bad day of S3 costs no image: requests are throttled, broken off or answered late, and objects change or go while they are listed and read."""

import gzip
import io
import uuid
from collections.abc import Callable, Iterator
from random import Random

import pyarrow
import pytest
from PIL import Image

from wethink_assets.config.s3_client import PatientS3
from wethink_assets.errors import SourceChanged, SourceUnreachable
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.batches import list_batches, read_membership
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.faulty_s3 import FAULTS, READ_TIMEOUT, FaultyS3, Request, faulty_s3
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import drawings, parquet_of, source_at, split, tar_of, zip_of

FILES = drawings(6)
FIRST = next(iter(FILES))
FORMS = {
    "files": FILES,
    "zip": {"a.zip": zip_of(FILES)},
    "tar": {"a.tar": tar_of(FILES)},
    "tar.gz": {"a.tar.gz": gzip.compress(tar_of(FILES))},
    "tar.zst": {"a.tar.zst": pyarrow.compress(tar_of(FILES), "zstd", asbytes=True)},
    "parquet": {"a.parquet": parquet_of(FILES)},
    "parts": split(zip_of(FILES), "a.zip", 5000),
    "no ending": {"a.bin": tar_of(FILES)},
}


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    monkeypatch.setattr(PatientS3, "retries", 2)  # each more takes its time
    with faulty_s3(s3.endpoint) as proxy:
        yield proxy


class Bucket:
    """A prefix of the server's bucket: written at the server, read through the proxy."""

    def __init__(self, s3: S3Server, proxy: FaultyS3, files: dict[str, bytes], patience: float = 30) -> None:
        self._client, self._bucket, self._prefix = s3.client(), s3.bucket, uuid.uuid4().hex
        for path, data in files.items():
            self.put(path, data)
        # Once each, so that what is not retried shows, too.
        once = {"retries": {"max_attempts": 0}, "read_timeout": patience}
        options = {**s3.options, "endpoint_url": proxy.endpoint, "config_kwargs": once}
        self.source: Source = source_at(f"s3://{s3.bucket}/{self._prefix}", options=options)

    def put(self, path: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{path}", Body=data)

    def delete(self, path: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}/{path}")


def at_first(path: str, change: Callable[[], None], method: str = "GET") -> Callable[[Request], None]:
    """What makes a change just before the first request of an object."""
    left = [change]

    def before(request: Request) -> None:
        if left and request.method == method and request.path.endswith(path):
            left.pop()()

    return before


def ingested(store: Store, source: Source, key: str) -> StageOutput:
    """A batch, published as its run does."""
    output = ingest_batch(store, source, key)
    Tables(store).publish("images", key, output, Provenance())
    return output


def unfinished(store: Store) -> list[str]:
    return [key for key in list_batches(store) if Tables(store).current("images", key) is None]


def same_size(data: bytes) -> bytes:
    """Another PNG of as many bytes: what was one is filled up with a text that decoders pass over."""
    out = io.BytesIO()
    Image.new("RGB", (40, 40), (10, 200, 90)).save(out, "PNG")
    other = out.getvalue()
    fill = len(data) - len(other)
    assert fill >= 0
    return other + bytes(fill)


def is_body(request: Request) -> bool:
    return request.method == "GET" and not request.lists


QUICK = (("files", "busy"), ("files", "cut"), ("files", "short"), ("tar.gz", "cut"), ("parquet", "short"))


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        pytest.param(form, fault, marks=[] if (form, fault) in QUICK else pytest.mark.slow)
        for form in ("files", "tar.gz", "parquet")
        for fault in FAULTS[:5]
    ],
)
def test_a_batch_whose_reading_fails_goes_on_later(
    form: str, fault: str, s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    bucket = Bucket(s3, proxy, FORMS[form])
    proxy.decide = lambda request: fault if is_body(request) else ""
    with pytest.raises(SourceUnreachable):
        for key in register_source(local, bucket.source, 100).batches:
            ingested(local, bucket.source, key)
    proxy.clear()
    outputs = [ingested(local, bucket.source, key) for key in unfinished(local)]
    outputs += [ingested(local, bucket.source, key) for key in register_source(local, bucket.source, 100).batches]
    assert sum(output.results.height for output in outputs) == len(FILES)
    assert all(output.rejections.is_empty() for output in outputs)


def test_a_body_that_halts_once_is_asked_for_again(s3: S3Server, proxy: FaultyS3, local: Store) -> None:
    bucket = Bucket(s3, proxy, FILES, READ_TIMEOUT)
    [key] = register_source(local, bucket.source, 100).batches
    proxy.decide = lambda request: "stall" if is_body(request) and len(seen) < 1 and not seen.append(1) else ""
    seen: list[int] = []
    assert ingested(local, bucket.source, key).results.height == len(FILES)


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[] if fault in ("busy", "cut") else pytest.mark.slow) for fault in FAULTS[:5]]
)
def test_a_listing_that_fails_registers_nothing(fault: str, s3: S3Server, proxy: FaultyS3, local: Store) -> None:
    bucket = Bucket(s3, proxy, FILES)
    lists: list[Request] = []

    def second_on(request: Request) -> str:
        """The first is of whether anything is there."""
        lists.extend([request] if request.lists else [])
        return fault if request.lists and len(lists) > 1 else ""

    proxy.decide = second_on
    with pytest.raises(SourceUnreachable, match="cannot be listed"):
        register_source(local, bucket.source, 100)
    assert not list_batches(local)
    proxy.clear()
    assert register_source(local, bucket.source, 100).new == len(FILES)


def test_a_source_is_listed_once(s3: S3Server, proxy: FaultyS3, local: Store) -> None:
    """And one object of it before, to see that it is there: a listing of ten million objects is ten thousand requests."""
    bucket = Bucket(s3, proxy, FILES)
    assert register_source(local, bucket.source, 100).new == len(FILES)
    assert [request.method for request in proxy.requests] == ["HEAD", "GET", "GET"]
    first, whole = (request.query for request in proxy.requests if request.lists)
    assert "max-keys=1&" in f"{first}&" and "max-keys" not in whole


@pytest.mark.parametrize("data", ["same size", "another size"])
def test_an_object_that_changes_as_it_is_read_is_never_taken_for_the_one_before(
    data: str, s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    bucket = Bucket(s3, proxy, FILES)
    [key] = register_source(local, bucket.source, 100).batches
    new = same_size(FILES[FIRST]) if data == "same size" else drawings(1, 70).popitem()[1]
    proxy.before = at_first(FIRST, lambda: bucket.put(FIRST, new))
    first = ingested(local, bucket.source, key)
    assert first.results.height == len(FILES) - 1
    assert first.rejections.select("item", "reason").rows() == [(FIRST, "changed_since_registration")]
    found = register_source(local, bucket.source, 100)
    assert (found.changed, found.new, found.vanished) == (1, 0, 0)
    [image] = ingested(local, bucket.source, found.batches[0]).results.rows(named=True)
    [old], [entry] = (
        read_membership(local, each).filter(item=FIRST).rows(named=True) for each in (key, found.batches[0])
    )
    assert image["bytes"] == len(new) == entry["size"] and entry["etag"] != old["etag"]


@pytest.mark.parametrize("between", ["another content", "gone", "broken off", "not looked at"])
def test_an_object_that_is_what_it_was_again_is_offered_again(
    between: str, s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    """Its ETag is that of before, so nothing in the listing tells that no batch has read it."""
    bucket = Bucket(s3, proxy, FILES)
    [key] = register_source(local, bucket.source, 100).batches
    change = bucket.delete if between == "gone" else lambda path: bucket.put(path, same_size(FILES[path]))
    proxy.before = at_first(FIRST, lambda: change(FIRST))
    assert ingested(local, bucket.source, key).results.height == len(FILES) - 1
    if between in ("another content", "broken off"):
        [second] = register_source(local, bucket.source, 100).batches
        proxy.decide = lambda request: "cut" if is_body(request) and between == "broken off" else ""
        if between == "broken off":
            with pytest.raises(SourceUnreachable):
                ingested(local, bucket.source, second)
        else:
            assert ingested(local, bucket.source, second).results["item"].to_list() == [FIRST]
    proxy.clear()
    bucket.put(FIRST, FILES[FIRST])
    back = register_source(local, bucket.source, 100)
    assert (back.again, back.new, back.changed, len(back.batches)) == (1, 0, 0, 1)
    [image] = ingested(local, bucket.source, back.batches[0]).results.rows(named=True)
    assert image["item"] == FIRST and image["image_id"] == sha256_hex(FILES[FIRST])
    for key in unfinished(local):
        assert not ingested(local, bucket.source, key).rejections.is_empty()
    assert not register_source(local, bucket.source, 100).batches


def test_an_object_that_is_deleted_is_named_and_read_once_it_is_back(
    s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    bucket = Bucket(s3, proxy, FILES)
    [key] = register_source(local, bucket.source, 100).batches
    proxy.before = at_first(FIRST, lambda: bucket.delete(FIRST))
    first = ingested(local, bucket.source, key)
    assert first.rejections.select("item", "reason").rows() == [(FIRST, "unreadable")]
    gone = register_source(local, bucket.source, 100)
    assert (gone.vanished, gone.files, gone.batches) == (1, len(FILES) - 1, [])
    bucket.put(FIRST, FILES[FIRST])
    back = register_source(local, bucket.source, 100)
    assert len(back.batches) == 1 and back.new + back.again + back.changed == 1
    assert ingested(local, bucket.source, back.batches[0]).results["item"].to_list() == [FIRST]


@pytest.mark.parametrize("form", ["zip", pytest.param("tar.gz", marks=pytest.mark.slow), "parquet"])
def test_an_archive_that_changes_as_it_is_listed_is_refused_until_the_next_listing(
    form: str, s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    [(name, data)] = FORMS[form].items()
    other = {**drawings(1, 80), **drawings(5)}
    new = {"zip": zip_of, "tar.gz": lambda files: gzip.compress(tar_of(files)), "parquet": parquet_of}[form](other)
    bucket = Bucket(s3, proxy, {name: data, "beside.png": drawings(1, 90).popitem()[1]})
    proxy.before = at_first(name, lambda: bucket.put(name, new))
    found = register_source(local, bucket.source, 100)
    assert (found.new, [refusal.reason for refusal in found.refusals]) == (1, ["changed_while_listed"])
    proxy.clear()
    again = register_source(local, bucket.source, 100)
    assert (again.new, again.refusals) == (len(other), [])
    outputs = [ingested(local, bucket.source, key) for key in unfinished(local)]
    assert sum(output.results.height for output in outputs) == 1 + len(other)


@pytest.mark.parametrize("form", ["zip", "parquet"])
def test_an_archive_that_changes_as_it_is_read_ends_the_batch(
    form: str, s3: S3Server, proxy: FaultyS3, local: Store
) -> None:
    [(name, data)] = FORMS[form].items()
    new = {"zip": zip_of, "parquet": parquet_of}[form](drawings(6, 100))
    bucket = Bucket(s3, proxy, {name: data})
    [key] = register_source(local, bucket.source, 100).batches
    proxy.before = at_first(name, lambda: bucket.put(name, new))
    with pytest.raises(SourceChanged):
        ingested(local, bucket.source, key)
    output = ingested(local, bucket.source, key)
    assert output.results.is_empty()
    assert set(output.rejections["reason"]) == {"changed_since_registration"}
    found = register_source(local, bucket.source, 100)
    assert ingested(local, bucket.source, found.batches[0]).results.height == len(FILES)


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted(FORMS))
def test_no_fault_of_any_request_costs_an_image(form: str, s3: S3Server, proxy: FaultyS3, local: Store) -> None:
    """Random faults, from any request on or of one alone; when it is over, each image is there once and nothing is rejected or refused."""
    random = Random(form)
    bucket = Bucket(s3, proxy, FORMS[form])
    for number in range(20):
        store = Store.open(f"{local.url}/{number}")
        fault, begin, lasts = random.choice(FAULTS[:5]), random.randint(1, 20), random.choice((1, 2, 1000))
        proxy.clear()
        proxy.decide = lambda request, fault=fault, begin=begin, lasts=lasts: (  # type: ignore[misc]
            fault if begin <= request.number < begin + lasts else ""
        )
        outputs: list[StageOutput] = []
        for _ in range(2):
            try:
                for key in [*unfinished(store), *register_source(store, bucket.source, 4).batches]:
                    outputs.append(ingested(store, bucket.source, key))  # one by one: those before an outage count
            except SourceUnreachable:
                pass
            proxy.clear()
        outputs += [ingested(store, bucket.source, key) for key in unfinished(store)]
        found = register_source(store, bucket.source, 4)
        assert not (found.batches or found.refusals), (fault, begin, lasts)
        assert sum(output.results.height for output in outputs) == len(FILES), (fault, begin, lasts)
        assert all(output.rejections.is_empty() for output in outputs), (fault, begin, lasts)
