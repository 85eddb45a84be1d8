// Codes hold under stall, whatever comes in.
module hierarchical_softmax_holds #(
    parameter LANES = 2
) (
    input wire                clk_i,
    input wire                rst_ni,
    input wire                row_valid_i,
    input wire                row_parents_i,
    input wire                row_children_i,
    input wire                row_largest_i,
    input wire                score_valid_i,
    input wire [16*LANES-1:0] score_data_i,
    input wire                score_last_i,
    input wire                code_ready_i,
    input wire                clear_i
);

    wire               code_valid, code_last;
    wire [8*LANES-1:0] code;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_hierarchical_softmax u_hierarchical_softmax (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .row_valid_i(row_valid_i), .row_ready_o(), .row_parents_i(row_parents_i), .row_children_i(row_children_i),
        .row_largest_i(row_largest_i),
        .score_valid_i(score_valid_i), .score_ready_o(), .score_data_i(score_data_i), .score_last_i(score_last_i),
        .code_valid_o(code_valid), .code_ready_i(code_ready_i), .code_data_o(code), .code_last_o(code_last),
        .clear_i(clear_i), .length_error_count_o()
    );
    hold #(.WIDTH(8 * LANES + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(code_valid), .ready_i(code_ready_i), .data_i({code_last, code})
    );

endmodule
