"""What a site may say about the hospital's own sign-in: each function reads one setting, or raises ValueError."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cxr_core.records import Role

PROMPTS = ("login", "select_account")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def issuer(address: str) -> str:
    """Who answers there says who signs in: over the network only with TLS, which proves that it is them."""
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("https is needed, except on the machine itself")
    if parts.query or parts.fragment:
        raise ValueError("leave away what follows ? or #")
    return address.rstrip("/")


def scope(value: str) -> str:
    """RFC 6749, 3.3, and OpenID Connect Core, 3.1.2.1, which wants `openid` among them."""
    if "openid" not in value.split() or not re.fullmatch(r"[!#-\[\]-~ ]+", value):
        raise ValueError("scopes are needed with blanks between, openid among them")
    return " ".join(value.split())


def prompt(value: str) -> str:
    """OpenID Connect Core, 3.1.2.1."""
    if value not in PROMPTS:
        raise ValueError(f"say {' or '.join(PROMPTS)}")
    return value


def claim(value: str) -> str:
    """The name of a claim, or the way to it."""
    if not value.strip():
        raise ValueError("the name of a claim is needed, like groups")
    return value.strip()


def roles(value: str) -> tuple[tuple[str, Role], ...]:
    """Which value of the claim stands for which role, in the order in which they count."""
    return tuple(_role(each) for each in value.split(",") if each.strip())


def _role(value: str) -> tuple[str, Role]:
    group, _, name = (part.strip() for part in value.rpartition("="))
    known = {role.value.lower(): role for role in Role}
    if not group or name.lower() not in known:
        raise ValueError(f"say GROUP=ROLE, with commas between; a role is {', '.join(Role)}")
    return group, known[name.lower()]
