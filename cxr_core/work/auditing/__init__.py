"""The audit log as auditors use it: what may be in it, looking through it, taking it elsewhere, cutting it off."""
