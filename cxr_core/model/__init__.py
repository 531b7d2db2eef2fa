"""The network: what goes in, what comes out, how it is trained, and the card that says so."""
