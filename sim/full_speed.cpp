// Packets through one core whose ports never rest: stdin -> cycles of every packet on stdout.
//
// All numbers are 64 bits, little endian. A batch is `packets`, `gap`, then for every packet and
// every input stream its number of beats, the last beat's keep and the beats' data. The answer is a
// number per packet: cycles from its first beat's offer, or with no gap from the end of the packet
// before, to its last beat's transfer at the last port. A packet that does not end answers ~0, and
// ends the program.
//
// ports.h, made by full_speed.py, knows the ports: INPUTS, OUTPUTS, and the functions called here.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vcore.h"
#include "ports.h"

struct Packet {
    uint64_t beats, keep;
    std::vector<uint64_t> data;
};

static uint64_t number() {
    uint64_t value;
    if (fread(&value, sizeof value, 1, stdin) != 1) exit(0);
    return value;
}

// A clock edge with everything as it is set.
static void tick(Vcore& core) {
    core.clk = 1;
    core.eval();
    core.clk = 0;
}

int main() {
    VerilatedContext context;
    Vcore core(&context);
    for (;;) {
        const uint64_t packets = number(), gap = number();
        std::vector<Packet> queue[INPUTS];
        uint64_t total = 0;
        for (uint64_t i = 0; i < packets; i++)
            for (auto& stream : queue) {
                Packet packet{number(), number(), {}};
                packet.data.resize(packet.beats);
                for (auto& beat : packet.data) beat = number();
                total += packet.beats;
                stream.push_back(std::move(packet));
            }
        core.clk = 0;
        for (int i = 0; i < INPUTS; i++) offer(core, i, false, 0, 0, false);
        accept(core);
        hold_reset(core, true);
        for (int i = 0; i < 2; i++) core.eval(), tick(core);
        hold_reset(core, false);

        const uint64_t limit = 64 * total + 4000 * packets;
        uint64_t at[INPUTS] = {}, beat[INPUTS] = {}, ended[OUTPUTS] = {};
        uint64_t cycle = 0, done = 0, begin = 0, resume = 0;
        for (; done < packets; cycle++) {
            if (cycle > limit) {
                const uint64_t never = ~0ULL;
                fwrite(&never, sizeof never, 1, stdout);
                return 1;
            }
            const uint64_t open = gap ? (cycle >= resume ? done + 1 : done) : packets;
            bool offered[INPUTS];
            for (int i = 0; i < INPUTS; i++) {
                offered[i] = at[i] < open;
                if (!offered[i]) {
                    offer(core, i, false, 0, 0, false);
                    continue;
                }
                const Packet& packet = queue[i][at[i]];
                const bool last = beat[i] + 1 == packet.beats;
                offer(core, i, true, packet.data[beat[i]], last ? packet.keep : ~0ULL, last);
            }
            core.eval();
            for (int i = 0; i < INPUTS; i++)
                if (offered[i] && taken(core, i) && ++beat[i] == queue[i][at[i]].beats)
                    beat[i] = 0, at[i]++;
            for (int i = 0; i < OUTPUTS; i++) ended[i] += ends(core, i);
            bool all = true;
            for (auto count : ended) all &= count > done;
            if (all) {
                const uint64_t cycles = cycle + 1 - begin;
                fwrite(&cycles, sizeof cycles, 1, stdout);
                done++;
                resume = begin = cycle + 1 + gap;
            }
            tick(core);
        }
        fflush(stdout);
    }
}
