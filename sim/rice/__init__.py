"""Rice in simulation: which benches run, by name, and the cocotb module of each."""

BENCHES = {
    "encoder": "sim.lossless.encoder",
    "decoder": "sim.lossless.decoder",
    "loop": "sim.lossless.loop",
    "maps": "sim.lossless.maps",
}
