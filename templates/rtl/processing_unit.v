@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N        = @{ n }@;
    localparam CODE_W   = @{ code_w }@;
    localparam ROW_W    = @{ row_w }@;
    localparam PASS_W   = @{ pass_w }@;
    localparam LANE_W   = @{ lane_w }@;
    localparam ROOM     = @{ room }@;
    localparam ROOM_W   = @{ room_w }@;
    localparam COUNT_W  = @{ count_w }@;
    localparam [LANE_W-1:0] LAST_LANE = @{ n - 1 }@;
    localparam [ROW_W-1:0]  LONG      = @{ min_pass - 2 }@;  // rows - 1 of the longest pass that must wait
    localparam [1:0]        SHORT     = @{ min_pass - 1 }@;
<%- if function_w != 0 %>
    localparam SCALES_W = N * @{ shift_w }@;
    localparam FUNC_W   = @{ function_w }@;
<%- if after_w != 0 %>
    localparam AFTER_W  = @{ after_w }@;
<%- endif %>
<%- endif %>
<%- if block != 0 %>
    localparam OP_W     = @{ op_w }@;
    localparam NONZEROS = @{ nonzeros }@;
    localparam BLOCK    = @{ block }@;
    localparam SELECT_W = @{ select_w }@;
<%- endif %>

@{ shell.nets }@

    // Weights: row after row of the next tile goes to the array's shadow registers while the tile before multiplies.
    reg tile_full_q;
    assign row_ready = !tile_full_q || swap;
    assign load      = row_valid && row_ready;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            tile_full_q <= 1'b0;
            lane_q      <= {LANE_W{1'b0}};
        end else begin
            if (load) lane_q <= lane_q == LAST_LANE ? {LANE_W{1'b0}} : lane_q + 1'b1;
            if (load && lane_q == LAST_LANE) tile_full_q <= 1'b1;
            else if (swap) tile_full_q <= 1'b0;
        end
    end
<% if block == 0 %>
    assign weight_mask = weight_data_i;
<%- else %>
    // Block-sparse rows bring n values and the masks of 2n inputs; the masks wait beside the decoder for their values.
    assign weight_mask  = weight_data_i[N-1:0] | {N{weight_block_i}};
    assign weight_side  = {weight_block_i, weight_data_i};
    assign weight_taken = weight_valid_i && weight_ready_o;
    wire   row_block    = row_side[2*N];
    assign row_mask     = row_side[2*N-1:0];
    assign select       = row_select & {N*SELECT_W{row_block}};

    // A tile is of the kind of its first row.
    reg  tile_block_q;
    reg  active_block_q;
    wire tile_block = lane_q == {LANE_W{1'b0}} ? row_block : tile_block_q;
    wire row_wrong  = load && (row_block != tile_block || (row_block && row_error != {(N/NONZEROS){1'b0}}));

    always @(posedge clk_i) begin
        if (load) tile_block_q <= tile_block;
        if (swap) active_block_q <= tile_block_q;
    end
<%- endif %>

    // Jobs: passes over the rows, one vector a cycle.
    reg  [PASS_W-1:0] pass_q;
    reg  [ROW_W-1:0]  rows_q;
    reg  [PASS_W-1:0] passes_q;
    reg               close_q;
    reg  [1:0]        gap_q;
    reg  [ROOM_W-1:0] room_q;
    wire              first_row = row_q == {ROW_W{1'b0}};
    assign            first_pass = pass_q == {PASS_W{1'b0}};
    wire              first     = first_row && first_pass;
    wire [ROW_W-1:0]  rows      = first ? job_rows_i : rows_q;
    wire [PASS_W-1:0] passes    = first ? job_passes_i : passes_q;
    wire              last_row  = row_q == rows;
    assign            last_pass = pass_q == passes;
<%- if block == 0 %>
    wire              vector_valid = activation_vector_valid;
<%- else %>
    wire              blocks       = first_row ? tile_block_q : active_block_q;
    reg               odd_q;  // which of the two input tiles the next plain tile of a job takes
    wire              vector_valid = (activation0_vector_valid || (!blocks && odd_q))
                                  && (activation1_vector_valid || (!blocks && !odd_q));
<%- endif %>
    assign go    = vector_valid
                && (!first_row || (tile_full_q && gap_q == 2'd0))
                && (!first || job_valid_i)
                && (!last_pass || room_q != {ROOM_W{1'b0}});
    assign swap  = go && first_row;
    assign start = first;
    assign close = last_row && (first ? job_close_i : close_q);

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            row_q  <= {ROW_W{1'b0}};
            pass_q <= {PASS_W{1'b0}};
        end else if (go) begin
            row_q <= last_row ? {ROW_W{1'b0}} : row_q + 1'b1;
            if (last_row) pass_q <= last_pass ? {PASS_W{1'b0}} : pass_q + 1'b1;
        end
    end
<%- if block != 0 %>

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) odd_q <= 1'b0;
        else if (go && last_row) odd_q <= !last_pass && (odd_q ^ !blocks);
    end
<%- endif %>

    always @(posedge clk_i) begin
        if (go && first) begin
            rows_q   <= job_rows_i;
            passes_q <= job_passes_i;
            close_q  <= job_close_i;
        end
    end

    // A row's sum is written @{ min_pass }@ cycles after its vector came; passes of fewer rows wait for that.
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) gap_q <= 2'd0;
        else if (go && last_row) gap_q <= rows > LONG ? 2'd0 : SHORT - rows[1:0];
        else if (gap_q != 2'd0) gap_q <= gap_q - 2'd1;
    end

    // A row of the last pass starts only when the result buffer will have room for it.
    wire give = oldest_valid && oldest_ready;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= ROOM[ROOM_W-1:0];
        else if (go && last_pass && !give) room_q <= room_q - 1'b1;
        else if (give && !(go && last_pass)) room_q <= room_q + 1'b1;
    end
<% if block == 0 %>
    assign vector                  = activation_vector;
    assign activation_vector_ready = go;
<%- else %>
    // A block tile takes both input tiles; a plain one takes the even or the odd, spread so that choice 0 finds it.
    wire [N*OP_W-1:0] plain = odd_q ? activation1_vector : activation0_vector;
    wire [2*N*OP_W-1:0] both = {activation1_vector, activation0_vector};
    genvar b;
    generate
        for (b = 0; b < N / NONZEROS; b = b + 1) begin : gen_block
            assign vector[b*BLOCK*OP_W +: NONZEROS*OP_W] =
                blocks ? both[b*BLOCK*OP_W +: NONZEROS*OP_W] : plain[b*NONZEROS*OP_W +: NONZEROS*OP_W];
            assign vector[(b*BLOCK+NONZEROS)*OP_W +: (BLOCK-NONZEROS)*OP_W] =
                both[(b*BLOCK+NONZEROS)*OP_W +: (BLOCK-NONZEROS)*OP_W] & {(BLOCK-NONZEROS)*OP_W{blocks}};
        end
    endgenerate
    assign activation0_vector_ready = go && (blocks || !odd_q);
    assign activation1_vector_ready = go && (blocks || odd_q);
<%- endif %>
<%- if function_w != 0 %>

    // A job's function travels with its shifts to the last sums.
    assign job_scale      = {<% if after_w != 0 %>job_after_i, <% endif %>job_function_i, job_scale_i};
    assign final_shift    = final_scale[SCALES_W-1:0];
    assign final_function = final_scale[SCALES_W +: FUNC_W];
<%- if after_w != 0 %>
    assign final_after    = final_scale[SCALES_W+FUNC_W +: AFTER_W];
<%- endif %>
<%- endif %>

    assign rounded     = {code_last, code};
    assign oldest_code = oldest[N*CODE_W-1:0];
    assign oldest_last = oldest[N*CODE_W];

@{ shell.instances }@

    // Events, counted a cycle later: counting is not to lengthen the paths that decide.
    reg               go_q;
    reg [COUNT_W-1:0] vector_count_q;
<%- if zero_skip %>
    reg               held_q;
    reg [COUNT_W-1:0] held_count_q;
<%- endif %>
<%- if block != 0 %>
    reg               row_wrong_q;
    reg [COUNT_W-1:0] mask_error_count_q;
<%- endif %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            go_q           <= 1'b0;
            vector_count_q <= {COUNT_W{1'b0}};
<%- if zero_skip %>
            held_q         <= 1'b0;
            held_count_q   <= {COUNT_W{1'b0}};
<%- endif %>
<%- if block != 0 %>
            row_wrong_q        <= 1'b0;
            mask_error_count_q <= {COUNT_W{1'b0}};
<%- endif %>
        end else begin
            go_q           <= go;
            vector_count_q <= clear_i ? {COUNT_W{1'b0}} : vector_count_q + {{(COUNT_W-1){1'b0}}, go_q};
<%- if zero_skip %>
            held_q         <= held;
            held_count_q   <= clear_i ? {COUNT_W{1'b0}} : held_count_q + {{(COUNT_W-1){1'b0}}, held_q};
<%- endif %>
<%- if block != 0 %>
            row_wrong_q        <= row_wrong;
            mask_error_count_q <= clear_i ? {COUNT_W{1'b0}} : mask_error_count_q + {{(COUNT_W-1){1'b0}}, row_wrong_q};
<%- endif %>
        end
    end
    assign vector_count_o = vector_count_q;
<%- if zero_skip %>
    assign held_count_o = held_count_q;
<%- endif %>
<%- if block != 0 %>
    assign mask_error_count_o = mask_error_count_q;
<%- endif %>

endmodule
