"""Pages of a collection on a real server, and a store whose every text is hostile."""

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from wethink_assets.dataset.browse.collection import Collection, collection_of
from wethink_assets.dataset.browse.index import BrowseIndex
from wethink_assets.dataset.browse.server import browse_app, listening
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.hostile_texts import HOSTILE
from wethink_assets_tests.support.images import drawing, encoded, photograph
from wethink_assets_tests.support.question_tables import CAT, Asked
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built


@dataclass(frozen=True)
class Response:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Served:
    """A running server of pages."""

    port: int
    collection: Collection
    index: BrowseIndex

    def get(self, path: str, method: str = "GET", host: str = "") -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            connection.endheaders()
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, headers, response.read())
        finally:
            connection.close()


@contextmanager
def served(store: Store, scratch: Path, version: str | None = None) -> Iterator[Served]:
    """Pages of a version on a free port."""
    collection = collection_of(store, version)
    scratch.mkdir(exist_ok=True)
    index = BrowseIndex.build(collection, scratch)
    with listening() as opened:
        server = uvicorn.Server(uvicorn.Config(browse_app(collection, index), log_level="error"))
        thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Served(opened.getsockname()[1], collection, index)
        finally:
            server.should_exit = True
            thread.join(20)


def hostile_store(folder: Path, texts: Sequence[str] = HOSTILE) -> Store:
    """A version whose questions, options, answers, abilities, licences, files, prompts and replies are hostile; one row has a duplicate."""
    store = Store.open(str(folder))
    grower = Grower(store, prompt=f"Ask: {texts[0]}")
    half = len(texts) // 2
    cat = photograph("chelsea.png")
    for number, some in enumerate((texts[:half], texts[half:])):
        asked = [
            Asked(
                text,
                text,
                "MC" if text[:1] == "<" else "FIB",
                (text, "other") if text[:1] == "<" else (),
                ("Reasoning", text),
            )
            for text in some
        ]
        pictures = [(drawing(10 * number + place), asked[place::4]) for place in range(4)]
        again = encoded(cat, quality=95) if number == 0 else encoded(cat.resize((225, 150)), quality=60)
        grower.grow(
            f"coco.{number + 1:06d}",
            [*pictures, (again, [CAT])],
            licence=texts[number],
            already=[(f"files/{text}.png", "f" * 64) for text in some],
        )
    built(store)
    return store
