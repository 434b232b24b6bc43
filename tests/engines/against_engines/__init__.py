"""Asks the real engines and ours about the same random tables; see `__main__.py`. No part of CI."""
