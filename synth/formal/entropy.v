// A decision holds until it is taken, with all that led to it.
module entropy_holds (
    input wire        clk_i,
    input wire        rst_ni,
    input wire        row_valid_i,
    input wire        row_classes_i,
    input wire [15:0] row_threshold_i,
    input wire        logit_valid_i,
    input wire [31:0] logit_data_i,
    input wire        logit_last_i,
    input wire        decision_ready_i
);

    wire        decision_valid, decision_exit;
    wire [16:0] decision_sum;
    wire [25:0] decision_weighted;
    wire [10:0] decision_log;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_entropy u_entropy (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .row_valid_i(row_valid_i), .row_ready_o(), .row_classes_i(row_classes_i), .row_threshold_i(row_threshold_i),
        .logit_valid_i(logit_valid_i), .logit_ready_o(), .logit_data_i(logit_data_i), .logit_last_i(logit_last_i),
        .decision_valid_o(decision_valid), .decision_ready_i(decision_ready_i), .decision_exit_o(decision_exit),
        .decision_sum_o(decision_sum), .decision_weighted_o(decision_weighted), .decision_log_o(decision_log),
        .clear_i(1'b0), .length_error_count_o()
    );
    hold #(.WIDTH(55)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(decision_valid), .ready_i(decision_ready_i),
        .data_i({decision_exit, decision_sum, decision_weighted, decision_log})
    );

endmodule
