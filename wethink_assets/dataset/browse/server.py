"""Pages of a collection, served to this machine alone.

Only names of the loopback interface are answered, whatever name a page elsewhere lets resolve to it; nothing but reading is possible; and a page may
load nothing but our own style sheet, script and images, so that a text which got through as HTML could still do nothing.
"""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wethink_assets.dataset.browse.collection import Collection
from wethink_assets.dataset.browse.duplicates import DuplicateGroups
from wethink_assets.dataset.browse.facets import FACETS, Filters, filters_of
from wethink_assets.dataset.browse.images import LARGE, SMALL, page_image
from wethink_assets.dataset.browse.index import BrowseIndex
from wethink_assets.dataset.browse.pages import ASSETS, asset, compile_templates, rendered
from wethink_assets.dataset.browse.stories import sections_of, story_of
from wethink_assets.errors import ConfigError, StoreError, WeThinkError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CHOICES", "ServedSite", "browse_app", "listening", "serve"]

HOST = "127.0.0.1"
CHOICES = 200
"""Values of a facet that a page offers; others can be asked for in the address."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class ServedSite:
    """Addresses of the pages."""

    title: str
    root: str = "/"
    list: str = "/"
    duplicates: str = "/duplicates"
    written: bool = False
    policy: str = ""

    def row(self, row: Mapping[str, Any]) -> str:
        """Page of a row."""
        return f"/row/{quote(row['row_id'], safe='')}"

    def thumbnail(self, row: Mapping[str, Any]) -> str:
        """Its image in lists."""
        return f"/image/{quote(row['row_id'], safe='')}/small"

    def picture(self, row: Mapping[str, Any]) -> str:
        """Its image."""
        return f"/image/{quote(row['row_id'], safe='')}/large"

    def duplicates_page(self, number: int) -> str:
        """A page of duplicates."""
        return f"/duplicates?page={number}"


class _Guard:
    """Puts the headers on every response, errors included, and answers reading requests alone."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def guarded(message: "Message") -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                added = [
                    (name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in given
                ]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, guarded)


def browse_app(collection: Collection, index: BrowseIndex) -> "Starlette":
    """The application: `/`, `/row/ID`, `/duplicates`, `/image/ID/SIZE`, `/assets/NAME`."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route

    site = ServedSite(collection.title)
    groups = DuplicateGroups(collection, index)
    compile_templates()

    def fault(status: int, heading: str, message: str) -> Response:
        return HTMLResponse(rendered("fault.html", site=site, here="", heading=heading, message=message), status)

    def page(request: "Request") -> Response:
        filters, number = filters_of(request.query_params.multi_items(), index.rates)
        shown = index.page(filters, number)
        return HTMLResponse(
            rendered(
                "list.html",
                site=site,
                here="list",
                filters=filters,
                page=shown,
                total=index.height,
                facets=FACETS,
                counts=index.counts,
                choices=CHOICES,
                rates=index.rates,
            )
        )

    def row_of(request: "Request") -> Mapping[str, Any]:
        row_id = request.path_params["row_id"]
        row = index.row(row_id) or groups.row(row_id)
        if row is None:
            raise HTTPException(404, "no such row here, or it was taken down")
        return row

    def row(request: "Request") -> Response:
        shown = row_of(request)
        filters, _ = filters_of(request.query_params.multi_items(), index.rates)
        return HTMLResponse(
            row_page(site, collection, index, shown, filters, index.neighbours(shown["row_id"], filters))
        )

    def duplicates(request: "Request") -> Response:
        _, number = filters_of(request.query_params.multi_items(), ())
        shown, number, pages = groups.page(number)
        return HTMLResponse(
            rendered(
                "duplicates.html",
                site=site,
                here="duplicates",
                groups=shown,
                number=number,
                pages=pages,
                total=len(groups),
                version=collection.version,
            )
        )

    def image(request: "Request") -> Response:
        sides = {"small": SMALL, "large": LARGE}
        shown = row_of(request)
        if request.path_params["size"] not in sides:
            raise HTTPException(404, "images are small or large")
        encoded = page_image(collection.store, shown["image_path"], sides[request.path_params["size"]])
        return Response(encoded.data, media_type=encoded.media_type, headers={"cache-control": "private, max-age=60"})

    def asset_file(request: "Request") -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404, "no such file")
        return Response(asset(name), media_type=ASSETS[name])

    def refused(request: "Request", error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        detail = error.detail if isinstance(error, HTTPException) else str(error)
        response = fault(status, "Not shown", detail)
        response.headers.update((isinstance(error, HTTPException) and error.headers) or {})
        return response

    def missing(request: "Request", error: Exception) -> Response:
        return fault(404, "Not shown", str(error))

    get = ["GET"]
    app = Starlette(
        routes=[
            Route("/", page, methods=get),
            Route("/row/{row_id}", row, methods=get),
            Route("/duplicates", duplicates, methods=get),
            Route("/image/{row_id}/{size}", image, methods=get),
            Route("/assets/{name}", asset_file, methods=get),
        ],
        middleware=[
            Middleware(_Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False),
        ],
        exception_handlers={HTTPException: refused, StoreError: missing, WeThinkError: refused},
    )
    app.router.redirect_slashes = False  # an address is a page's or it is none
    return app


def row_page(
    site: Any,
    collection: Collection,
    index: BrowseIndex,
    row: Mapping[str, Any],
    filters: Filters,
    around: tuple[str | None, str | None],
) -> str:
    """The page of a row: its texts, its image, what it came of. `around`: the rows before and after it among those that pass the filters."""
    sections, fault = [], ""
    try:
        sections = sections_of(story_of(collection.store, row["row_id"], collection.version))
    except (WeThinkError, KeyError) as error:
        fault = f"The story cannot be told: {error}"
    return rendered(
        "row.html",
        site=site,
        here="",
        row=row,
        rates=index.rates,
        query=filters.query(),
        before=around[0],
        following=around[1],
        same_image=[other for other in index.of_image(row["image_id"]) if other["row_id"] != row["row_id"]],
        sections=sections,
        fault=fault,
    )


def listening(port: int = 0) -> socket.socket:
    """A socket of the loopback interface; port 0 is any that is free. Raises `ConfigError` when the port is taken."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
    except OSError as error:
        opened.close()
        raise ConfigError(
            f"port {port} of {HOST} cannot be used ({error.strerror}): name another with --port, or none for a free one"
        ) from error
    return opened


def serve(app: "Starlette", opened: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until interrupted."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
            await super().startup(sockets)
            ready()

    Server(uvicorn.Config(app, log_level="warning", server_header=False, date_header=False, access_log=False)).run(
        [opened]
    )
