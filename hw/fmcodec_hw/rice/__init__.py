"""Amaranth cores of Rice."""
