"""One typed file: what is wrong is refused with its line and what is allowed."""

from pathlib import Path

import pytest

from wethink_assets.config import config_path, load_settings
from wethink_assets.errors import ConfigError


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None):
    path = tmp_path / "wethink.toml"
    path.write_text(text)
    return load_settings(path, environ or {})


def test_the_shipped_file_is_right_and_locates_all_18_sources() -> None:
    settings = load_settings(Path(__file__).parents[2] / "wethink.toml", {})
    assert len(settings.sources) == 18
    assert all(source.location for source in settings.sources.values())
    assert settings.pipeline.prompt_pack == "embedded"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[store]\nurl = 'x'\nulr = 'y'\n", r"wethink.toml:3: unknown setting store.ulr; allowed here: options, url"),
        (
            "[pipeline]\n\nbatch_size = 0\n",
            r"wethink.toml:3: pipeline.batch_size: .*greater than or equal to 1 \(given: 0\)",
        ),
        (
            "[sources.'geoqa+']\nreadr = 'zip'\n",
            r"wethink.toml:2: unknown setting sources.geoqa\+.readr; allowed here: .*reader",
        ),
        (
            "[sources.coco]\nreader = 'rar'\n",
            r"wethink.toml:2: sources.coco.reader: unknown reader 'rar'; known: auto, folder, zip, .*given: 'rar'",
        ),
        ("[pipeline]\nkinds = { MC = 0.5 }\n", r"wethink.toml:1: pipeline: the shares of kinds sum to 0.5, not 1"),
        ("[roles.painter]\nmodel = 'x'\n", r"unknown role 'painter'; roles are describer"),
        (
            "[roles.judge]\nprovider = 'endpoint'\n",
            r"wethink.toml:1: roles.judge: provider endpoint needs url and model",
        ),
        ("[sources.'a/b']\nlocation = ''\n", r"a source name is letters"),
        ("[stoer]\nurl = 'x'\n", r"unknown setting stoer; allowed here: .*store"),
        ("[store\n", r"is not TOML"),
        ("[store]\nurl = 's3://'\n", r"wethink.toml:2: store.url: the URL names no bucket: it is s3://bucket/prefix"),
        ("[store]\nurl = 's3:///a'\n", r"wethink.toml:2: store.url: the URL names no bucket"),
        ("[store]\nurl = 'foo://x/y'\n", r"wethink.toml:2: store.url: the scheme 'foo' is not known"),
        (
            "[sources.coco]\nlocation = 's4://x'\n",
            r"toml:2: sources.coco.location: .*'s4' is not known: is s3:// meant",
        ),
        ("[sources.coco]\nlocation = ' '\n", r"toml:2: sources.coco.location: is empty"),
        ("[sample]\nlocation = 'gs://'\n", r"toml:2: sample.location: the URL names no bucket: it is gs://bucket"),
        ("[benchmarks.mine]\npath = ' '\n", r"toml:2: benchmarks.mine.path: is empty"),
        ("[scoring]\nlmu_data = ''\n", r"toml:2: scoring.lmu_data: is empty"),
        ("[pipeline]\nprompt_pack = ''\n", r"toml:2: pipeline.prompt_pack: is empty"),
        ("[roles.judge]\nurl = '127.0.0.1:80/v1'\n", r"toml:2: roles.judge.url: is no address of a server: it begins"),
        ("[roles.judge]\nurl = 'http://'\n", r"toml:2: roles.judge.url: is no address of a server"),
        ("[roles.judge]\nurls = ['a b']\n", r"toml:2: roles.judge.urls.0: is no address of a server"),
        ("[servers.own]\nmodel = 'm'\nurl = 'host'\n", r"toml:3: servers.own.url: is no address of a server"),
        ("[roles.judge]\nserver = 'none'\n", r"wethink.toml:2: roles.judge.server: no server 'none'"),
        ("[store]\nurl = ' '\n", r"wethink.toml:2: store.url: is empty: give a folder or a URL"),
        ("[store]\nurl = 'a\\u0000b'\n".replace("'", '"'), r"wethink.toml:2: store.url: holds a NUL character"),
        (
            "[roles.judge]\nprovider = 'endpoint'\nmodel = 'm'\nurl = 'http://127.0.0.1/v1'\nurls = ['']\n",
            r"wethink.toml:5: roles.judge.urls.0: is empty",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "[pipeline]\nbatch_size = 0\nseeds = 1\n")
    assert str(caught.value).count("wethink.toml:") == 2


def test_the_environment_overrides_one_setting(tmp_path: Path) -> None:
    environ = {"WETHINK_PIPELINE__BATCH_SIZE": "7", "WETHINK_STORE__URL": "s3://bucket/x", "WETHINK_CONFIG": "ignored"}
    settings = load(tmp_path, "[pipeline]\nbatch_size = 9\nseed = 3\n", environ)
    assert (settings.pipeline.batch_size, settings.pipeline.seed, settings.store_url) == (7, 3, "s3://bucket/x")


def test_a_wrong_environment_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"environment variable WETHINK_CUT__SEED: cut.seed"):
        load(tmp_path, "", {"WETHINK_CUT__SEED": "-1"})


@pytest.mark.parametrize(
    "variable", ["WETHINK_PIPELIN__BATCH_SIZE", "WETHINK_STOER", "WETHINK___X", "WETHINK_FOLDER__X"]
)
def test_a_variable_of_an_unknown_table_is_refused(tmp_path: Path, variable: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"environment variable {variable}: there is no table '.*'; tables are .*pipeline"
    ):
        load(tmp_path, "", {variable: "1"})


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("WETHINK_STORE__URL", "s3://", "store.url: the URL names no bucket"),
        ("WETHINK_STORE__URL", "foo://x/y", "store.url: the scheme 'foo' is not known"),
        ("WETHINK_STORE__URL", "", "store.url: is empty"),
        ("WETHINK_ROLES__PAINTER__MODEL", "x", "roles.painter: unknown role 'painter'; roles are describer"),
        ("WETHINK_ROLES__JUDGE__SERVER", "none", "roles.judge.server: no server 'none'"),
        ("WETHINK_ROLES__REASONER__PROVIDER", "endpoint", "roles.reasoner: provider endpoint needs url and model"),
        ("WETHINK_SERVERS__OWN__DTYPE", "float32", "servers.own.model: Field required"),
        ("WETHINK_RECIPES__A!__STEPS", "3", "recipes.a!: a recipe's name is letters"),
        ("WETHINK_PIPELINE__PROMPT_PACK", "", "pipeline.prompt_pack: is empty"),
    ],
)
def test_a_fault_that_a_variable_brings_is_told_as_the_variable(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "[roles.judge]\nmax_tokens = 100\n", {variable: value})
    assert str(caught.value).startswith(f"environment variable {variable}: {message}"), str(caught.value)


def test_what_the_file_lacks_is_told_as_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\S*wethink.toml:1: servers.own.model: Field required$"):
        load(tmp_path, "[servers.own]\ndtype = 'float32'\n", {"WETHINK_SERVERS__OWN__HOST": "127.0.0.1"})


def test_an_empty_wethink_config_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETHINK_CONFIG", "")
    with pytest.raises(
        ConfigError, match=r"^WETHINK_CONFIG is empty: set it to the path of a wethink.toml, or unset it$"
    ):
        config_path()


def test_a_variable_that_is_no_setting_is_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, "", {"WETHINK_KEY": "1", "WETHINK_SERVERS_DIR": "/x", "WETHINKING__A": "1"}).plugins == ()


@pytest.mark.parametrize("variable", ["WETHINK_PIPELINE__SEED__X", "WETHINK_STORE__URL__X"])
def test_a_variable_below_a_setting_that_is_no_table_is_refused(tmp_path: Path, variable: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}: (seed|url) is no table"):
        load(tmp_path, "[pipeline]\nseed = 3\n[store]\nurl = 'x'\n", {variable: "1"})


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wethink.toml"
    path.write_bytes(b"[store]\nurl = 'd\xe9'\n")
    with pytest.raises(ConfigError, match=r"wethink.toml:2: byte 0xe9 is not UTF-8; save the file as UTF-8"):
        load_settings(path, {})


def test_outside_of_a_project_no_store_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.delenv("WETHINK_CONFIG", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(inner)
    with pytest.raises(ConfigError, match=r"inner is no project: it has no wethink.toml; run it in a project's folder"):
        config_path()
    (tmp_path / "wethink.toml").write_text("")
    with pytest.raises(ConfigError, match=rf"run it in {tmp_path}, which has one, or set WETHINK_CONFIG"):
        config_path()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert config_path() == tmp_path / "wethink.toml"


def test_relative_locations_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "[store]\nurl = 'kept'\n")
    assert settings.store_url == str(tmp_path / "kept")
    assert settings.resolve("s3://bucket/a") == "s3://bucket/a"
    assert settings.resolve("/abs/b") == "/abs/b"


def test_a_file_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set WETHINK_CONFIG to the path of the file in it"):
        load_settings(tmp_path, {})


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set WETHINK_CONFIG or create it"):
        load_settings(tmp_path / "none.toml", {})


def test_the_documentation_names_every_setting() -> None:
    from wethink_assets.config import Settings
    from wethink_assets.config.loading import table_in

    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    for section, field in Settings.model_fields.items():
        table = table_in(field.annotation)
        if section == "folder" or table is None:
            continue
        named = field.annotation is not table  # one table a name, such as [sources.<name>]
        title = f"{section}.<{'role' if section == 'roles' else 'name'}>" if named else section
        part = text.partition(f"## `[{title}]`")[2].partition("\n## ")[0]
        assert {name for name in table.model_fields if f"`{name}`" not in part} == set(), section
