"""Tests of `automl verify`."""
