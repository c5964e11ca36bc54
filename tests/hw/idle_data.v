// Ends of streams for tests in which data are unknown while they are not valid.
// Every port is watched: valid and ready must be known once reset is over.

module idle_source #(
    parameter W = 8, COUNT = 1, SEED = 1,
    parameter BEATS = ""
) (
    input clk, input rst, output reg valid, input ready, output [W-1:0] payload
);
    reg [W-1:0] beats [0:COUNT-1];
    integer at = 0, seed = SEED, next;
    initial begin
        $readmemh(BEATS, beats);
        valid = 0;
    end
    assign payload = valid ? beats[at] : {W{1'bx}};
    always @(posedge clk)
        if (!rst) begin
            if (ready === 1'bx) $fatal(1, "unknown ready at %m");
            if (!valid | ready) begin
                next = at + (valid & ready);
                at <= next;
                valid <= next < COUNT && $random(seed) % 3 != 0;
            end
        end
endmodule

module idle_sink #(
    parameter W = 8, COUNT = 1, SEED = 1,
    parameter BEATS = ""
) (
    input clk, input rst, input valid, output reg ready, input [W-1:0] payload,
    output reg done
);
    integer file, taken = 0, seed = SEED;
    initial begin
        file = $fopen(BEATS);
        ready = 0;
        done = 0;
    end
    always @(posedge clk)
        if (!rst) begin
            if (valid === 1'bx) $fatal(1, "unknown valid at %m");
            if (valid & ready) begin
                $fdisplay(file, "%h", payload);
                taken = taken + 1;
            end
            done <= taken == COUNT;
            ready <= $random(seed) % 3 != 0;
        end
endmodule
