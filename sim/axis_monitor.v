// Checks one AXI4-Stream port: a valid beat stays, unchanged, until it is taken; nothing is unknown
// (only a simulator with X values sees that). `violations` counts.
module axis_monitor #(
    parameter WIDTH = 1
) (
    input clk,
    input rst,
    input valid,
    input ready,
    input [WIDTH-1:0] payload,
    output reg [15:0] violations
);
  reg live;  // a reset has been seen: before it anything may happen
  reg waiting;
  reg [WIDTH-1:0] held;
  wire unknown = ((valid ^ ready) === 1'bx) || (valid === 1'b1 && (^payload) === 1'bx);
  wire changed = waiting && (valid !== 1'b1 || payload !== held);

  initial begin
    live = 0;
    waiting = 0;
    violations = 0;
  end

  always @(posedge clk) begin
    if (rst) live <= 1;
    waiting <= valid && !ready && !rst;
    held <= payload;
    if (live && !rst && (unknown || changed)) begin
      violations <= violations + 1;
      $display("%m at %0t: %s", $time, unknown ? "unknown value" : "waiting beat changed");
    end
  end
endmodule
