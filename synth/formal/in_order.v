// What goes in comes out, in order: any one item is marked as it enters and compared when its turn has come.
module in_order #(
    parameter WIDTH = 1
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             mark_i,
    input wire             enter_i,
    input wire [WIDTH-1:0] entering_i,
    input wire             leave_i,
    input wire [WIDTH-1:0] leaving_i,
    output wire [5:0]      level_o
);

    reg [5:0]       level_q;  // items inside
    reg             marked_q;
    reg [5:0]       ahead_q;  // items before the marked one
    reg [WIDTH-1:0] item_q;
    assign level_o = level_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            level_q  <= 6'd0;
            marked_q <= 1'b0;
        end else begin
            level_q <= level_q + {5'd0, enter_i} - {5'd0, leave_i};
            if (!marked_q && mark_i && enter_i) begin
                marked_q <= 1'b1;
                ahead_q  <= level_q - {5'd0, leave_i};
                item_q   <= entering_i;
            end else if (marked_q && leave_i) begin
                marked_q <= ahead_q != 6'd0;
                ahead_q  <= ahead_q - 6'd1;
            end
        end
    end

    always @* if (rst_ni) begin
        if (leave_i) assert (level_q != 6'd0);
        if (leave_i && marked_q && ahead_q == 6'd0) assert (leaving_i == item_q);
    end

endmodule
