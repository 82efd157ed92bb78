"""Dagster's databases in PostgreSQL, on a real server: one line and a URL; what is wrong is one sentence, and no password is in it."""

import threading
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.defs.graph import POOL_LIMITS
from wethink_assets.defs.postgres import postgres_url
from wethink_assets.defs.runs.database_checks import database_faults_of, database_in_words, server_faults
from wethink_assets.defs.runs.instance import project_instance, update_instance
from wethink_assets.errors import ConfigError
from wethink_assets_tests.support.postgres_project import VARIABLE, PostgresProject, databases_of, in_postgres
from wethink_assets_tests.support.postgres_server import PASSWORD, PostgresServer
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.s3_server import free_port
from wethink_assets_tests.support.tcp_proxy import TcpProxy


@pytest.fixture
def project(
    postgres: PostgresServer, postgres_tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PostgresProject:
    """A project of this process in a database of PostgreSQL with Dagster's tables."""
    made = make_project(tmp_path / "project", None, images=1)
    return in_postgres(made, postgres.url(postgres.new_database(f"TEMPLATE {postgres_tables}")), monkeypatch)


def test_one_line_puts_runs_events_and_partitions_into_postgres(
    project: PostgresProject, postgres: PostgresServer
) -> None:
    with project_instance() as instance:
        instance.add_dynamic_partitions("image_batch", ["geoqa+.000001"])
        instance.report_runless_asset_event(dg.AssetMaterialization("x", partition="ü\N{GRINNING FACE}"))
    with project_instance() as instance:
        assert instance.get_dynamic_partitions("image_batch") == ["geoqa+.000001"]
        assert instance.get_materialized_partitions(dg.AssetKey("x")) == {"ü\N{GRINNING FACE}"}
        assert {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()} == POOL_LIMITS
        assert database_in_words(instance).startswith(f"PostgreSQL 18.4 at 127.0.0.1:{postgres.port}/")
        assert database_faults_of(instance) == []
    assert databases_of(project) == []
    assert PASSWORD not in (project.home / "dagster.yaml").read_text()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_usual_form_of_the_url_is_taken(scheme: str) -> None:
    url = postgres_url({VARIABLE: f" {scheme}://ann:p%40ss@db:5433/dagster?sslmode=require \n"})
    assert (url.drivername, url.password, url.port, url.query["sslmode"]) == (
        "postgresql+psycopg2",
        "p@ss",
        5433,
        "require",
    )
    assert "p@ss" not in str(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not set: set it to postgresql://USER:PASSWORD@HOST:5432/DATABASE"),
        ("  ", "is not set"),
        ("s3cret", "is no URL such as postgresql://"),
        ("postgresql://ann:s3cret@db:x/dagster", "is no URL such as postgresql://"),
        ("postgresql://ann:s3@cret@db/s3cret", "has an @ too many"),
        ("mysql://ann:s3cret@db/dagster", "begins with mysql://"),
        ("postgresql+psycopg://ann:s3cret@db/dagster", r"begins with postgresql\+psycopg://"),
        ("postgresql+asyncpg://ann:s3cret@db/dagster", r"begins with postgresql\+asyncpg://"),
        ("postgresql://ann:s3cret@db", "names no database"),
        ("postgresql://ann:s3cret@db/", "names no database"),
    ],
)
def test_a_url_that_is_none_is_named_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        postgres_url({VARIABLE: text})
    assert "s3cret" not in str(raised.value)


def refused(project: PostgresProject, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of a URL that does not lead to a database, by a command and by whatever shows the instance something."""
    monkeypatch.setenv(VARIABLE, url)
    monkeypatch.setattr("wethink_assets.defs.postgres.PATIENCE", 0.3)
    with pytest.raises(ConfigError) as raised, project_instance():
        pass
    assert update_instance(lambda instance: None)
    said = str(raised.value)
    assert "s3cret" not in said and "\n" not in said
    return said


def test_a_server_that_lets_nobody_in_is_named(
    project: PostgresProject, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres.new_database()
    assert "does not answer" in refused(project, f"postgresql://a:s3cret@127.0.0.1:{free_port()}/{name}", monkeypatch)
    assert "refuses the user or the password" in refused(project, postgres.url(name, password="s3cret"), monkeypatch)
    assert "has no such database" in refused(project, postgres.url("nowhere"), monkeypatch)
    assert "host name that nobody knows" in refused(project, "postgresql://a:s3cret@no.such.invalid/x", monkeypatch)
    assert "speaks no SSL" in refused(project, postgres.url(name) + "?sslmode=require", monkeypatch)
    assert "with an option" in refused(project, postgres.url(name) + "?nonsense=1", monkeypatch)


def test_a_server_that_is_still_starting_is_waited_for(
    project: PostgresProject, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = TcpProxy(postgres.port)
    proxy.cut()
    back = threading.Timer(0.7, proxy.resume)
    back.start()
    monkeypatch.setenv(VARIABLE, project.url.replace(f":{postgres.port}/", f":{proxy.port}/"))
    with project_instance() as instance:
        assert instance.get_runs_count() == 0
    back.join()
    proxy.cut()


def write(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("image_batch", ["coco.000001"])


def doctor() -> str:
    with dg.DagsterInstance.get() as instance:
        return "\n".join(f"{what}: {advice}" for what, advice in database_faults_of(instance))


def test_doctor_tells_of_a_schema_of_another_release(project: PostgresProject, postgres: PostgresServer) -> None:
    assert doctor() == ""
    postgres.query("UPDATE alembic_version SET version_num = '0123456789ab'", project.database)
    assert "(0123456789ab, where " in doctor() and "`dagster instance migrate`" in doctor()


def test_doctor_tells_of_missing_rights(
    project: PostgresProject, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.query("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    postgres.query("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest", project.database)
    monkeypatch.setenv(VARIABLE, postgres.url(project.database, "guest", "guest"))
    said = doctor()
    assert "user guest has no right to make tables (CREATE), INSERT in" in said
    assert "USAGE of" in said and 'GRANT ALL ON SCHEMA "public" TO "guest"' in said
    assert "gives its user no right to that" in update_instance(write)
    advice = said[said.index("GRANT") :]
    postgres.query(advice, project.database)
    assert (doctor(), update_instance(write)) == ("", "")


def test_doctor_tells_of_standbys_and_of_encodings(
    project: PostgresProject, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.query(f"ALTER DATABASE {project.database} SET default_transaction_read_only = on")
    assert "is read-only, a standby perhaps" in doctor()
    assert "is read-only" in update_instance(write)
    latin = postgres.new_database("ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    url = postgres_url({VARIABLE: postgres.url(latin)}).render_as_string(hide_password=False)
    assert [what for what, _ in server_faults(url)] == [
        "the database is in LATIN1, where names and texts of all languages need UTF8"
    ]


def test_the_command_says_what_keeps_it_out_and_looks_at_the_rest(
    project: PostgresProject, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, postgres.url("nowhere"))
    (project.home / "images/coco").rename(project.home / "images/elsewhere")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "found: PostgreSQL of Dagster has no such database" in done.stdout
    assert "found: source coco: " in done.stdout
    assert PASSWORD not in done.output
