@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam LANES    = @{ lanes }@;
    localparam LANE_W   = @{ lane_w }@;
    localparam TILE_W   = @{ row_w }@;  // numbers the elements of a tile
    localparam ADDR_W   = @{ addr_w }@;
    localparam COUNT_W  = @{ count_w }@;
    localparam MASK_W   = @{ mask_w }@;
    localparam LENGTH_W = @{ length_w }@;  // numbers the elements of a row
    localparam VALID_W  = LENGTH_W + 1;
    localparam VECTOR_W = LENGTH_W - LANE_W;  // numbers the vectors of a row
    localparam PLACE_W  = COUNT_W + 2;  // what is between two places, each the sum of two counts
    localparam RAMP_W   = 3;

<%- if let Some(of) = hierarchy %>
    localparam PARENT_W   = @{ of.parent_w }@;  // numbers parents
    localparam CHILD_W    = @{ of.child_w }@;  // numbers the children of a parent
    localparam PARENTS_W  = @{ of.parents_w }@;  // counts parents
    localparam CHILDREN_W = @{ of.children_w }@;
    localparam WEIGHTS_W  = PARENTS_W + CHILDREN_W;
    localparam SCORES_W   = WEIGHTS_W + 1;
<%- endif %>

<#- Beside these the nets between reader, writer and two units. #>

@{ shell.declare("start keep clear tail rows source_base source_tiles source_tile source_row result_base result_tiles
                  result_tile result_row row mask {}"|format(shared)) }@

    // One instruction at a time. Every part begins with it.
    reg busy_q;
    assign softmax_ready_o = !busy_q;
    assign keep  = 1'b1;
    assign clear = 1'b0;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) busy_q <= 1'b0;
        else if (start) busy_q <= 1'b1;
        else if (done_o) busy_q <= 1'b0;
    end
<% if hierarchy.is_none() %>
    assign start        = softmax_valid_i && !busy_q;
    assign tail         = @{ last_piece }@;  // tiles are whole
    assign rows         = softmax_rows_i;
    assign source_base  = softmax_source_base_i;
    assign source_tiles = softmax_tiles_i;
    assign result_base  = softmax_result_base_i;
    assign result_tiles = softmax_tiles_i;
<%- for step in ["source_tile", "source_row", "result_tile", "result_row"] %>
    assign @{ "{:12}"|format(step) }@ = {{(ADDR_W-COUNT_W){1'b0}}, softmax_@{ step }@_i};
<%- endfor %>
    wire begins = start;
<% endif -%>
<%- if let Some(of) = hierarchy %>
    // One of the two units is at work: reader and writer serve it.
    wire tree   = hierarchical_softmax_valid_i;
    wire begins = start && !tree;
    reg  tree_q;
    assign hierarchical_softmax_ready_o = !busy_q;
    assign start = (softmax_valid_i || tree) && !busy_q;
    always @(posedge clk_i) if (start) tree_q <= tree;

    // Scores and weights of a row, and the last of each: of its tile, of its piece in it.
    wire [PARENTS_W-1:0]  parents      = hierarchical_softmax_parents_i[PARENTS_W-1:0];
    wire [CHILDREN_W-1:0] children     = hierarchical_softmax_children_i[CHILDREN_W-1:0];
    wire [WEIGHTS_W-1:0]  weights      = {{CHILDREN_W{1'b0}}, parents} * {{PARENTS_W{1'b0}}, children};
    wire [SCORES_W-1:0]   final_score  = {1'b0, weights} + {{(SCORES_W-PARENTS_W){1'b0}}, parents} - 1'b1;
    wire [WEIGHTS_W-1:0]  final_weight = weights - 1'b1;
    wire [COUNT_W-1:0]    score_tile   = {{(COUNT_W-SCORES_W){1'b0}}, final_score} >> TILE_W;
    wire [COUNT_W-1:0]    weight_tile  = {{(COUNT_W-WEIGHTS_W){1'b0}}, final_weight} >> TILE_W;
    wire unused_counts = ^{hierarchical_softmax_parents_i[7:PARENTS_W], hierarchical_softmax_children_i[7:CHILDREN_W],
                           hierarchical_softmax_largest_i[7:PARENT_W]};
    assign rows         = tree ? hierarchical_softmax_rows_i : softmax_rows_i;
    assign source_base  = tree ? hierarchical_softmax_source_base_i : softmax_source_base_i;
    assign source_tiles = tree ? score_tile + 1'b1 : softmax_tiles_i;
    assign result_base  = tree ? hierarchical_softmax_result_base_i : softmax_result_base_i;
    assign result_tiles = tree ? weight_tile + 1'b1 : softmax_tiles_i;
    assign passes       = {{(COUNT_W-2){1'b0}}, tree, !tree};
    assign again        = {ADDR_W{1'b0}};  // a pass is over the same rows
<%- for step in ["source_tile", "source_row", "result_tile", "result_row"] %>
    assign @{ "{:12}"|format(step) }@ = {{(ADDR_W-COUNT_W){1'b0}}, tree ? hierarchical_softmax_@{ step }@_i : softmax_@{ step }@_i};
<%- endfor %>

    // Tiles of attention scores are whole.
<%- if of.pieces == 1 %>
    assign tail = @{ last_piece }@;
<%- else %>
    reg [TILE_W-LANE_W-1:0] tail_q;
    wire [COUNT_W-1:0]      final_place = {{(COUNT_W-SCORES_W){1'b0}}, final_score};
    wire unused_place = ^{final_place[COUNT_W-1:TILE_W], final_place[LANE_W-1:0]};
    assign tail = tail_q;
    always @(posedge clk_i) if (start) tail_q <= tree ? final_place[TILE_W-1:LANE_W] : @{ last_piece }@;
<%- endif %>

    assign score_valid      = piece_valid && !tree_q;
    assign tree_score_valid = piece_valid && tree_q;
    assign score_data       = piece_data;
    assign tree_score_data  = piece_data;
    assign score_last       = piece_last;
    assign tree_score_last  = piece_last;
    assign piece_ready      = tree_q ? tree_score_ready : score_ready;
    assign result_valid     = tree_q ? tree_code_valid : code_valid;
    assign result_data      = tree_q ? tree_code_data : code_data;
    assign result_last      = tree_q ? tree_code_last : code_last;
    assign code_ready       = result_ready && !tree_q;
    assign tree_code_ready  = result_ready && tree_q;
<% endif %>
    // Elements of a row, less one. No row is longer than the unit's longest.
    wire [COUNT_W+TILE_W-1:0]        elements        = {softmax_tiles_i, {TILE_W{1'b0}}} - 1'b1;
    wire [COUNT_W+TILE_W-1:LENGTH_W] unused_elements = elements[COUNT_W+TILE_W-1:LENGTH_W];
    wire [COUNT_W-1:VALID_W]         unused_count    = softmax_count_i[COUNT_W-1:VALID_W];
    reg  [LENGTH_W-1:0]              length_q;
    reg  [VALID_W-1:0]               count_q;

    // Rows for the unit; what remains counts those after the next.
    reg                row_active_q;
    reg  [COUNT_W-1:0] rows_remaining_q;
    assign row_valid  = row_active_q<% if hierarchy.is_some() %> && !tree_q<% endif %>;
    assign row_length = length_q;
    assign row_count  = count_q;

<% if hierarchy.is_some() %>
    reg [PARENT_W-1:0] parents_q;
    reg [CHILD_W-1:0]  children_q;
    reg [PARENT_W-1:0] largest_q;
    assign tree_row_valid    = row_active_q && tree_q;
    assign tree_row_parents  = parents_q;
    assign tree_row_children = children_q;
    assign tree_row_largest  = largest_q;
    always @(posedge clk_i) begin
        if (start) begin
            parents_q  <= hierarchical_softmax_parents_i[PARENT_W-1:0] - 1'b1;
            children_q <= hierarchical_softmax_children_i[CHILD_W-1:0] - 1'b1;
            largest_q  <= hierarchical_softmax_largest_i[PARENT_W-1:0] - 1'b1;
        end
    end

    wire row_taken = tree_q ? tree_row_ready : row_ready;
<% else %>
    wire row_taken = row_ready;
<% endif %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) row_active_q <= 1'b0;
        else if (start) row_active_q <= 1'b1;
        else if (row_taken && rows_remaining_q == {COUNT_W{1'b0}}) row_active_q <= 1'b0;
    end
    always @(posedge clk_i) begin
        if (start) begin
            length_q         <= elements[LENGTH_W-1:0];
            count_q          <= softmax_count_i[VALID_W-1:0];
            rows_remaining_q <= rows - 1'b1;
        end else if (row_active_q && row_taken) begin
            rows_remaining_q <= rows_remaining_q - 1'b1;
        end
    end

    // Masks, a vector for each of scores, in three stages that move together: how far each element is from
    // the row's place, what span and ramp leave at that distance, and which part of the ramp that is.
    reg                span_active_q;
    reg                limit_q;
    reg [RAMP_W-1:0]   ramp_q;
    reg [PLACE_W-1:0]  reach_q;        // span and ramp
    reg [COUNT_W-1:0]  span_rows_q;    // rows after this one
    reg [VECTOR_W-1:0] span_vectors_q; // vectors of the row after this one
    reg [PLACE_W-1:0]  row_place_q;    // from the row's place to its first element
    reg [PLACE_W-1:0]  place_q;        // to the first of the vector
    reg [2:0]          stage_valid_q;
    wire               advance = !stage_valid_q[2] || mask_ready;
    wire               row_end = span_vectors_q == {VECTOR_W{1'b0}};
    wire [PLACE_W-1:0] first   = {2'b00, softmax_first_column_i} - {2'b00, softmax_first_row_i};

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            span_active_q <= 1'b0;
            stage_valid_q <= 3'd0;
        end else begin
            if (begins) span_active_q <= 1'b1;
            else if (advance && row_end && span_rows_q == {COUNT_W{1'b0}}) span_active_q <= 1'b0;
            if (advance) stage_valid_q <= {stage_valid_q[1:0], span_active_q};
        end
    end
    always @(posedge clk_i) begin
        if (start) begin
            limit_q        <= softmax_limit_i;
            ramp_q         <= softmax_ramp_i;
            reach_q        <= {2'b00, softmax_span_i} + ({{(PLACE_W-1){1'b0}}, 1'b1} << softmax_ramp_i);
            span_rows_q    <= softmax_rows_i - 1'b1;
            span_vectors_q <= elements[LENGTH_W-1:LANE_W];
            row_place_q    <= first;
            place_q        <= first;
        end else if (advance && row_end) begin
            span_rows_q    <= span_rows_q - 1'b1;
            span_vectors_q <= length_q[LENGTH_W-1:LANE_W];
            row_place_q    <= row_place_q - 1'b1;
            place_q        <= row_place_q - 1'b1;
        end else if (advance) begin
            span_vectors_q <= span_vectors_q - 1'b1;
            place_q        <= place_q + LANES[PLACE_W-1:0];
        end
    end

    // A ramp of 2^ramp in 128 parts: what is left of it moves up by 7 - ramp, and is whole from 2^ramp on.
    function [MASK_W-1:0] part;
        input [PLACE_W-1:0] remaining;
        input [RAMP_W-1:0]  ramp;
        reg   [PLACE_W-2:0] whole;
        begin
            whole = remaining[PLACE_W-2:0] >> ramp;
            if (remaining[PLACE_W-1]) part = {MASK_W{1'b0}};
            else if (whole != {(PLACE_W-1){1'b0}}) part = 8'd128;
            else part = {1'b0, remaining[6:0]} << (3'd7 - ramp);
        end
    endfunction

    reg [LANES*PLACE_W-1:0] distance_q;
    reg [LANES*PLACE_W-1:0] remaining_q;
    reg [LANES*MASK_W-1:0]  mask_q;
    integer l;
    always @(posedge clk_i) begin
        if (advance) begin
            for (l = 0; l < LANES; l = l + 1) begin
                distance_q[l*PLACE_W +: PLACE_W]  <= place_q + l[PLACE_W-1:0];
                remaining_q[l*PLACE_W +: PLACE_W] <= distance_q[l*PLACE_W+PLACE_W-1]
                                              ? reach_q + distance_q[l*PLACE_W +: PLACE_W]
                                              : reach_q - distance_q[l*PLACE_W +: PLACE_W];
                mask_q[l*MASK_W +: MASK_W]        <= limit_q ? part(remaining_q[l*PLACE_W +: PLACE_W], ramp_q) : 8'd128;
            end
        end
    end
    assign mask_valid = stage_valid_q[2];
    assign mask_data  = mask_q;

@{ shell.instances }@

endmodule
