"""Tests of the journey of a rehearsal."""
