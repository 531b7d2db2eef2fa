"""An authority that lives for a test, and files of certificates that it has issued."""

from __future__ import annotations

import trustme

from cxr_core.pacs.tls import Tls


class Authority:
    """Vouches for nodes; `folder` is where its files go."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder, self._ca, self._issued = folder, trustme.CA(), 0
        self.certificate = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(self.certificate)

    def issue(self, *names):
        """A certificate for these host names, and its key."""
        self._issued += 1
        leaf = self._ca.issue_cert(*(names or ("localhost", "127.0.0.1")))
        certificate, key = (self.folder / f"{self._issued}.{kind}" for kind in ("pem", "key"))
        leaf.cert_chain_pems[0].write_to_path(certificate)
        leaf.private_key_pem.write_to_path(key)
        return Tls(certificate, key, self.certificate)
