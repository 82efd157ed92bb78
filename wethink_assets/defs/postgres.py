"""Dagster's databases in PostgreSQL: one line of `dagster.yaml` names this storage, the environment has the URL.

    storage: {custom: {module: wethink_assets.defs.postgres, class: PostgresStorage}}

Dagster's own `storage: postgres:` fails with SQLAlchemy 2.1, which takes `postgresql://` for psycopg 3, where dagster-postgres speaks psycopg2
alone; it fails with a page of retries where the server refuses a user, and it may have the password in a file that is committed.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from wethink_assets.defs.runs.database_faults import postgres_fault
from wethink_assets.errors import ConfigError

try:
    from dagster_postgres import DagsterPostgresStorage
except ImportError as error:
    raise ConfigError(
        "dagster.yaml keeps Dagster's databases in PostgreSQL, whose client is not installed: pip install 'wethink-assets[postgres]'"
    ) from error

__all__ = ["URL_VARIABLE", "PostgresStorage", "postgres_url"]

URL_VARIABLE = "WETHINK_POSTGRES_URL"
DRIVER = "postgresql+psycopg2"
PATIENCE = 10.0  # seconds in which a server that does not accept connections yet, since it starts, may begin to
EXAMPLE = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


class PostgresStorage(DagsterPostgresStorage):
    """Runs, events and schedules in the database that `WETHINK_POSTGRES_URL` names; tables are made where it has none."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """It takes no configuration: what a secret may be part of stands in no file."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> "PostgresStorage":
        """Called by Dagster. Raises `ConfigError` where there is no URL, or the server does not let anybody in."""
        url = postgres_url(os.environ)
        await_server(url, PATIENCE)
        return cls(url.render_as_string(hide_password=False), inst_data=inst_data)

    @property
    def database(self) -> URL:
        """Where the tables are; as text it hides the password."""
        return make_url(self.postgres_url)


def postgres_url(environ: Mapping[str, str]) -> URL:
    """The URL of the database in an environment, with the driver that Dagster's integration speaks.

    `postgres://`, `postgresql://` and `postgresql+psycopg2://` mean the same. Raises `ConfigError` where it is missing or no such URL; no message
    repeats it, as it may hold a password.

    >>> postgres_url({"WETHINK_POSTGRES_URL": "postgres://ann:secret@db.example/dagster"})
    postgresql+psycopg2://ann:***@db.example/dagster?application_name=wethink&connect_timeout=10
    """
    text = environ.get(URL_VARIABLE, "").strip()
    if not text:
        raise ConfigError(
            f"dagster.yaml keeps Dagster's databases in PostgreSQL, and {URL_VARIABLE} is not set: set it to {EXAMPLE}"
        )
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # What SQLAlchemy says of it repeats the text; `from None` keeps it out of a traceback, too.
        raise ConfigError(
            f"{URL_VARIABLE} is no URL such as {EXAMPLE}; in a password write %40 for @, %3A for : and %2F for /"
        ) from None
    if url.drivername not in ("postgres", "postgresql", DRIVER):
        raise ConfigError(f"{URL_VARIABLE} begins with {url.drivername}://, where Dagster takes {EXAMPLE}")
    if not url.database:
        raise ConfigError(f"{URL_VARIABLE} names no database: it should be {EXAMPLE}")
    if url.host and "@" in url.host:
        raise ConfigError(f"{URL_VARIABLE} has an @ too many: in a user's name or a password write %40")
    usual = {"application_name": "wethink", "connect_timeout": "10"}
    return url.set(drivername=DRIVER).update_query_dict({k: v for k, v in usual.items() if k not in url.query})


def await_server(url: URL, patience: float) -> None:
    """Return once the server lets us in. Raises `ConfigError`: at once where it refuses us, else after `patience` seconds."""
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    deadline = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            engine.connect().close()
            return
        except DBAPIError as error:
            fault = postgres_fault(error)
            if fault.refused or time.monotonic() + pause > deadline:
                raise ConfigError(fault.sentence) from error
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
