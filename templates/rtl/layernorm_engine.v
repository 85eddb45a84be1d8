@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam LANES     = @{ lanes }@;
<%- if pieces > 1 %>
    localparam LANE_W    = @{ lane_w }@;
<%- endif %>
    localparam TILE_W    = @{ row_w }@;  // numbers the channels of a tile
    localparam NUMBER_W  = @{ number_w }@;
    localparam COLUMN_W  = @{ column_w }@;
    localparam CHANNEL_W = @{ channel_w }@;
    localparam SHIFT_W   = @{ shift_w }@;
    localparam COUNT_W   = @{ count_w }@;
    localparam ADDR_W    = @{ addr_w }@;
    localparam LENGTH_W  = @{ length_w }@;
    localparam KEPT_W    = LENGTH_W > TILE_W ? LENGTH_W : TILE_W;

@{ shell.declare("start clear one stay source_tile source_row result_tile result_row tiles tail row
                  piece parameter norm code wide code_done wide_done") }@

    // One instruction at a time. Every part begins with it; a result that is not asked for is written
    // nowhere.
    reg code_active_q;
    reg wide_active_q;
    wire busy = code_active_q || wide_active_q;
    assign layernorm_ready_o = !busy;
    assign start  = layernorm_valid_i && !busy;
    assign done_o = busy && (code_done || !code_active_q) && (wide_done || !wide_active_q);
    assign clear  = 1'b0;
    assign one    = 24'd1;
    assign stay   = 24'd0;  // each row takes the parameters from the first on
<%- for step in ["source_tile", "source_row", "result_tile", "result_row"] %>
    assign @{ "{:11}"|format(step) }@ = {{(ADDR_W-COUNT_W){1'b0}}, layernorm_@{ step }@_i};
<%- endfor %>

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            code_active_q <= 1'b0;
            wide_active_q <= 1'b0;
        end else begin
            code_active_q <= start || (code_active_q && !code_done);
            wide_active_q <= start || (wide_active_q && !wide_done);
        end
    end

    // The number of the last channel: of its tile, of its vector in it, of its lane.
    wire [COUNT_W-1:0] final_channel = layernorm_channels_i - 1'b1;
    reg  [KEPT_W-1:0]  final_q;
    reg  [SHIFT_W-1:0] exponent_bias_q;
    reg                plain_q;
    assign tiles = {{TILE_W{1'b0}}, final_channel[COUNT_W-1:TILE_W]} + 1'b1;
<%- if pieces > 1 %>
    assign tail  = final_q[TILE_W-1:LANE_W];
<%- else %>
    assign tail  = 1'b0;
<%- endif %>
<%- if unused > 0 %>
    wire [@{ unused - 1 }@:LENGTH_W] unused_final = final_q[@{ unused - 1 }@:LENGTH_W];
<%- endif %>

    // Rows for the unit; what remains counts those after the next.
    reg                row_active_q;
    reg  [COUNT_W-1:0] rows_remaining_q;
    assign row_valid         = row_active_q;
    assign row_length        = final_q[LENGTH_W-1:0];
    assign row_exponent_bias = exponent_bias_q;
    assign row_plain         = plain_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) row_active_q <= 1'b0;
        else if (start) row_active_q <= 1'b1;
        else if (row_ready && rows_remaining_q == {COUNT_W{1'b0}}) row_active_q <= 1'b0;
    end
    always @(posedge clk_i) begin
        if (start) begin
            final_q          <= final_channel[KEPT_W-1:0];
            exponent_bias_q  <= layernorm_exponent_bias_i;
            plain_q          <= layernorm_plain_i;
            rows_remaining_q <= layernorm_rows_i - 1'b1;
        end else if (row_active_q && row_ready) begin
            rows_remaining_q <= rows_remaining_q - 1'b1;
        end
    end

    // Columns of the parameter memory, of which the array also takes the bits above the two of the shift.
    wire [LANES*(COLUMN_W-2*NUMBER_W-CHANNEL_W)-1:0] unused_columns;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            assign {
                unused_columns[l*(COLUMN_W-2*NUMBER_W-CHANNEL_W) +: COLUMN_W-2*NUMBER_W-CHANNEL_W],
                parameter_shift[l*CHANNEL_W +: CHANNEL_W],
                parameter_beta[l*NUMBER_W +: NUMBER_W],
                parameter_gamma[l*NUMBER_W +: NUMBER_W]
            } = piece_data[l*COLUMN_W +: COLUMN_W];
        end
    endgenerate
    assign parameter_valid = piece_valid;
    assign piece_ready     = parameter_ready;

    // Both writers take a vector in the same cycle; rows leave them each in its own time.
    assign norm_ready = code_ready && wide_ready;
    assign code_valid = norm_valid && wide_ready;
    assign wide_valid = norm_valid && code_ready;

@{ shell.instances }@

endmodule
