"""Deposits, evidence bundles and cases: material for people who decide."""
