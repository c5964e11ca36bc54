"""EBPC in simulation: which benches run, by name, and the module of each.

`BENCHES` are cocotb's, `SEARCHES` have a function `search` that drives a core by itself.
"""

BENCHES = {
    "encoder": "sim.lossless.encoder",
    "decoder": "sim.lossless.decoder",
    "loop": "sim.lossless.loop",
    "maps": "sim.lossless.maps",
}
SEARCHES = {"bound": "sim.ebpc.search"}
