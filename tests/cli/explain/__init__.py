"""Tests of `automl explain`."""
