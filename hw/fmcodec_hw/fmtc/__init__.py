"""Amaranth cores of FMTC."""
