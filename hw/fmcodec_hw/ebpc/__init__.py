"""Amaranth cores of EBPC."""
