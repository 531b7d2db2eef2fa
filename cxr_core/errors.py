"""Every error that may be shown to a person, in one tree.

CxrError                    its text is fit for a screen or a terminal
├── SettingsError           an environment variable or a line of the settings file is wrong
├── RejectedFile            a file that can't be an X-ray to judge; carries a short `reason` code
├── NotAllowed              the user may not do that
├── NotFound                the thing asked for isn't there
├── Conflict                somebody else did it first, or the state no longer allows it
├── BadInput                a value that a person gave doesn't fit
├── SchemaError             the database is older or newer than this program
├── ModelError              weights and card don't belong together, or can't be used
├── DeliveryError           what should have gone out didn't reach its host
│   └── Unreachable         that host can't be spoken to at all: anything else would fare the same
├── OutOfRoom               there is no room on the disk for what comes in: later there may be
└── IntegrityError          what is stored isn't what was stored
"""


class CxrError(Exception):
    """Root of the tree: the message names the thing and the remedy."""


class SettingsError(CxrError):
    """A setting has a value that can't be used."""


class RejectedFile(CxrError):
    """A file that isn't an X-ray to judge. `reason` is a short code, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotAllowed(CxrError):
    """The user's role doesn't permit this."""


class NotFound(CxrError):
    """The thing asked for doesn't exist."""


class Conflict(CxrError):
    """Somebody was there first, or the state has moved on."""


class BadInput(CxrError):
    """A value given by a person doesn't fit."""


class SchemaError(CxrError):
    """The database's schema isn't the one that this program knows."""


class ModelError(CxrError):
    """Weights, card or training data can't be used as asked."""


class DeliveryError(CxrError):
    """A host that a setting names can't be reached, or refuses what is sent."""


class Unreachable(DeliveryError):
    """A host that can't be reached, or turns this program away whatever it asks for."""


class OutOfRoom(CxrError):
    """The disk is too full for what comes in."""


class IntegrityError(CxrError):
    """Something stored no longer matches its recorded hash."""
