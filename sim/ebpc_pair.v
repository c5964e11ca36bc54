// An encoder and a decoder as exported, side by side, with a monitor on every port that they drive.
// ASYNC_LOW: cores with `rst_n`; TKEEP: cores whose BPC port has tkeep.
module ebpc_pair #(
    parameter WORD_BITS = 8,
    parameter PORT_BITS = 8,
    parameter KEEP_BITS = 1,
    parameter LENGTH_BITS = 24
) (
    input clk,
    input rst,

    input [WORD_BITS-1:0] enc_words_tdata,
    input enc_words_tlast,
    input enc_words_tvalid,
    output enc_words_tready,

    output [PORT_BITS-1:0] enc_bpc_tdata,
`ifdef TKEEP
    output [KEEP_BITS-1:0] enc_bpc_tkeep,
`endif
    output enc_bpc_tlast,
    output enc_bpc_tvalid,
    input enc_bpc_tready,

    output [WORD_BITS-1:0] enc_znz_tdata,
    output enc_znz_tlast,
    output enc_znz_tvalid,
    input enc_znz_tready,

    input [LENGTH_BITS-1:0] dec_len_tdata,
    input dec_len_tvalid,
    output dec_len_tready,

    input [PORT_BITS-1:0] dec_bpc_tdata,
`ifdef TKEEP
    input [KEEP_BITS-1:0] dec_bpc_tkeep,
`endif
    input dec_bpc_tlast,
    input dec_bpc_tvalid,
    output dec_bpc_tready,

    input [WORD_BITS-1:0] dec_znz_tdata,
    input dec_znz_tlast,
    input dec_znz_tvalid,
    output dec_znz_tready,

    output [WORD_BITS-1:0] dec_words_tdata,
    output dec_words_tlast,
    output dec_words_tuser,
    output dec_words_tvalid,
    input dec_words_tready,

    output [15:0] violations
);
  ebpc_encoder encoder (
      .clk(clk),
`ifdef ASYNC_LOW
      .rst_n(~rst),
`else
      .rst(rst),
`endif
      .s_axis_tdata(enc_words_tdata),
      .s_axis_tlast(enc_words_tlast),
      .s_axis_tvalid(enc_words_tvalid),
      .s_axis_tready(enc_words_tready),
      .m_axis_bpc_tdata(enc_bpc_tdata),
`ifdef TKEEP
      .m_axis_bpc_tkeep(enc_bpc_tkeep),
`endif
      .m_axis_bpc_tlast(enc_bpc_tlast),
      .m_axis_bpc_tvalid(enc_bpc_tvalid),
      .m_axis_bpc_tready(enc_bpc_tready),
      .m_axis_znz_tdata(enc_znz_tdata),
      .m_axis_znz_tlast(enc_znz_tlast),
      .m_axis_znz_tvalid(enc_znz_tvalid),
      .m_axis_znz_tready(enc_znz_tready)
  );

  ebpc_decoder decoder (
      .clk(clk),
`ifdef ASYNC_LOW
      .rst_n(~rst),
`else
      .rst(rst),
`endif
      .s_axis_len_tdata(dec_len_tdata),
      .s_axis_len_tvalid(dec_len_tvalid),
      .s_axis_len_tready(dec_len_tready),
      .s_axis_bpc_tdata(dec_bpc_tdata),
`ifdef TKEEP
      .s_axis_bpc_tkeep(dec_bpc_tkeep),
`endif
      .s_axis_bpc_tlast(dec_bpc_tlast),
      .s_axis_bpc_tvalid(dec_bpc_tvalid),
      .s_axis_bpc_tready(dec_bpc_tready),
      .s_axis_znz_tdata(dec_znz_tdata),
      .s_axis_znz_tlast(dec_znz_tlast),
      .s_axis_znz_tvalid(dec_znz_tvalid),
      .s_axis_znz_tready(dec_znz_tready),
      .m_axis_tdata(dec_words_tdata),
      .m_axis_tlast(dec_words_tlast),
      .m_axis_tuser(dec_words_tuser),
      .m_axis_tvalid(dec_words_tvalid),
      .m_axis_tready(dec_words_tready)
  );

  wire [15:0] at_bpc, at_znz, at_words;
  assign violations = at_bpc + at_znz + at_words;

`ifdef TKEEP
  wire [KEEP_BITS-1:0] enc_bpc_lanes = enc_bpc_tkeep;
`else
  wire [KEEP_BITS-1:0] enc_bpc_lanes = {KEEP_BITS{1'b1}};
`endif

  axis_monitor #(
      .WIDTH(PORT_BITS + KEEP_BITS + 1)
  ) bpc_monitor (
      .clk(clk),
      .rst(rst),
      .valid(enc_bpc_tvalid),
      .ready(enc_bpc_tready),
      .payload({enc_bpc_tdata, enc_bpc_lanes, enc_bpc_tlast}),
      .violations(at_bpc)
  );

  axis_monitor #(
      .WIDTH(WORD_BITS + 1)
  ) znz_monitor (
      .clk(clk),
      .rst(rst),
      .valid(enc_znz_tvalid),
      .ready(enc_znz_tready),
      .payload({enc_znz_tdata, enc_znz_tlast}),
      .violations(at_znz)
  );

  axis_monitor #(
      .WIDTH(WORD_BITS + 2)
  ) words_monitor (
      .clk(clk),
      .rst(rst),
      .valid(dec_words_tvalid),
      .ready(dec_words_tready),
      .payload({dec_words_tdata, dec_words_tlast, dec_words_tuser}),
      .violations(at_words)
  );
endmodule
