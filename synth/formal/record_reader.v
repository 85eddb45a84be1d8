// Masks and bases hold until they are taken, whatever the memory answers.
module record_reader_holds #(
    parameter ADDR_W   = 3,
    parameter STORED_W = 5,
    parameter ROW_W    = 4
) (
    input wire                clk_i,
    input wire                rst_ni,
    input wire                record_valid_i,
    input wire [ADDR_W-1:0]   record_address_i,
    input wire                record_masks_i,
    input wire [STORED_W-1:0] word_data_i,
    input wire                weight_ready_i,
    input wire                base_ready_i
);

    wire             weight_valid, weight_last, base_valid, base_lane;
    wire [1:0]       weight;
    wire [ROW_W-1:0] base_row;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_record_reader u_reader (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .record_valid_i(record_valid_i), .record_ready_o(), .record_address_i(record_address_i),
        .record_masks_i(record_masks_i),
        .weight_valid_o(weight_valid), .weight_ready_i(weight_ready_i), .weight_data_o(weight),
        .weight_last_o(weight_last),
        .base_valid_o(base_valid), .base_ready_i(base_ready_i), .base_row_o(base_row), .base_lane_o(base_lane),
        .word_enable_o(), .word_address_o(), .word_data_i(word_data_i),
        .clear_i(1'b0), .misplaced_count_o()
    );
    hold #(.WIDTH(3)) u_weight (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(weight_valid), .ready_i(weight_ready_i),
        .data_i({weight_last, weight})
    );
    hold #(.WIDTH(ROW_W + 1)) u_base (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(base_valid), .ready_i(base_ready_i), .data_i({base_row, base_lane})
    );

endmodule
