"""Files with what signs in at DICOMweb servers: admins name them, and they lie in one folder that holds nothing else.

Whoever may name a server and any file of this machine could have the program send that file there, its keys too.
"""

from __future__ import annotations

from pathlib import Path

from cxr_core.errors import BadInput, SettingsError
from cxr_core.settings import Settings

LONGEST_NAME = 100
_OF_OTHERS = ("identity_key", "webhook_secret", "mail_password", "tls_key")
"""Settings that name files which no archive may get."""


def bare_name(text: str) -> str:
    """The name of a file in the folder of CXR_SECRETS, or nothing. Raises BadInput for a path."""
    name = text.strip()
    if set(name) & set("/\\") or name in (".", "..") or len(name) > LONGEST_NAME or (name and not name.isprintable()):
        raise BadInput(
            "say the name of the file with the password or token, without a path: it lies in the folder of CXR_SECRETS"
        )
    return name


def file_called(settings: Settings, told: str) -> Path:
    """Where the file lies that is told by its name, or by its whole path as it once was.

    Raises SettingsError, with the remedy and no path, unless that is in the folder of CXR_SECRETS, in no roundabout
    way, and nothing of the program's own.
    """
    if settings.secrets is None:
        raise SettingsError(
            "CXR_SECRETS is not set for the process that signs in, which is the app's worker if one runs: let it name "
            "the folder with the files that sign in at archives, put them there, and start the app anew"
        )
    folder = settings.secrets.resolve()
    path = (folder / told).resolve()
    if not path.is_relative_to(folder) or path == folder:
        raise SettingsError(
            "the file with its password or token lies outside of the folder that CXR_SECRETS names: put it there, and "
            "enter the archive anew with the file's name, or let CXR_SECRETS name the folder where it lies"
        )
    if _is_of_others(settings, path):
        raise SettingsError(
            "the file with its password or token is the program's own: let CXR_SECRETS name a folder outside of the "
            "home, with nothing in it but what signs in at archives"
        )
    return path


def _is_of_others(settings: Settings, path: Path) -> bool:
    files = (getattr(settings, name) for name in _OF_OTHERS)
    return path.is_relative_to(settings.home.resolve()) or path in [file.resolve() for file in files if file]
