"""Benchmarks: what the product's pages cost beside bare queries and a stock Flask-AppBuilder view, in one run."""
