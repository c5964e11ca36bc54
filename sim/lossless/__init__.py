"""Benches of any lossless codec whose cores take packets of words and give them back.

The codec's room brings `bench.Bench`, its streams, and `packets`: sizes, damage, vectors.
"""
