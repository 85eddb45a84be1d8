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
<%- if function_w + wide_shift_w != 0 %>
    localparam SCALES_W = N * @{ shift_w }@;
<%- endif %>
<%- if function_w != 0 %>
    localparam FUNC_W   = @{ function_w }@;
<%- endif %>
<%- if activation_shift_w != 0 %>
    localparam ACTIVATION_SHIFT_W = @{ activation_shift_w }@;
<%- endif %>
<%- if wide_shift_w != 0 %>
    localparam WIDE_SHIFT_W = @{ wide_shift_w }@;
    localparam WIDES_W  = @{ wides_w }@;
<%- endif %>
<%- if block != 0 %>
    localparam OP_W     = @{ op_w }@;
    localparam NONZEROS = @{ nonzeros }@;
    localparam BLOCK    = @{ block }@;
    localparam SELECT_W = @{ select_w }@;
<%- endif %>

@{ shell.declare("load lane_q select columns swap go row_q first_pass last_pass start close vector job_scale
    final final_shift final_function final_activation_shift wide_shift code rounded oldest held") }@

    // Weights: row after row of the next tile goes to the array's shadow registers while the tile before
    // multiplies.
    reg tile_full_q;
    assign weight_ready_o = !tile_full_q || swap;
    assign load           = weight_valid_i && weight_ready_o;

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
<%- if block != 0 %>

    // What was found in the masks of a plain row says nothing: its multipliers have their first choice.
    assign select = weight_select_i & {N*SELECT_W{weight_block_i}};

    // A tile is of the kind of its first row.
    reg  tile_block_q;
    reg  active_block_q;
    wire tile_block = lane_q == {LANE_W{1'b0}} ? weight_block_i : tile_block_q;
    wire row_wrong  = load
                   && (weight_block_i != tile_block || (weight_block_i && weight_error_i != {(N/NONZEROS){1'b0}}));

    always @(posedge clk_i) begin
        if (load) tile_block_q <= tile_block;
        if (swap) active_block_q <= tile_block_q;
    end
<%- endif %>
<%- if wide_shift_w != 0 %>

    // Its first item says whether a tile comes by columns.
    reg columns_q;
    assign columns = lane_q == {LANE_W{1'b0}} ? weight_columns_i : columns_q;
    always @(posedge clk_i) if (load) columns_q <= columns;
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
    wire              vector_valid = activation_valid_i;
<%- else %>
    wire              blocks       = first_row ? tile_block_q : active_block_q;
    reg               odd_q;  // which of the two input tiles the next plain tile of a job takes
    wire              vector_valid = (activation0_valid_i || (!blocks && odd_q))
                                  && (activation1_valid_i || (!blocks && !odd_q));
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
    wire give = result_valid_o && result_ready_i;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= ROOM[ROOM_W-1:0];
        else if (go && last_pass && !give) room_q <= room_q - 1'b1;
        else if (give && !(go && last_pass)) room_q <= room_q + 1'b1;
    end
<% if block == 0 %>
    assign vector             = activation_data_i;
    assign activation_ready_o = go;
<%- else %>
    // A block tile takes both input tiles; a plain one takes the even or the odd, spread so that choice 0
    // finds it.
    wire [N*OP_W-1:0] plain = odd_q ? activation1_data_i : activation0_data_i;
    wire [2*N*OP_W-1:0] both = {activation1_data_i, activation0_data_i};
    genvar b;
    generate
        for (b = 0; b < N / NONZEROS; b = b + 1) begin : gen_block
            assign vector[b*BLOCK*OP_W +: NONZEROS*OP_W] =
                blocks ? both[b*BLOCK*OP_W +: NONZEROS*OP_W] : plain[b*NONZEROS*OP_W +: NONZEROS*OP_W];
            assign vector[(b*BLOCK+NONZEROS)*OP_W +: (BLOCK-NONZEROS)*OP_W] =
                both[(b*BLOCK+NONZEROS)*OP_W +: (BLOCK-NONZEROS)*OP_W] & {(BLOCK-NONZEROS)*OP_W{blocks}};
        end
    endgenerate
    assign activation0_ready_o = go && (blocks || !odd_q);
    assign activation1_ready_o = go && (blocks || odd_q);
<%- endif %>
<%- if function_w + wide_shift_w != 0 %>

    // What else belongs to a job travels with its shifts to the last sums.
    assign job_scale      = {<% if wide_shift_w != 0 %>job_wide_shift_i, <% endif %><% if activation_shift_w != 0 %>job_activation_shift_i, <% endif %>
<%- if function_w != 0 %>job_function_i, <% endif %>job_scale_i};
    assign final_shift    = final_scale[SCALES_W-1:0];
<%- endif %>
<%- if function_w != 0 %>
    assign final_function = final_scale[SCALES_W +: FUNC_W];
<%- endif %>
<%- if activation_shift_w != 0 %>
    assign final_activation_shift = final_scale[SCALES_W+FUNC_W +: ACTIVATION_SHIFT_W];
<%- endif %>
<%- if wide_shift_w != 0 %>
<%- if activation_latency == 0 %>
    assign wide_shift = final_scale[SCALES_W +: WIDE_SHIFT_W];
<%- else %>

    // The wide shift waits while its sums are in the activation.
    reg [@{ activation_latency }@*WIDE_SHIFT_W-1:0] wide_shift_q;
    assign wide_shift = wide_shift_q[@{ activation_latency - 1 }@*WIDE_SHIFT_W +: WIDE_SHIFT_W];
    always @(posedge clk_i) begin
<%- if activation_latency == 1 %>
        wide_shift_q <= final_scale[SCALES_W+FUNC_W<% if activation_shift_w != 0 %>+ACTIVATION_SHIFT_W<% endif %> +: WIDE_SHIFT_W];
<%- else %>
        wide_shift_q <= {
            wide_shift_q[0 +: @{ activation_latency - 1 }@*WIDE_SHIFT_W],
            final_scale[SCALES_W+FUNC_W<% if activation_shift_w != 0 %>+ACTIVATION_SHIFT_W<% endif %> +: WIDE_SHIFT_W]
        };
<%- endif %>
    end
<%- endif %>
<%- endif %>
<% if wide_shift_w == 0 %>
    assign rounded       = {code_last, code};
    assign result_code_o = oldest[N*CODE_W-1:0];
    assign result_last_o = oldest[N*CODE_W];
<%- else %>
    assign rounded       = {code_last, code_wide, code};
    assign result_code_o = oldest[N*CODE_W-1:0];
    assign result_wide_o = oldest[N*CODE_W +: WIDES_W];
    assign result_last_o = oldest[N*CODE_W+WIDES_W];
<%- endif %>

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
