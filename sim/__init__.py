"""Simulation of the exported cores against the golden models (`make sim`, sim/README.md).

A codec's room is a folder of this package: `sim/<codec>/__init__.py` names its cocotb modules in
`BENCHES`, and `packets.py` says what its packets are.
"""
