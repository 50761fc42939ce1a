"""Settings as an operator writes them: wrong ones are refused in one line; `keyhole config` and its commands."""

import json
import os
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.real.processes import KEYHOLE, run
from tests.real.service import PEOPLE, SIMULATED, USERS, Service, serving

from keyhole import __version__

pytest_plugins = ("tests.real.fixtures",)

HIDDEN = "**********"


def user(keys: str) -> str:
    return f'[[identity.users]]\nname = "ada"\nproject = "demo"\n{keys}\n'


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            pytest.param("[server]\nlisten_on = 1", "server.listen_on: is not a known key", id="unknown key"),
            pytest.param(user('password_hash = "x"'), "password_hash of 'ada' is not a hash", id="bad hash"),
            pytest.param(
                '[server]\ntls_certificate = "none.pem"\ntls_key = "none.pem"', "server.tls_certificate", id="no file"
            ),
            pytest.param('[store]\nurl = "sqlite:////none/such.db"', "store.url: /none/such.db", id="no store"),
        ],
    )
    def test_they_are_refused_in_one_line(self, tmp_path: Path, settings: str, words: str) -> None:
        config = tmp_path / "keyhole.toml"
        config.write_text(settings)
        line = refused_line(tmp_path, config)
        assert words in line

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        config = tmp_path / "nowhere.toml"
        assert refused_line(tmp_path, config) == f"keyhole: {config}: cannot be read: No such file or directory"

    def test_a_port_in_use(self, service: Service, tmp_path: Path) -> None:
        config = tmp_path / "keyhole.toml"
        config.write_text(f'[server]\nlisten = "127.0.0.1:{service.port}"')
        words = f"cannot listen on tcp://127.0.0.1:{service.port}: Address already in use"
        assert refused_line(tmp_path, config) == f"keyhole: server.listen: {words}"

    def test_a_variable_that_means_nothing(self, tmp_path: Path) -> None:
        environment = os.environ | {"KEYHOLE_SREVER__LISTEN": "127.0.0.1:1"}
        done = run(KEYHOLE, "serve", environment=environment, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "keyhole: environment: KEYHOLE_SREVER__LISTEN is not a known setting\n"


def refused_line(folder: Path, config: Path) -> str:
    """Runs the service, which must refuse to start with one line on standard error."""
    done = run(KEYHOLE, "serve", "--config", config, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("keyhole: ")
    return line


class TestConfigCommands:
    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        config = tmp_path / "keyhole.toml"
        config.write_text(f'[server]\nlisten = "127.0.0.1:6081"\n{USERS}{SIMULATED}')
        return config

    def test_check_says_what_will_be_served(self, config: Path) -> None:
        done = run(KEYHOLE, "config", "check", "--config", config)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{config}: ok; http://127.0.0.1:6081, drivers: simulated\n"

    @pytest.mark.parametrize(
        "settings",
        [
            "[server]\nlisten_on = 1",
            user('password_hash = "x"'),
            '[server]\ntls_certificate = "none.pem"\ntls_key = "none.pem"',
            "[drivers.none]",
        ],
    )
    def test_check_refuses_what_serve_would_refuse(self, config: Path, settings: str) -> None:
        config.write_text(settings)
        done = run(KEYHOLE, "config", "check", "--config", config)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"{refused_line(config.parent, config)}\n"

    def test_show_hides_secrets(self, config: Path) -> None:
        done = run(KEYHOLE, "config", "show", "--config", config)
        assert (done.returncode, done.stderr) == (0, "")
        shown = json.loads(done.stdout)
        assert shown["server"]["listen"] == "127.0.0.1:6081"
        assert {user["password"] for user in shown["identity"]["users"]} == {HIDDEN}
        assert not any(user.password in done.stdout for user in PEOPLE)

    def test_the_environment_comes_before_the_file(self, config: Path) -> None:
        environment = os.environ | {"KEYHOLE_SERVER__LISTEN": "127.0.0.1:6082"}
        done = run(KEYHOLE, "config", "show", "--config", config, environment=environment)
        assert json.loads(done.stdout)["server"]["listen"] == "127.0.0.1:6082"

    def test_a_hashed_password_signs_in(self, portal: BlockingPortal, tmp_path: Path) -> None:
        done = run(KEYHOLE, "config", "hash-password", text="a pass word\n")
        assert (done.returncode, done.stderr) == (0, "")
        (password_hash,) = done.stdout.splitlines()
        assert "a pass word" not in password_hash
        with serving(portal, tmp_path, user(f'password_hash = "{password_hash}"')) as service:
            assert service.sign_in("ada", "a pass word").status_code == 201
            assert service.sign_in("ada", "another").status_code == 401

    def test_an_empty_password_is_refused(self) -> None:
        done = run(KEYHOLE, "config", "hash-password")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "keyhole: the password is empty; write it on standard input\n"

    def test_version(self) -> None:
        done = run(KEYHOLE, "version")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")
