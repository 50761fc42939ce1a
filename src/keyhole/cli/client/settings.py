"""Who signs in and where: the OS_* variables and clouds.yaml, read by openstacksdk as for the OpenStack client.

Nothing is parsed here. This module only checks that the settings are complete, which openstacksdk notices late and
reports vaguely.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import typer
from keystoneauth1.exceptions import ClientException, MissingRequiredOptions
from openstack.config import OpenStackConfig
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import SDKException

from keyhole import __version__
from keyhole.errors import SettingsError

ANSWER_SECONDS: Final = 60
"""How long an answer may take unless clouds.yaml (`api_timeout`) says otherwise."""

_DEFAULT_DOMAIN: Final = "default"
_DOMAIN_KINDS: Final = ("password", "v3password", "v3totp")
_PASSWORD: Final = (("auth_url",), ("username", "user_id", "user_name"), ("password",))
_APPLICATION_CREDENTIAL: Final = (
    ("auth_url",),
    ("application_credential_id", "application_credential_name"),
    ("application_credential_secret",),
)
_TOKEN: Final = (("auth_url",), ("token",))
_NEEDED: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "password": _PASSWORD,
    "v3password": _PASSWORD,
    "v2password": _PASSWORD,
    "v3applicationcredential": _APPLICATION_CREDENTIAL,
    "token": _TOKEN,
    "v3token": _TOKEN,
    "v2token": _TOKEN,
}
"""The settings that each sign-in method needs, one of each row. Other methods report themselves what is missing."""
_HINT: Final = "or name a cloud of your clouds.yaml with --os-cloud"

_BAD_FORM: Final = (LookupError, TypeError, ValueError, AttributeError)
"""What the loader raises for an unexpected format of clouds.yaml or of a value with braces."""


class _Config(OpenStackConfig):
    """The loader with the OpenStack client's additions: OS_DEFAULT_DOMAIN stands for domains that are not set, and
    domains are ignored for identity version 2, which has none."""

    def auth_config_hook(self, config: dict[str, Any]) -> dict[str, Any]:
        kind, given = config["auth_type"], config["auth"]
        old = kind.startswith("v2") or str(config.get("identity_api_version")).startswith("2")
        for whose in ("user_domain", "project_domain"):
            names = (f"{whose}_id", f"{whose}_name")
            if old:
                for name in names:
                    given.pop(name, None)
            elif kind in _DOMAIN_KINDS and not any(given.get(name) for name in names):
                given[f"{whose}_id"] = config.get("default_domain") or _DEFAULT_DOMAIN
        return config


class _Remarks(logging.Handler):
    """Collects the loader's warnings, for example of a clouds.yaml that it cannot read and skips."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def load(os_cloud: str | None) -> CloudRegion:
    """The cloud that `os_cloud`, else OS_CLOUD, else the other OS_* variables name; it is not called yet.

    On a terminal, prompts for a missing password. Raises SettingsError, which names the missing settings.
    """
    remarks = _Remarks()
    logger = logging.getLogger("openstack.config")
    logger.addHandler(remarks)
    try:
        return _load(os_cloud)
    except MissingRequiredOptions as missing:
        raise _not_set(option.dest or option.name for option in missing.options) from missing
    except (SDKException, ClientException) as error:
        raise SettingsError(". ".join([str(error).removesuffix("."), *remarks.texts[:1]])) from error
    except _BAD_FORM as error:
        # Its text may contain a part of a secret.
        raise SettingsError("the OS_* variables or clouds.yaml have an invalid format") from error
    finally:
        logger.removeHandler(remarks)


def _load(os_cloud: str | None) -> CloudRegion:
    ask = _ask_password if sys.stdin is not None and sys.stdin.isatty() else None
    config = _Config(pw_func=ask, app_name="keyhole", app_version=__version__)
    # The loader gets the OS_* variables that add to a cloud of clouds.yaml from an argument parser's defaults.
    arguments = [] if os_cloud is None else [f"--os-cloud={os_cloud}"]
    parser = argparse.ArgumentParser(add_help=False)
    config.register_argparse_arguments(parser, arguments)
    options, _ = parser.parse_known_args(arguments)
    _refuse_unusable(config.get_one(validate=False, argparse=options).config, ask)
    region = config.get_one(argparse=options)
    region.config["api_timeout"] = region.config["api_timeout"] or ANSWER_SECONDS
    region.get_session()  # so that an invalid value is reported as a setting
    return region


def _refuse_unusable(settings: Mapping[str, Any], ask: Callable[..., str] | None) -> None:
    def value(name: str) -> Any:
        return settings["auth"].get(name) or settings.get(name)

    auth_url = value("auth_url")
    if auth_url and not str(auth_url).startswith(("http://", "https://")):
        raise SettingsError("OS_AUTH_URL is not a URL; it begins with http:// or https://")
    needed = _NEEDED.get(settings["auth_type"], ())
    missing = [names[0] for names in needed if not any(value(name) for name in names)]
    if missing and not (missing == ["password"] and ask):
        raise _not_set(missing)


def _not_set(names: Iterable[str]) -> SettingsError:
    variables = ", ".join(f"OS_{name.upper().replace('-', '_')}" for name in names)
    return SettingsError(f"not set: {variables} ({_HINT})")


def _ask_password(prompt: str | None = None) -> str:
    answer: str = typer.prompt((prompt or "Password").removesuffix(": "), hide_input=True, err=True)
    return answer
