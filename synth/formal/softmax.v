// Codes hold under stall, whatever comes in, in every form of the unit.
module softmax_holds #(
    parameter N        = 2,
    parameter LENGTH_W = 2
) (
    input wire                clk_i,
    input wire                rst_ni,
    input wire                row_valid_i,
    input wire [LENGTH_W-1:0] row_length_i,
    input wire [LENGTH_W:0]   row_count_i,
`ifdef ROW_LAST
    input wire                row_last_i,
`endif
    input wire                score_valid_i,
    input wire [16*N-1:0]     score_data_i,
    input wire                score_last_i,
    input wire                mask_valid_i,
    input wire [8*N-1:0]      mask_data_i,
    input wire                code_ready_i,
    input wire                clear_i
);

    wire           code_valid, code_last;
    wire [8*N-1:0] code;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_softmax u_softmax (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .row_valid_i(row_valid_i), .row_ready_o(), .row_length_i(row_length_i), .row_count_i(row_count_i),
`ifdef ROW_LAST
        .row_last_i(row_last_i),
`endif
        .score_valid_i(score_valid_i), .score_ready_o(), .score_data_i(score_data_i), .score_last_i(score_last_i),
        .mask_valid_i(mask_valid_i), .mask_ready_o(), .mask_data_i(mask_data_i),
        .code_valid_o(code_valid), .code_ready_i(code_ready_i), .code_data_o(code), .code_last_o(code_last),
        .clear_i(clear_i), .length_error_count_o()
    );
    hold #(.WIDTH(8 * N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(code_valid), .ready_i(code_ready_i), .data_i({code_last, code})
    );

endmodule
