"""FMTC in simulation: which benches run, by name, and the cocotb module of each."""

BENCHES = {
    "cores": "sim.fmtc.cores",
    "encoder": "sim.fmtc.encoder",
    "decoder": "sim.fmtc.decoder",
    "loop": "sim.fmtc.loop",
    "maps": "sim.fmtc.maps",
}
