// Masks hold under stall, and leave as they came, in order.
module mask_counter_passes #(
    parameter N = 2
) (
    input wire         clk_i,
    input wire         rst_ni,
    input wire         in_valid_i,
    input wire [N-1:0] in_data_i,
    input wire         in_last_i,
    input wire         out_ready_i,
    input wire         clear_i,
    input wire         mark_i
);

    wire         in_ready, out_valid, out_last;
    wire [N-1:0] out_data;
    wire [5:0]   level;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_mask_counter u_mask_counter (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i), .mask_count_o(), .ones_count_o(),
        .in_valid_i(in_valid_i), .in_ready_o(in_ready), .in_data_i(in_data_i), .in_last_i(in_last_i),
        .out_valid_o(out_valid), .out_ready_i(out_ready_i), .out_data_o(out_data), .out_last_o(out_last)
    );
    hold #(.WIDTH(N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(out_valid), .ready_i(out_ready_i), .data_i({out_last, out_data})
    );
    in_order #(.WIDTH(N + 1)) u_order (
        .clk_i(clk_i), .rst_ni(rst_ni), .mark_i(mark_i),
        .enter_i(in_valid_i && in_ready), .entering_i({in_last_i, in_data_i}),
        .leave_i(out_valid && out_ready_i), .leaving_i({out_last, out_data}), .level_o(level)
    );

    always @* if (rst_ni) assert (in_ready == (level < 6'd2));

endmodule
