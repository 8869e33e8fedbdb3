"""Tests of the jobs, on a small table that has all that the UCI table lacks."""
