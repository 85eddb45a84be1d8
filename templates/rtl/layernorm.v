<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N          = @{ n }@;
    localparam VALUE_W    = @{ value_w }@;
    localparam CODE_W     = 8;
    localparam SQUARE_W   = @{ square_w }@;
    localparam LENGTH_W   = @{ length_w }@;
    localparam LEFT_W     = @{ left_w }@;
    localparam SUM_W      = @{ sum_w }@;
    localparam SQUARES_W  = @{ squares_w }@;
    localparam FACTOR_W   = @{ factor_w }@;
    localparam TRIPLE_W   = FACTOR_W + 2;
    localparam TERM_W     = @{ term_w }@;
    localparam HIGH_W     = @{ high_w }@;
    localparam SHIFT_W    = @{ shift_w }@;
    localparam CHANNEL_W  = @{ channel_w }@;
    localparam EDGE_W     = @{ lane_w }@;
    localparam COUNT_W    = @{ count_w }@;
    localparam VECTOR_SUM_W     = VALUE_W + EDGE_W;
    localparam VECTOR_SQUARES_W = SQUARE_W + EDGE_W;
    localparam GROUP      = @{ group }@;  // lanes that share a copy of their row's constants
<%- if row_buffer %>
    localparam WORDS      = @{ words }@;
    localparam ADDRESS_W  = @{ address_w }@;
    localparam LEVEL_W    = @{ level_w }@;
<%- endif %>

@{ shell.declare("front back done hand_over value_q square sum_q squares_q start channels read write scale group
    factor triple offset distance used_at_z bias scale_plain_q") }@

    // Lanes that a vector uses: all but those beyond the last channel, whose lane is the edge, in the last of
    // a row.
    function [N-1:0] lanes;
        input              ending;
        input [EDGE_W-1:0] tail;
        integer            i;
        begin
            for (i = 0; i < N; i = i + 1) lanes[i] = !ending || i[EDGE_W-1:0] <= tail;
        end
    endfunction

    // Stages in front of the parameters, and from the parameters on: the latter move when the vector at the
    // end is taken or there is none, the former also wait for the parameters.
    reg row_at_raw_q;    // a vector of the second pass waits to be multiplied
    reg row_at_term_q;   // ... for its parameters
    reg row_at_y_q;
    reg row_at_sum_q;
    reg row_at_z_q;
    reg row_at_norm_q;
    assign back  = !row_at_norm_q || norm_ready_i;
    assign front = !row_at_term_q || (back && parameter_valid_i);
    assign parameter_ready_o = back && row_at_term_q;

    // First pass. left_q is how many channels are to come, less one.
    reg                  row_valid_q;
    reg  [LENGTH_W-1:0]  length_q;
    reg                  plain_q;
    reg  [SHIFT_W-1:0]   bias_q;
<%- if !row_buffer %>
    reg                  row_last_q;
<%- endif %>
    reg  [LEFT_W-1:0] left_q;
    reg                  busy_q;  // sums are on their way to the scale, or the scale is at work or waits to be taken
    wire                 ending = left_q < N[LEFT_W-1:0];
    wire                 gather;  // a vector is taken for the first pass
    wire                 close = gather && ending;

    // The row whose sums the scale works on.
    reg  [LENGTH_W-1:0]  scale_length_q;
    reg  [SHIFT_W-1:0]   scale_bias_q;

    assign row_ready_o = !row_valid_q || close;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) row_valid_q <= 1'b0;
        else if (row_ready_o) row_valid_q <= row_valid_i;
    end

    always @(posedge clk_i) begin
        if (row_ready_o) begin
            length_q   <= row_length_i;
            plain_q    <= row_plain_i;
            bias_q     <= row_exponent_bias_i + @{ shift_w }@'d@{ fraction }@;  // of z's fraction bits
<%- if !row_buffer %>
            row_last_q <= row_last_i;
<%- endif %>
            left_q     <= @{ row_left }@;
        end else if (gather) begin
            left_q     <= left_q - N[LEFT_W-1:0];
        end
        if (close) begin
            scale_length_q <= length_q;
            scale_bias_q   <= bias_q;
            scale_plain_q  <= plain_q;
        end
    end

    // Second pass: the constants of its row are loaded when the row before has none of its vectors in front
    // of them.
    reg                  loaded_q;
    reg  [LEFT_W-1:0] rest_q;
    wire                 apply;  // a vector is taken for the second pass
    wire                 apply_ending;
    assign hand_over = done && front && !loaded_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            busy_q   <= 1'b0;
            loaded_q <= 1'b0;
        end else begin
            if (close) busy_q <= 1'b1;
            else if (hand_over) busy_q <= 1'b0;
            if (apply) loaded_q <= !apply_ending;
<%- if !row_buffer %>
            else if (hand_over) loaded_q <= 1'b1;
<%- endif %>
        end
    end
<%- if row_buffer %>

    // Rows wait in a ring of two rows' vectors: the second pass follows the first by less than a row.
    reg  [LEVEL_W-1:0]   level_q;
    reg                  room_q;
    reg  [ADDRESS_W-1:0] write_address_q;
    reg  [ADDRESS_W-1:0] read_address_q;
    reg                  write_q;
    wire [LEVEL_W-1:0]   level = level_q + {{(LEVEL_W-1){1'b0}}, gather} - {{(LEVEL_W-1){1'b0}}, apply};
    assign residual_ready_o = row_valid_q && room_q && !(ending && busy_q);
    assign gather = residual_valid_i && residual_ready_o;

    wire [LEFT_W-1:0] rest = loaded_q ? rest_q : @{ scale_left }@;
    assign apply       = front && (loaded_q || done);
    assign apply_ending = @{ rest }@ < N[LEFT_W-1:0];
    always @(posedge clk_i) if (apply) rest_q <= rest - N[LEFT_W-1:0];

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            level_q         <= {LEVEL_W{1'b0}};
            room_q          <= 1'b1;
            write_q         <= 1'b0;
            write_address_q <= {ADDRESS_W{1'b0}};
            read_address_q  <= {ADDRESS_W{1'b0}};
        end else begin
            level_q <= level;
            room_q  <= level != WORDS[LEVEL_W-1:0];
            write_q <= gather;
            if (write_q)
                write_address_q <= write_address_q == WORDS[ADDRESS_W-1:0] - 1'b1 ? {ADDRESS_W{1'b0}}
                                                                                  : write_address_q + 1'b1;
            if (apply)
                read_address_q <= read_address_q == WORDS[ADDRESS_W-1:0] - 1'b1 ? {ADDRESS_W{1'b0}}
                                                                                : read_address_q + 1'b1;
        end
    end

    assign write_enable  = write_q;
    assign write_address = write_address_q;
    assign read_address  = read_address_q;
    assign read_enable   = apply;
    wire         misplaced = gather && residual_last_i != ending;
    wire         load      = gather;
    wire [N-1:0] used      = lanes(ending, left_q[EDGE_W-1:0]);
<%- else %>

    // Passes of neighbouring rows alternate, so that the scale of a row is found during the second pass of
    // the row before: first pass of row 0; then of each row i the first pass, and the second of row i - 1; at
    // last the second of the last.
    reg  [1:0] waiting_q;  // rows between their passes
    reg        closing_q;  // the last one of them is the last of all
    wire       second = waiting_q == 2'd2 || (waiting_q == 2'd1 && closing_q);
    assign residual_ready_o = front && (second ? loaded_q : row_valid_q && !(ending && busy_q));
    wire       load   = residual_valid_i && residual_ready_o;
    assign gather      = load && !second;
    assign apply       = load && second;
    assign apply_ending = @{ rest }@ < N[LEFT_W-1:0];

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            waiting_q <= 2'd0;
            closing_q <= 1'b0;
        end else begin
            if (close) begin
                waiting_q <= waiting_q + 2'd1;
                closing_q <= row_last_q;
            end else if (apply && apply_ending) begin
                waiting_q <= waiting_q - 2'd1;
            end
        end
    end

    always @(posedge clk_i) begin
        if (hand_over) rest_q <= @{ scale_left }@;
        else if (apply) rest_q <= rest_q - N[LEFT_W-1:0];
    end

    wire         misplaced = load && residual_last_i != (second ? apply_ending : ending);
    wire [N-1:0] used      = lanes(!second && ending, left_q[EDGE_W-1:0]);
<%- endif %>

    // Values are moved up by half their range: V and the distances from the mean stay as they are, and
    // nothing has a sign.
    integer v;
    always @(posedge clk_i) begin
        if (load)
            for (v = 0; v < N; v = v + 1)
                value_q[v*VALUE_W +: VALUE_W]
                    <= {!residual_data_i[v*VALUE_W+VALUE_W-1], residual_data_i[v*VALUE_W +: VALUE_W-1]}
                     & {VALUE_W{used[v]}};
    end

    // The sums of a vector, and of the row up to it.
    reg [2:0]           gathered_q;  // with the value, the squares, the sums of the vector
    reg [3:0]           closed_q;    // ... and the sums of the row
    reg [2:0]           opens_q;
    reg                 open_q;      // the next vector is the first of a row
    reg [VECTOR_SUM_W-1:0]     vector_sum;
    reg [VECTOR_SQUARES_W-1:0] vector_squares;
    reg [VECTOR_SUM_W-1:0]     early_sum_q;
    reg [VECTOR_SUM_W-1:0]     vector_sum_q;
    reg [VECTOR_SQUARES_W-1:0] vector_squares_q;
    integer t;
    always @* begin
        vector_sum     = {VECTOR_SUM_W{1'b0}};
        vector_squares = {VECTOR_SQUARES_W{1'b0}};
        for (t = 0; t < N; t = t + 1) begin
            vector_sum     = vector_sum + {{EDGE_W{1'b0}}, value_q[t*VALUE_W +: VALUE_W]};
            vector_squares = vector_squares + {{EDGE_W{1'b0}}, square[t*SQUARE_W +: SQUARE_W]};
        end
    end

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            gathered_q <= 3'd0;
            closed_q   <= 4'd0;
            open_q     <= 1'b1;
        end else begin
            gathered_q <= {gathered_q[1:0], gather};
            closed_q   <= {closed_q[2:0], close};
            if (gather) open_q <= ending;
        end
    end

    always @(posedge clk_i) begin
        opens_q          <= {opens_q[1:0], open_q};
        early_sum_q      <= vector_sum;
        vector_sum_q     <= early_sum_q;
        vector_squares_q <= vector_squares;
        if (gathered_q[2]) begin
            sum_q     <= (sum_q & {SUM_W{!opens_q[2]}}) + {{(SUM_W-VECTOR_SUM_W){1'b0}}, vector_sum_q};
            squares_q <= (squares_q & {SQUARES_W{!opens_q[2]}})
                       + {{(SQUARES_W-VECTOR_SQUARES_W){1'b0}}, vector_squares_q};
        end
    end
    assign start    = closed_q[3];
    assign channels = {1'b0, scale_length_q} + 1'b1;

    // The constants of the row that is multiplied stand in one copy for each group of lanes.
    genvar g;
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_copy
            assign factor[g*FACTOR_W +: FACTOR_W] = group_factor[g/GROUP*FACTOR_W +: FACTOR_W];
            assign triple[g*TRIPLE_W +: TRIPLE_W] = group_triple[g/GROUP*TRIPLE_W +: TRIPLE_W];
            assign offset[g*TERM_W +: TERM_W]     = group_offset[g/GROUP*TERM_W +: TERM_W];
            assign distance[g*HIGH_W +: HIGH_W]   = group_distance[g/GROUP*HIGH_W +: HIGH_W];
        end
    endgenerate

    // What travels with the vectors of the second pass.
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            row_at_raw_q  <= 1'b0;
            row_at_term_q <= 1'b0;
            row_at_y_q    <= 1'b0;
            row_at_sum_q  <= 1'b0;
            row_at_z_q    <= 1'b0;
            row_at_norm_q <= 1'b0;
        end else begin
            if (front) begin
                row_at_raw_q  <= apply;
                row_at_term_q <= row_at_raw_q;
            end
            if (back) begin
                row_at_y_q    <= row_at_term_q && parameter_valid_i;
                row_at_sum_q  <= row_at_y_q;
                row_at_z_q    <= row_at_sum_q;
                row_at_norm_q <= row_at_z_q;
            end
        end
    end

    reg [1:0]           last_front_q;
    reg [3:0]           last_back_q;
    reg [2*EDGE_W-1:0]  tail_front_q;
    reg [EDGE_W-1:0]    tail_y_q;
    reg [N-1:0]         used_q;
    reg [SHIFT_W-1:0]   bias_raw_q;
    reg [SHIFT_W-1:0]   bias_term_q;
    reg [SHIFT_W-1:0]   bias_y_q;
    reg [SHIFT_W-1:0]   bias_sum_q;
    always @(posedge clk_i) begin
        if (hand_over) bias_raw_q <= scale_bias_q;
        if (front) begin
            last_front_q   <= {last_front_q[0], apply_ending};
            tail_front_q <= {tail_front_q[EDGE_W-1:0], @{ rest }@[EDGE_W-1:0]};
            bias_term_q    <= bias_raw_q;
        end
        if (back) begin
            last_back_q   <= {last_back_q[2:0], last_front_q[1]};
            tail_y_q      <= tail_front_q[EDGE_W +: EDGE_W];
            used_q        <= lanes(last_back_q[0], tail_y_q);
            bias_y_q      <= bias_term_q;
            bias_sum_q    <= bias_y_q;
        end
    end
    assign used_at_z = used_q;
    assign bias      = bias_sum_q;

@{ shell.instances }@

    assign norm_valid_o = row_at_norm_q;
    assign norm_last_o  = last_back_q[3];

    <% call length_errors::count("misplaced") %><% endcall %>

endmodule
