"""`AutoMLEndpoint`: the best candidate in service, how it is served, scaled, rolled out and watched.

A new way to serve goes to `serving`, a new metric or alarm to `metrics`.
"""
