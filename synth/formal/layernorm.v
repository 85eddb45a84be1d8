// The norm holds under stall, from whatever state: a row takes longer than a solver can follow from the reset
// on.
module layernorm_holds #(
    parameter N = 2
) (
    input wire            clk_i,
    input wire            row_valid_i,
    input wire [1:0]      row_length_i,
    input wire [6:0]      row_exponent_bias_i,
    input wire            row_plain_i,
    input wire            residual_valid_i,
    input wire [16*N-1:0] residual_data_i,
    input wire            residual_last_i,
    input wire            parameter_valid_i,
    input wire [16*N-1:0] parameter_gamma_i,
    input wire [16*N-1:0] parameter_beta_i,
    input wire [2*N-1:0]  parameter_shift_i,
    input wire            norm_ready_i
);

    wire            row_ready, residual_ready, parameter_ready;
    wire            norm_valid, norm_last;
    wire [16*N-1:0] wide;
    wire [8*N-1:0]  code;
    alb_layernorm u_layernorm (
        .clk_i(clk_i), .rst_ni(1'b1), .clear_i(1'b0), .length_error_count_o(),
        .row_valid_i(row_valid_i), .row_ready_o(row_ready), .row_length_i(row_length_i),
        .row_exponent_bias_i(row_exponent_bias_i), .row_plain_i(row_plain_i),
        .residual_valid_i(residual_valid_i), .residual_ready_o(residual_ready), .residual_data_i(residual_data_i),
        .residual_last_i(residual_last_i),
        .parameter_valid_i(parameter_valid_i), .parameter_ready_o(parameter_ready),
        .parameter_gamma_i(parameter_gamma_i), .parameter_beta_i(parameter_beta_i),
        .parameter_shift_i(parameter_shift_i),
        .norm_valid_o(norm_valid), .norm_ready_i(norm_ready_i), .norm_wide_o(wide), .norm_code_o(code),
        .norm_last_o(norm_last)
    );
    hold #(.WIDTH(24 * N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(1'b1), .valid_i(norm_valid), .ready_i(norm_ready_i), .data_i({norm_last, wide, code})
    );

endmodule
