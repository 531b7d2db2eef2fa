"""What one would write with pynetdicom to receive X-rays: each file written and synced. PORT and FOLDER are given."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pynetdicom import AE, AllStoragePresentationContexts, evt


def main(port: str, folder: Path) -> None:
    """Receive until ended."""
    folder.mkdir()
    ae = AE("BARE")
    ae.supported_contexts = AllStoragePresentationContexts

    def store(event: evt.Event) -> int:
        with open(folder / str(event.request.AffectedSOPInstanceUID), "wb") as file:
            file.write(event.encoded_dataset())
            file.flush()
            os.fsync(file.fileno())
        return 0

    server = ae.start_server(("127.0.0.1", int(port)), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    print("ready", flush=True)
    assert server is not None
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
