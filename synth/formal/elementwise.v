// The sums hold under stall.
module elementwise_holds #(
    parameter N = 2
) (
    input wire            clk_i,
    input wire            rst_ni,
    input wire            job_valid_i,
    input wire            job_scale_i,
    input wire            job_a_float_i,
    input wire            job_b_float_i,
    input wire [6:0]      job_a_shift_i,
    input wire [6:0]      job_b_shift_i,
    input wire [15:0]     job_gain_i,
    input wire            a_valid_i,
    input wire [16*N-1:0] a_data_i,
    input wire            a_last_i,
    input wire            b_valid_i,
    input wire [16*N-1:0] b_data_i,
    input wire            b_last_i,
    input wire            sum_ready_i
);

    wire            job_ready, a_ready, b_ready;
    wire            sum_valid, sum_last;
    wire [16*N-1:0] sum;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_elementwise u_elementwise (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(1'b0), .length_error_count_o(),
        .job_valid_i(job_valid_i), .job_ready_o(job_ready), .job_scale_i(job_scale_i), .job_a_float_i(job_a_float_i),
        .job_b_float_i(job_b_float_i), .job_a_shift_i(job_a_shift_i), .job_b_shift_i(job_b_shift_i),
        .job_gain_i(job_gain_i),
        .a_valid_i(a_valid_i), .a_ready_o(a_ready), .a_data_i(a_data_i), .a_last_i(a_last_i),
        .b_valid_i(b_valid_i), .b_ready_o(b_ready), .b_data_i(b_data_i), .b_last_i(b_last_i),
        .sum_valid_o(sum_valid), .sum_ready_i(sum_ready_i), .sum_data_o(sum), .sum_last_o(sum_last)
    );
    hold #(.WIDTH(16 * N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(sum_valid), .ready_i(sum_ready_i), .data_i({sum_last, sum})
    );

endmodule
