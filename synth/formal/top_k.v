// The largest of a row: entries hold under stall, and come in descending order, of equals the lower position
// first.
module top_k_holds #(
    parameter N     = 2,
    parameter POS_W = 2
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             row_valid_i,
    input wire [POS_W-1:0] row_length_i,
    input wire             value_valid_i,
    input wire [16*N-1:0]  value_data_i,
    input wire             value_last_i,
    input wire             entry_ready_i
);

    wire             entry_valid, entry_last;
    wire [15:0]      entry_value;
    wire [POS_W-1:0] entry_position;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_top_k u_top_k (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .row_valid_i(row_valid_i), .row_ready_o(), .row_length_i(row_length_i),
        .value_valid_i(value_valid_i), .value_ready_o(), .value_data_i(value_data_i), .value_last_i(value_last_i),
        .entry_valid_o(entry_valid), .entry_ready_i(entry_ready_i), .entry_value_o(entry_value),
        .entry_position_o(entry_position), .entry_last_o(entry_last),
        .clear_i(1'b0), .length_error_count_o()
    );
    hold #(.WIDTH(17 + POS_W)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(entry_valid), .ready_i(entry_ready_i),
        .data_i({entry_last, entry_position, entry_value})
    );

endmodule

module top_k_order #(
    parameter N     = 2,
    parameter POS_W = 2
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             row_valid_i,
    input wire [POS_W-1:0] row_length_i,
    input wire             value_valid_i,
    input wire [16*N-1:0]  value_data_i,
    input wire             entry_ready_i
);

    wire               entry_valid, entry_last;
    wire signed [15:0] entry_value;
    wire [POS_W-1:0]   entry_position;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_top_k u_top_k (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .row_valid_i(row_valid_i), .row_ready_o(), .row_length_i(row_length_i),
        .value_valid_i(value_valid_i), .value_ready_o(), .value_data_i(value_data_i), .value_last_i(1'b0),
        .entry_valid_o(entry_valid), .entry_ready_i(entry_ready_i), .entry_value_o(entry_value),
        .entry_position_o(entry_position), .entry_last_o(entry_last),
        .clear_i(1'b0), .length_error_count_o()
    );

    // The entry of the same row that came before.
    reg               behind_q;
    reg signed [15:0] value_q;
    reg [POS_W-1:0]   position_q;
    always @(posedge clk_i) begin
        if (!rst_ni) behind_q <= 1'b0;
        else if (entry_valid && entry_ready_i) behind_q <= !entry_last;
        if (entry_valid && entry_ready_i) begin
            value_q    <= entry_value;
            position_q <= entry_position;
        end
    end

    always @* if (rst_ni && behind_q && entry_valid) begin
        assert (value_q >= entry_value);
        if (value_q == entry_value) assert (position_q < entry_position);
    end

endmodule
