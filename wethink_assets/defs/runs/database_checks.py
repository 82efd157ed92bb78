"""Checks of the databases that a Dagster instance keeps runs, events and schedules in: version, schema, rights, encoding, connections."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import sqlalchemy
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import NullPool

__all__ = ["database_faults_of", "database_in_words", "server_faults"]

OLDEST = 130_000  # server_version_num: the oldest release that its makers still mended when this was written
FEW_CONNECTIONS = 10  # a run, the daemon, the UI and the code server hold about two each
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_TABLES_WITHOUT = """
SELECT tablename FROM pg_tables
WHERE schemaname = current_schema() AND NOT has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), :right)
"""
_SEQUENCES_WITHOUT = """
SELECT sequencename FROM pg_sequences
WHERE schemaname = current_schema() AND NOT has_sequence_privilege(quote_ident(schemaname) || '.' || quote_ident(sequencename), 'USAGE')
"""
Fault = tuple[str, str]
"""What is wrong, and what to do."""


def database_faults_of(instance: dg.DagsterInstance) -> list[Fault]:
    """What is wrong with the databases of an instance, each with what to do about it. Raises what the driver raises where one is out of reach."""
    faults = list(_of_schema(instance))
    url = _postgres_url(instance)
    return faults + server_faults(url) if url else faults


def server_faults(url: str) -> list[Fault]:
    """What is wrong with a database of PostgreSQL, whether or not Dagster has tables in it."""
    with _connected(url) as connection:
        return list(_of_server(connection))


def database_in_words(instance: dg.DagsterInstance) -> str:
    """What the databases are, without a password, such as `PostgreSQL 18.4 at db.example:5432/dagster` or `SQLite`."""
    url = _postgres_url(instance)
    if not url:
        return "SQLite"
    parsed = make_url(url)
    with _connected(url) as connection:
        version = str(connection.execute(sqlalchemy.text("SHOW server_version")).scalar()).split()[0]
    return f"PostgreSQL {version} at {parsed.host or 'a socket'}:{parsed.port or 5432}/{parsed.database}"


def _postgres_url(instance: dg.DagsterInstance) -> str:
    """The URL of an instance in PostgreSQL, whether it is ours or of Dagster's own `storage: postgres:`; empty for SQLite."""
    url = str(getattr(instance.event_log_storage, "postgres_url", ""))
    return url if url.startswith("postgres") else ""


def _connected(url: str) -> Any:
    return sqlalchemy.create_engine(url, poolclass=NullPool).connect()


def _of_schema(instance: dg.DagsterInstance) -> Iterator[Fault]:
    storages: dict[str, Any] = {
        "runs": instance.run_storage,
        "events": instance.event_log_storage,
        "schedules": instance.schedule_storage,
    }
    old = []
    for name, storage in storages.items():
        stamped, newest = storage.alembic_version() or (None, None)
        if stamped != newest:
            old.append(f"{name} ({stamped or 'none'}, where {newest} is current)")
    if old:
        yield (
            f"the schema of Dagster's databases is not that of the installed Dagster: {', '.join(old)}",
            "end the UI and all runs, back the databases up, and run `dagster instance migrate`",
        )


def _of_server(connection: Connection) -> Iterator[Fault]:
    def value(statement: str) -> Any:
        return connection.execute(sqlalchemy.text(statement)).scalar()

    version = int(value("SHOW server_version_num"))
    if version < OLDEST:
        yield (
            f"PostgreSQL {value('SHOW server_version')} is older than {OLDEST // 10_000}, which nobody mends any more",
            "move to a later release with pg_upgrade",
        )
    encoding = value("SHOW server_encoding")
    if encoding != "UTF8":
        yield (
            f"the database is in {encoding}, where names and texts of all languages need UTF8",
            "make one with ENCODING 'UTF8' TEMPLATE template0, and move there with pg_dump and pg_restore",
        )
    if value("SHOW transaction_read_only") == "on":
        yield (
            "the database is read-only, a standby perhaps",
            "name the primary in WETHINK_POSTGRES_URL (several hosts: target_session_attrs=read-write)",
        )
    lacking = list(_lacking_rights(connection))
    if lacking:
        user, schema = value("SELECT current_user"), value("SELECT current_schema()")
        yield (
            f"PostgreSQL's user {user} has no right to {', '.join(lacking)}",
            f'GRANT ALL ON SCHEMA "{schema}" TO "{user}"; GRANT ALL ON ALL TABLES IN SCHEMA "{schema}" TO "{user}"; '
            f'GRANT ALL ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{user}"',
        )
    limit, used = int(value("SHOW max_connections")), int(value("SELECT count(*) FROM pg_stat_activity"))
    if limit - used < FEW_CONNECTIONS:
        yield (
            f"PostgreSQL has {used} of {limit} connections in use",
            "raise max_connections, or lower max_concurrent_runs in dagster.yaml",
        )


def _lacking_rights(connection: Connection) -> Iterator[str]:
    """What the user may not do: make tables (a later Dagster adds some), or read and write those that there are."""
    text = sqlalchemy.text
    if not connection.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar():
        yield "make tables (CREATE)"
    for right in _RIGHTS:
        tables = list(connection.execute(text(_TABLES_WITHOUT), {"right": right}).scalars())
        if tables:
            more = f" and {len(tables) - 1} more" if len(tables) > 1 else ""
            yield f"{right} in {min(tables)}{more}"
    sequences = list(connection.execute(text(_SEQUENCES_WITHOUT)).scalars())
    if sequences:
        yield f"USAGE of {len(sequences)} sequences"
