"""Benches of any lossless codec whose cores take packets of words and give them back.

The codec's room brings `packets.Packets`: its streams, sizes, damage and vectors.
"""
