// A stream buffer: its items leave in order and unchanged, it is ready while it has room and valid while it
// holds one.
module stream_fifo_contract #(
    parameter WIDTH = 17,
    parameter DEPTH = 6
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             in_valid_i,
    input wire [WIDTH-1:0] in_data_i,
    input wire             out_ready_i,
    input wire             mark_i
);

    wire             in_ready;
    wire             out_valid;
    wire [WIDTH-1:0] out_data;
    wire [5:0]       level;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_stream_fifo_result u_fifo (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(in_valid_i), .in_ready_o(in_ready), .in_data_i(in_data_i),
        .out_valid_o(out_valid), .out_ready_i(out_ready_i), .out_data_o(out_data)
    );
    in_order #(.WIDTH(WIDTH)) u_order (
        .clk_i(clk_i), .rst_ni(rst_ni), .mark_i(mark_i),
        .enter_i(in_valid_i && in_ready), .entering_i(in_data_i),
        .leave_i(out_valid && out_ready_i), .leaving_i(out_data), .level_o(level)
    );

    always @* if (rst_ni) begin
        assert (in_ready == (level < DEPTH));
        assert (out_valid == (level != 6'd0));
    end

endmodule

module stream_fifo_holds #(
    parameter WIDTH = 17
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             in_valid_i,
    input wire [WIDTH-1:0] in_data_i,
    input wire             out_ready_i
);

    wire             in_ready;
    wire             out_valid;
    wire [WIDTH-1:0] out_data;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_stream_fifo_result u_fifo (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(in_valid_i), .in_ready_o(in_ready), .in_data_i(in_data_i),
        .out_valid_o(out_valid), .out_ready_i(out_ready_i), .out_data_o(out_data)
    );
    hold #(.WIDTH(WIDTH)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(out_valid), .ready_i(out_ready_i), .data_i(out_data)
    );

endmodule
