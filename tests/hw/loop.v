// Encoder, FIFOs and decoder in a loop: one packet in, the same packet out, reset held from time 0.
// Macros: NAME_INST, the instantiation template; RESET, RESET_ON, the reset's port and its active
// level; WORD_BITS, BEAT_BITS (of BPC, keep and last included), BEAT_PORTS, LENGTH_BITS, WORDS, the
// packet's length; BPC_DEPTH, ZNZ_DEPTH, beats of the FIFOs, 0 for wires; LIMIT, cycles.
// SHY: sources wait for tready before tvalid, which AXI4-Stream forbids.
`timescale 1ns / 1ps

// What waits on the way from a master to a slave
module fifo #(parameter WIDTH = 8, parameter DEPTH = 1) (
  input clk, input rst,
  input [WIDTH-1:0] in_data, input in_valid, output in_ready,
  output [WIDTH-1:0] out_data, output out_valid, input out_ready
);
  generate
    if (DEPTH == 0) begin : wires
      assign out_data = in_data;
      assign out_valid = in_valid;
      assign in_ready = out_ready;
    end else begin : store
      reg [WIDTH-1:0] beats [0:DEPTH-1];
      integer head, count;
      reg seen_ready;
      wire shown;
`ifdef SHY
      assign shown = seen_ready;
`else
      assign shown = 1;
`endif
      assign in_ready = count < DEPTH;
      assign out_valid = count > 0 && shown;
      assign out_data = out_valid ? beats[head] : {WIDTH{1'bx}};
      always @(posedge clk)
        if (rst) begin
          head <= 0;
          count <= 0;
          seen_ready <= 0;
        end else begin
          if (in_valid && in_ready) beats[(head + count) % DEPTH] <= in_data;
          if (out_valid && out_ready) head <= (head + 1) % DEPTH;
          count <= count + (in_valid && in_ready ? 1 : 0) - (out_valid && out_ready ? 1 : 0);
          // once shown a beat stays
          seen_ready <= out_ready || (out_valid && !out_ready);
        end
    end
  endgenerate
endmodule

module loop;
  reg clk = 0;
  reg `RESET = `RESET_ON;
  wire resets = `RESET == `RESET_ON;
  `include `NAME_INST

  // Words and length: idle data is x
  reg [`WORD_BITS-1:0] words [0:`WORDS-1];
  integer sent = 0, taken = 0, beats = 0, cycles = 0;
  reg offers = 0, length_sent = 0, offers_length = 0;
  assign encoder_s_axis_tvalid = offers;
  assign encoder_s_axis_tdata = offers ? words[sent] : {`WORD_BITS{1'bx}};
  assign encoder_s_axis_tlast = offers ? sent == `WORDS - 1 : 1'bx;
  assign decoder_s_axis_len_tvalid = offers_length;
  assign decoder_s_axis_len_tdata = offers_length ? `WORDS - 1 : {`LENGTH_BITS{1'bx}};
  assign decoder_m_axis_tready = !resets;

  fifo #(.WIDTH(`BEAT_BITS), .DEPTH(`BPC_DEPTH)) bpc (
    .clk(clk), .rst(resets),
    .in_data({`BEAT_PORTS(encoder_m_axis_bpc)}),
    .in_valid(encoder_m_axis_bpc_tvalid), .in_ready(encoder_m_axis_bpc_tready),
    .out_data({`BEAT_PORTS(decoder_s_axis_bpc)}),
    .out_valid(decoder_s_axis_bpc_tvalid), .out_ready(decoder_s_axis_bpc_tready)
  );
  fifo #(.WIDTH(`WORD_BITS + 1), .DEPTH(`ZNZ_DEPTH)) znz (
    .clk(clk), .rst(resets),
    .in_data({encoder_m_axis_znz_tdata, encoder_m_axis_znz_tlast}),
    .in_valid(encoder_m_axis_znz_tvalid), .in_ready(encoder_m_axis_znz_tready),
    .out_data({decoder_s_axis_znz_tdata, decoder_s_axis_znz_tlast}),
    .out_valid(decoder_s_axis_znz_tvalid), .out_ready(decoder_s_axis_znz_tready)
  );
`ifdef SHY
  wire asks = encoder_s_axis_tready, asks_length = decoder_s_axis_len_tready;
`else
  wire asks = 1, asks_length = 1;
`endif

  task fail(input integer line);
    begin
      $display("FAIL line %0d: cycle %0d, %0d words sent, %0d taken", line, cycles, sent, taken);
      $finish;
    end
  endtask

  // ready and valid of every port
  wire [9:0] handshakes = {
    encoder_s_axis_tready, encoder_m_axis_bpc_tvalid, encoder_m_axis_znz_tvalid,
    encoder_m_axis_bpc_tready, encoder_m_axis_znz_tready,
    decoder_s_axis_len_tready, decoder_s_axis_bpc_tready, decoder_s_axis_znz_tready,
    decoder_m_axis_tvalid, decoder_m_axis_tready
  };

  always #5 clk = !clk;
  initial begin
    $readmemh("words.hex", words);
    repeat (5) @(negedge clk);
    `RESET = !`RESET_ON;
  end

  always @(posedge clk) if (!resets) begin
    cycles <= cycles + 1;
    if (^handshakes === 1'bx) fail(1);
    if (offers && encoder_s_axis_tready) begin
      sent <= sent + 1;
`ifdef SHY
      offers <= 0;
`else
      offers <= sent + 1 < `WORDS;
`endif
    end else if (sent < `WORDS && (offers || asks)) offers <= 1;
    if (offers_length && decoder_s_axis_len_tready) begin
      offers_length <= 0;
      length_sent <= 1;
    end else if (!length_sent && (offers_length || asks_length)) offers_length <= 1;
    if (decoder_m_axis_tvalid) begin
      if (decoder_m_axis_tdata !== words[taken]) fail(2);
      if (decoder_m_axis_tlast !== (taken == `WORDS - 1) || decoder_m_axis_tuser !== 0) fail(3);
      taken <= taken + 1;
      if (decoder_m_axis_tlast) begin
        $display("PASS %0d words in %0d cycles", `WORDS, cycles);
        $finish;
      end
    end
    if (cycles == `LIMIT) begin
      $display("STUCK %0d words sent, %0d taken", sent, taken);
      $finish;
    end
  end
endmodule
