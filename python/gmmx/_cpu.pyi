"""The compiled module that `_core.py` asks which of the builds of the core can run here."""

def supported_levels() -> list[str]:
    """List the levels of the x86-64 psABI that can run here, lowest first; the first is 'baseline' on every machine."""
