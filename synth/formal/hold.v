// Streams hold under stall: once valid, valid and data stay until the transfer.
module hold #(
    parameter WIDTH = 1
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             valid_i,
    input wire             ready_i,
    input wire [WIDTH-1:0] data_i
);

    reg             stalled_q = 1'b0;
    reg [WIDTH-1:0] data_q;
    always @(posedge clk_i) begin
        stalled_q <= rst_ni && valid_i && !ready_i;
        data_q    <= data_i;
    end

    always @* if (stalled_q && rst_ni) begin
        assert (valid_i);
        assert (data_i == data_q);
    end

endmodule

// Reset in the first cycle and never again.
module reset_once (
    input wire clk_i,
    input wire rst_ni
);

    reg started_q = 1'b0;
    always @(posedge clk_i) started_q <= 1'b1;
    always @* assume (rst_ni == started_q);

endmodule
