"""Canaille, an OpenID Connect provider, on a free port of loopback; run by the Python of its own environment.

Says its port, then does what comes on standard input, a line of JSON each: {"do": "add"|"join"|"register", …}; answers
each with a line. Ends with its input.
"""

import json
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


def add(name, password):
    """Somebody who may sign in."""
    Backend.instance.save(
        models.User(
            user_name=name, display_name=name, family_name=name.title(), formatted_name=name.title(),
            emails=[f"{name}@hospital.example"], password=password,
        )
    )  # fmt: skip


def join(name, groups):
    """Have somebody be in these groups, and in no other."""
    person = Backend.instance.get(models.User, user_name=name)
    for group in Backend.instance.query(models.Group):
        group.members = [each for each in group.members if each != person]
        Backend.instance.save(group)
    for called in groups:
        group = Backend.instance.get(models.Group, display_name=called) or models.Group(display_name=called)
        group.members = [*group.members, person]
        Backend.instance.save(group)


def register(site, client, secret):
    """The program at this address is a client."""
    known = models.Client(
        client_id=client, client_secret=secret, client_name="CXR", client_uri="http://127.0.0.1",
        redirect_uris=[f"{site}/oauth2callback"], post_logout_redirect_uris=[f"{site}/sign-in"],
        grant_types=["authorization_code"], response_types=["code"],
        scope=["openid", "profile", "email", "groups"], token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    Backend.instance.save(known)
    known.audience = [known]
    Backend.instance.save(known)


def serve(app, server):
    """Do what standard input says, until it ends."""
    doing = {"add": add, "join": join, "register": register}
    for line in sys.stdin:
        asked = json.loads(line)
        with app.app_context():
            doing[asked.pop("do")](**asked)
        print("done", flush=True)
    server.shutdown()


def unready(environ, respond):
    """Before the port is known."""
    respond("503 Service Unavailable", [])
    return []


server = make_server("127.0.0.1", 0, unready, threaded=True)
server.app = create_app(
    config={
        "SECRET_KEY": "a key of the test", "SERVER_NAME": f"127.0.0.1:{server.port}", "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [RSAKey.generate_key(2048).as_dict(private=True, kid="of the test")]},
    }
)  # fmt: skip
print(server.port, flush=True)
threading.Thread(target=serve, args=(server.app, server)).start()
server.serve_forever()
