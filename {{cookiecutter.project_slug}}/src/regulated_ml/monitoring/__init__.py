"""Watches a served model: baselines, windows of requests, drift, and what follows from it."""
