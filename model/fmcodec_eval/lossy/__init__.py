"""Lossy coding of feature maps: rate against noise on captured maps, and inside networks."""
