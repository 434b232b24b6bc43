"""MiniStack and its inner names, of which nobody else here knows."""
