"""The sign-in page: plain HTML of our own, so that nothing of the app is sent before somebody has signed in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / "sign_in.html").read_text(encoding="utf-8"))
STYLE = (FOLDER / "sign_in.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}

FORM = Template("""<form method="post" action="/sign-in">
<input type="hidden" name="next" value="$next">
<label>Name <input name="name" value="$name" autocomplete="username" autofocus required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>""")
CHANGE = Template("""<form method="post" action="/password">
<h2>Choose another password</h2>
<label>Name <input name="name" value="$name" autocomplete="username" required></label>
<label>Password so far <input name="password" type="password" autocomplete="current-password" required></label>
<label>New password, 8 characters or more
<input name="new" type="password" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<label>New password again
<input name="again" type="password" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<button>Change it and sign in</button>
</form>
<p class="back"><a href="/">Back</a></p>""")
HOSPITAL = Template("""<p class="or">or</p>
<a class="button quiet" href="/sign-in/hospital?next=$next">Sign in with the hospital's account</a>""")
LEFT = """<div class="box"><h2>The hospital's sign-in may still know you</h2>
<p>Whoever comes next at this browser could then sign in as you.</p>
<a href="/sign-out/hospital">Sign out there, too</a></div>"""
FIRST_ADMIN = Template("""<form method="post" action="/first-admin">
<h2>Nobody has an account yet. Make the first: an admin</h2>
<label>Code, which the program printed on its console when it was started
<input name="code" autocomplete="off" spellcheck="false" maxlength="64" autofocus required></label>
<label>Name <input name="name" value="$name" autocomplete="username" maxlength="64" required></label>
<label>Password, 8 characters or more
<input name="password" type="password" autocomplete="new-password" minlength="8" required></label>
<button>Make the account and sign in</button>
</form>""")
DEMO = """<form class="box" method="post" action="/demo">
<h2>Or look around first</h2>
<p>The demo fills this empty installation with synthetic X-rays and two accounts. It can't be mixed with real work.</p>
<button class="quiet">Start the demo</button>
</form>"""
PREPARING = """<div class="box"><h2>The demo is being prepared</h2>
<p>Synthetic X-rays are drawn and read by the model. This takes a minute or two; the page looks again by itself.</p>
</div>"""


@dataclass(frozen=True)
class View:
    """What the sign-in page shows."""

    next: str = "/"
    name: str = ""
    message: str = ""
    nobody: bool = False
    """No account exists."""
    nearby: bool = False
    """The browser is on the machine itself."""
    preparing: bool = False
    """The demo's accounts are on their way."""
    change: bool = False
    """Another password is to be chosen."""
    hospital: bool = False
    """The hospital's own sign-in leads in, too."""
    left: bool = False
    """It may still know somebody who has no session here any more."""
    accounts: Iterable[tuple[str, str]] = ()
    """Demo accounts to show: names and passwords."""


def page(view: View) -> str:
    """The page as HTML; everything that comes from outside is escaped."""
    message = f'<p class="message" role="alert">{escape(view.message)}</p>' if view.message else ""
    refresh = '<meta http-equiv="refresh" content="2">' if view.preparing else ""
    return PAGE.substitute(style=STYLE, refresh=refresh, message=message, body=_body(view))


def again(address: str) -> str:
    """A page that goes to `address` from here: a link from elsewhere carries no SameSite=Strict cookie, this does."""
    refresh = f'<meta http-equiv="refresh" content="0;url={escape(address)}">'
    return f"<!doctype html>{refresh}<title>CXR second reader</title>"


def _body(view: View) -> str:
    if view.preparing:
        return PREPARING
    hospital = HOSPITAL.substitute(next=quote(view.next, safe="")) if view.hospital else ""
    if view.nobody:
        return FIRST_ADMIN.substitute(name=escape(view.name)) + hospital + (DEMO if view.nearby else "")
    if view.change:
        return CHANGE.substitute(name=escape(view.name))
    form = FORM.substitute(next=escape(view.next), name=escape(view.name))
    return form + hospital + (LEFT if view.left else "") + _accounts(view.accounts)


def _accounts(accounts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td><code>{escape(password)}</code></td></tr>"
        for name, password in accounts
    )
    return f'<div class="box"><h2>Demo accounts and passwords</h2><table>{rows}</table></div>' if rows else ""
