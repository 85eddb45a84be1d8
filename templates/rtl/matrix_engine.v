@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam CODE_W  = @{ code_w }@;
    localparam ADDR_W  = @{ addr_w }@;
    localparam COLUMN_W = @{ column_w }@;  // bits of a column's parameters
    localparam BIAS_W  = @{ bias_w }@;
    localparam SHIFT_W = @{ shift_w }@;
    localparam LANE_W  = @{ lane_w }@;
    localparam ROW_W   = @{ row_w }@;
    localparam PASS_W  = @{ pass_w }@;
    localparam WORD_W  = @{ word_w }@;
    localparam [1:0] LISTED = 2'd1, ROWS = 2'd2, COLUMNS = 2'd3;
    localparam [LANE_W-1:0] LAST_LANE = @{ lane_w }@'d@{ n - 1 }@;
    localparam [ADDR_W:0]   WORDS = @{ addr_w + 1 }@'d@{ words }@;

@{ shell.declare("even_passes odd_passes tiles_of_job odd_base stream_command odd_command rows_command columns_command
                  list_command tiles_command results_command columns_long stream_pass stream_row row_pass row_lane
                  list_base list_column column_step result_column result_row lanes one nothing job column record list
                  tile_address weight row vector value_mask mask mask_taken vector_taken result result_address") }@

<%- if blocks %>

    // Vectors of odd passes have a reader of their own, so that a tile of blocks has those of two passes at
    // once. A record of blocks is of two passes; the last of an odd number is plain.
    assign even_passes  = {1'b0, gemm_passes_i[15:1]} + {15'd0, gemm_passes_i[0]};
    assign odd_passes   = {1'b0, gemm_passes_i[15:1]};
    assign tiles_of_job = gemm_blocks_i ? even_passes : gemm_passes_i;
    assign odd_base     = gemm_stream_base_i + {{(ADDR_W-16){1'b0}}, gemm_stream_pass_i};
    wire   has_odd      = gemm_passes_i != 16'd1;
<%- endif %>

    // An instruction goes to @{ parts() }@ parts, each of which takes it when it has given all that the one before asked for:
    // vectors and weights of the next are on their way while the last results of this one are written.
<%- if !blocks %>
    localparam STREAM = 0, JOBS = 1, TILES = 2, SOURCE = 3, RESULTS = 4, PARTS = 5;
<%- else %>
    localparam STREAM = 0, JOBS = 1, TILES = 2, SOURCE = 3, RESULTS = 4, ODD = 5, PARTS = 6;
<%- endif %>
    reg                job_busy_q;
    reg                tile_busy_q;
    reg                record_busy_q;
    reg                result_busy_q;
    reg  [PARTS-1:0]   given_q;
    wire               from_rows = gemm_source_i == ROWS || gemm_source_i == COLUMNS;
    wire               listed    = gemm_source_i == LISTED;
    wire [PARTS-1:0]   free  = {
<%- if blocks %>
        odd_command_ready || !has_odd,
<%- endif %>
        !result_busy_q, from_rows ? rows_command_ready : !record_busy_q, !tile_busy_q, !job_busy_q, stream_command_ready
    };
    wire [PARTS-1:0]   asked = {PARTS{gemm_valid_i}} & ~given_q;
    wire [PARTS-1:0]   taken = asked & free;
    assign gemm_ready_o          = &(given_q | free);
    assign stream_command_valid  = asked[STREAM];
<%- if blocks %>
    assign odd_command_valid     = asked[ODD] && has_odd;
<%- endif %>
    assign columns_command_valid = taken[JOBS];
    assign results_command_valid = taken[RESULTS];
    assign rows_command_valid    = asked[SOURCE] && from_rows;
    assign list_command_valid    = taken[SOURCE] && listed;
    assign tiles_command_valid   = taken[SOURCE] && !from_rows && !listed;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) given_q <= {PARTS{1'b0}};
        else if (gemm_valid_i) given_q <= gemm_ready_o ? {PARTS{1'b0}} : given_q | taken;
    end

    // Counts of 16 bits that a run of rows takes in 24.
    assign columns_long  = {{(ADDR_W-16){1'b0}}, gemm_columns_i};
<%- if !blocks %>
    assign stream_pass   = {{(ADDR_W-16){1'b0}}, gemm_stream_pass_i};
<%- else %>
    assign stream_pass   = {{(ADDR_W-17){1'b0}}, gemm_stream_pass_i, 1'b0};  // two passes
<%- endif %>
    assign stream_row    = {{(ADDR_W-16){1'b0}}, gemm_stream_row_i};
    assign row_pass      = {{(ADDR_W-16){1'b0}}, gemm_stationary_pass_i};
    assign row_lane      = {{(ADDR_W-16){1'b0}}, gemm_stationary_lane_i};
    assign list_base     = {{(ADDR_W-16){1'b0}}, gemm_list_base_i};
    assign list_column   = {{(ADDR_W-16){1'b0}}, gemm_passes_i};
    assign column_step   = {{(ADDR_W-16){1'b0}}, gemm_parameter_column_i};
    assign result_column = {{(ADDR_W-16){1'b0}}, gemm_result_column_i};
    assign result_row    = {{(ADDR_W-16){1'b0}}, gemm_result_row_i};
    assign lanes         = 16'd@{ n }@;
    assign one           = @{ addr_w }@'d1;
    assign nothing       = {ADDR_W{1'b0}};
    assign job_close     = 1'b1;

    // Jobs: a row of parameters each.
    reg [ROW_W-1:0]   job_rows_q;
    reg [PASS_W-1:0]  job_passes_q;
<%- if function_w != 0 %>
    reg [@{ function_w - 1 }@:0]         job_function_q;
<%- endif %>
<%- if activation_shift_w != 0 %>
    reg [SHIFT_W-1:0] job_activation_shift_q;
<%- endif %>
    reg [SHIFT_W-1:0] job_wide_shift_q;
    assign job_valid    = job_busy_q && column_valid;
    assign column_ready = job_busy_q && job_ready;
    wire   job_taken    = job_valid && job_ready;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) job_busy_q <= 1'b0;
        else if (taken[JOBS]) job_busy_q <= 1'b1;
        else if (job_taken && column_last) job_busy_q <= 1'b0;
    end
    always @(posedge clk_i) begin
        if (taken[JOBS]) begin
            job_rows_q     <= gemm_rows_i[ROW_W-1:0] - 1'b1;
            job_passes_q   <= @{ tiles() }@[PASS_W-1:0] - 1'b1;
<%- if function_w != 0 %>
            job_function_q <= gemm_function_i<% if function_w < function_field_w %>[@{ function_w - 1 }@:0]<% endif %>;
<%- endif %>
<%- if activation_shift_w != 0 %>
            job_activation_shift_q <= gemm_activation_shift_i;
<%- endif %>
            job_wide_shift_q <= gemm_wide_shift_i;
        end
    end
    assign job_rows   = job_rows_q;
    assign job_passes = job_passes_q;
<%- if function_w != 0 %>
    assign job_function = job_function_q;
<%- endif %>
<%- if activation_shift_w != 0 %>
    assign job_activation_shift = job_activation_shift_q;
<%- endif %>
    assign job_wide_shift = job_wide_shift_q;
<%- if function_w < function_field_w %>
    wire unused_function = ^gemm_function_i[@{ function_field_w - 1 }@:@{ function_w }@];  // no more functions than these
<%- endif %>
<%- if activation_shift_w == 0 %>
    wire unused_activation_shift = ^gemm_activation_shift_i;  // no function takes numbers
<%- endif %>
    wire [N-1:0] unused_bits;  // of parameters: a column's last
    genvar c;
    generate
        for (c = 0; c < N; c = c + 1) begin : gen_column
            assign job_bias[c*BIAS_W +: BIAS_W]     = column_data[c*COLUMN_W +: BIAS_W];
            assign job_scale[c*SHIFT_W +: SHIFT_W]  = column_data[c*COLUMN_W+32 +: SHIFT_W];
            assign unused_bits[c] = ^column_data[c*COLUMN_W+32+SHIFT_W +: COLUMN_W-32-SHIFT_W]<% if bias_w < 32 %>
                                  ^ ^column_data[c*COLUMN_W+BIAS_W +: 32-BIAS_W]<% endif %>;
        end
    endgenerate

    // Records: at addresses that are computed, or that a list has.
    reg              record_listed_q;
    reg [ADDR_W-1:0] record_base_q;
    reg [LANE_W-1:0] record_masks_q;
    wire [ADDR_W-1:0] listed_at = record_base_q + list_data[ADDR_W-1:0];
    wire [ADDR_W-1:0] record_at = record_listed_q ? listed_at : tile_address_row;
    wire              record_end = record_listed_q ? list_last : tile_address_last;
    assign record_valid       = record_busy_q && (record_listed_q ? list_valid : tile_address_valid);
    assign record_address     = record_at[WORD_W-1:0];
    assign record_masks       = record_masks_q;
    assign list_ready         = record_busy_q && record_listed_q && record_ready;
    assign tile_address_ready = record_busy_q && !record_listed_q && record_ready;
    wire   record_taken   = record_valid && record_ready;
    wire [LANE_W-1:0] masks_less = gemm_masks_i[LANE_W-1:0] - 1'b1;
    wire unused_masks = ^gemm_masks_i[15:LANE_W];  // n at most
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) record_busy_q <= 1'b0;
        else if (taken[SOURCE] && !from_rows) record_busy_q <= 1'b1;
        else if (record_taken && record_end) record_busy_q <= 1'b0;
    end
    always @(posedge clk_i) begin
        if (taken[SOURCE] && !from_rows) begin
            record_listed_q <= listed;
            record_base_q   <= gemm_stationary_base_i;
            record_masks_q  <= listed ? masks_less : LAST_LANE;
        end
    end
    wire [7:0] unused_index = list_data[31:ADDR_W];  // of 32 bits that the index memory has

    // A record past the end of the masks is reported.
    reg               out_of_range_q;
    reg  [ADDR_W-1:0] out_of_range_row_q;
    wire [ADDR_W:0]   record_last = {1'b0, record_at} + {{(ADDR_W+1-LANE_W){1'b0}}, record_masks_q}
                                  + {{ADDR_W{1'b0}}, 1'b1};
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) out_of_range_q <= 1'b0;
        else out_of_range_q <= record_taken && record_last >= WORDS;
    end
    always @(posedge clk_i) out_of_range_row_q <= record_at;
    assign out_of_range_o     = out_of_range_q;
    assign out_of_range_row_o = out_of_range_row_q;

    // Tiles of n items: rows of the activation memory, or what is decoded, and zeros after it.
    reg               tile_rows_q;
    reg               tile_columns_q;
    reg  [LANE_W-1:0] tile_masks_q;
    reg  [LANE_W-1:0] item_q;
<%- if blocks %>
    reg               tile_blocks_q;
    reg               tile_odd_q;
<%- endif %>
    reg  [15:0]       tile_passes_q;
    reg  [15:0]       passes_remaining_q;
    reg  [15:0]       columns_remaining_q;
    wire              beyond_masks = !tile_rows_q && item_q > tile_masks_q;
    wire              tile_end     = item_q == LAST_LANE;
    wire              job_end      = tile_end && passes_remaining_q == 16'd1;
    wire              tiles_end    = job_end && columns_remaining_q == 16'd1;
    assign weight_valid   = tile_busy_q && (beyond_masks || (tile_rows_q ? row_valid : vector_valid));
    assign weight_data    = tile_rows_q ? row_data : vector_data & {(N*CODE_W){!beyond_masks}};
    assign weight_columns = tile_columns_q;
    assign row_ready      = tile_busy_q && tile_rows_q && weight_ready;
    assign vector_ready   = tile_busy_q && !tile_rows_q && !beyond_masks && weight_ready;
    wire   weight_taken   = weight_valid && weight_ready;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            tile_busy_q <= 1'b0;
            item_q      <= {LANE_W{1'b0}};
        end else begin
            if (taken[TILES]) tile_busy_q <= 1'b1;
            else if (weight_taken && tiles_end) tile_busy_q <= 1'b0;
            if (weight_taken) item_q <= tile_end ? {LANE_W{1'b0}} : item_q + 1'b1;
        end
    end
    always @(posedge clk_i) begin
        if (taken[TILES]) begin
            tile_rows_q         <= from_rows;
            tile_columns_q      <= gemm_source_i[0];  // listed records and columns are loaded transposed
            tile_masks_q        <= listed ? masks_less : LAST_LANE;
            tile_passes_q       <= @{ tiles() }@;
            passes_remaining_q  <= @{ tiles() }@;
<%- if blocks %>
            tile_blocks_q       <= gemm_blocks_i;
            tile_odd_q          <= gemm_passes_i[0];
<%- endif %>
            columns_remaining_q <= gemm_columns_i;
        end else if (weight_taken && tile_end) begin
            passes_remaining_q <= job_end ? tile_passes_q : passes_remaining_q - 16'd1;
            if (job_end) columns_remaining_q <= columns_remaining_q - 16'd1;
        end
    end

<%- if blocks %>

    // A block item has n values, whose mask waits for them. Of which kind a tile is, the instruction says.
    assign value_mask   = mask_data[N-1:0] | {N{mask_block}};
    assign mask_taken   = mask_valid && mask_ready;
    assign vector_taken = vector_valid && vector_ready;
    assign weight_block = tile_blocks_q && !(tile_odd_q && passes_remaining_q == 16'd1);
<%- endif %>

    // Results: to the activation memory, to the wide one, or to both, whichever is free first.
    reg              result_code_q;
    reg              result_wide_q;
    reg              code_sent_q;
    reg              wide_sent_q;
    reg              done_q;
    reg [ADDR_W-1:0] code_base_q;
    reg [ADDR_W-1:0] wide_base_q;
    wire             result_here = result_valid && result_address_valid;
    wire             code_due    = result_code_q && !code_sent_q;
    wire             wide_due    = result_wide_q && !wide_sent_q;
    wire             result_taken = result_here && (!code_due || code_write_ready_i)
                                                && (!wide_due || wide_write_ready_i);
    assign code_write_valid_o   = result_here && code_due;
    assign code_write_address_o = code_base_q + result_address_row;
    assign code_write_data_o    = result_code;
    assign wide_write_valid_o   = result_here && wide_due;
    assign wide_write_address_o = wide_base_q + result_address_row;
    assign wide_write_data_o    = result_wide;
    assign result_ready         = result_taken;
    assign result_address_ready = result_taken;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            result_busy_q <= 1'b0;
            code_sent_q   <= 1'b0;
            wide_sent_q   <= 1'b0;
            done_q        <= 1'b0;
        end else begin
            if (taken[RESULTS]) result_busy_q <= 1'b1;
            else if (result_taken && result_address_last) result_busy_q <= 1'b0;
            code_sent_q <= !result_taken && (code_sent_q || (code_write_valid_o && code_write_ready_i));
            wide_sent_q <= !result_taken && (wide_sent_q || (wide_write_valid_o && wide_write_ready_i));
            done_q      <= result_taken && result_address_last;
        end
    end
    always @(posedge clk_i) begin
        if (taken[RESULTS]) begin
            result_code_q <= gemm_code_i;
            result_wide_q <= gemm_wide_i;
            code_base_q   <= gemm_result_base_i;
            wide_base_q   <= gemm_wide_base_i;
        end
    end
    assign done_o = done_q;

@{ shell.instances }@

endmodule
