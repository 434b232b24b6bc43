"""Tests of the `automl` command."""
