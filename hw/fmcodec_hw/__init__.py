"""Amaranth cores of the feature-map codecs and their Verilog export."""
