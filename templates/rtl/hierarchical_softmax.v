<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam SCORE_W   = 16;
    localparam LANES     = @{ lanes }@;
    localparam LAST_LANE = @{ lanes - 1 }@;
    localparam LANE_W    = @{ lane_w }@;
    localparam PARENT_W  = @{ parent_w }@;  // numbers parents
    localparam CHILD_W   = @{ child_w }@;  // numbers children of a parent
    localparam PARENTS   = 1 << PARENT_W;
    localparam CHILDREN  = 1 << CHILD_W;
    localparam RANK_W    = PARENT_W + 1;  // counts parents
    localparam OFFSET_W  = 20;  // distances and exponents, Q.10
    localparam FIELD_W   = OFFSET_W + 1;  // an offset, and whether its parent is chosen
    localparam POWER_W   = 16;  // Q1.15
    localparam SUM_W     = @{ 16 + sum_bits }@;  // S, Q.15
    localparam ZEROS_W   = @{ zeros_w }@;  // numbers the zeros above the leading one of S
    localparam MANT_W    = 12;
    localparam LOG_W     = @{ 10 + zeros_w }@;  // L, Q.10
    localparam CODE_W    = 8;
    localparam COUNT_W   = @{ count_w }@;
    localparam [2:0] IDLE = 3'd0, KEEP = 3'd1, SUM = 3'd2, FLUSH = 3'd3, SUMMED = 3'd4, RANK = 3'd5, RANKED = 3'd6,
                     WEIGH = 3'd7;

@{ shell.declare("segment place power mantissa_q log significand code_scale code") }@

    // Everything moves unless a vector of codes waits.
    reg  code_valid_q;
    wire move = !code_valid_q || code_ready_i;

    // A row goes through the states: the first pass is KEEP and SUM, the second RANK and WEIGH.
    reg  [2:0]          state_q;
    reg  [PARENT_W-1:0] parents_q;  // of the row, less one
    reg  [CHILD_W-1:0]  children_q;
    reg  [PARENT_W-1:0] largest_q;
    reg  [PARENT_W-1:0] parent_q;   // of the next element
    reg  [CHILD_W-1:0]  child_q;
    wire                keeps       = state_q == KEEP;
    wire                sums        = state_q == SUM;
    wire                flushes     = state_q == FLUSH;
    wire                ranks       = state_q == RANK;
    wire                weighs      = state_q == WEIGH;
    wire                takes       = keeps || sums || ranks || weighs;
    wire                step        = move && ((takes && score_valid_i) || flushes);
    wire                last_parent = parent_q == parents_q;
    wire                last_child  = child_q == children_q;
    wire                group_end   = keeps || ranks || last_child;
    wire                step_end    = step && group_end && (flushes || last_parent);
    wire                pass_end    = group_end && last_parent && (sums || weighs);
    wire                open        = row_valid_i && row_ready_o;
    reg  [5:0]          flight_q;  // what is summed, on its way to its logarithm
    wire                landed      = move && flight_q == 6'd0;
    assign row_ready_o = state_q == IDLE;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) state_q <= IDLE;
        else begin
            case (state_q)
                IDLE:    if (row_valid_i) state_q <= KEEP;
                KEEP:    if (step_end) state_q <= SUM;
                SUM:     if (step_end) state_q <= FLUSH;
                FLUSH:   if (step_end) state_q <= SUMMED;
                SUMMED:  if (landed) state_q <= RANK;
                RANK:    if (step_end) state_q <= RANKED;
                RANKED:  if (landed) state_q <= WEIGH;
                default: if (step_end) state_q <= IDLE;
            endcase
        end
    end

    always @(posedge clk_i) begin
        if (open) begin
            parents_q  <= row_parents_i;
            children_q <= row_children_i;
            largest_q  <= row_largest_i;
        end
        if (open || step_end) parent_q <= {PARENT_W{1'b0}};
        else if (step && group_end) parent_q <= parent_q + 1'b1;
        if (open || (step && group_end)) child_q <= {CHILD_W{1'b0}};
        else if (step) child_q <= child_q + 1'b1;
    end

    // Scores, one a cycle, with the sign bit inverted.
    reg  [LANE_W-1:0] lane_q;
    wire              vector_end = pass_end || lane_q == LAST_LANE[LANE_W-1:0];
    assign score_ready_o = move && takes && vector_end;
    always @(posedge clk_i) begin
        if (open) lane_q <= {LANE_W{1'b0}};
        else if (step && !flushes) lane_q <= vector_end ? {LANE_W{1'b0}} : lane_q + 1'b1;
    end

    // Numbers decide; an end that the scores announce anywhere else is counted, a cycle later.
    <% call length_errors::count("step && takes && vector_end && score_last_i != pass_end") %><% endcall %>

    // The element, what it is, and what its exponent is counted from: in the second pass the parents' maximum,
    // and of a child its parent's offset.
    reg                 keep_q;
    reg                 load_q;    // a child of the first pass
    reg                 sum_q;     // one of the parent before leaves the buffer
    reg                 rank_q;
    reg                 weigh_q;
    reg                 first_q;
    reg                 last_q;    // of what is summed; of a row's weights
    reg                 end_q;     // of a parent's children
    reg [SCORE_W-1:0]   score_q;
    reg [CHILD_W-1:0]   position_q;
    reg [PARENT_W-1:0]  self_q;    // the parent's place among those kept
    reg [OFFSET_W-1:0]  base_q;
    reg                 chosen_q;
    reg [SCORE_W-1:0]   maximum_q; // of the parents
    reg [PARENT_W-1:0]  slot_q;    // of the next offset
    reg [PARENTS*FIELD_W-1:0] offsets_q;
    reg [LOG_W-1:0]     parent_log_q;
    wire [PARENT_W-1:0] oldest = ~parents_q;  // the place of the first parent: the last is at the top
    wire [PARENT_W-1:0] slot   = weighs ? parent_q : slot_q;
    wire [FIELD_W-1:0]  offset = offsets_q[slot*FIELD_W +: FIELD_W];
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            keep_q   <= 1'b0;
            load_q   <= 1'b0;
            sum_q    <= 1'b0;
            rank_q   <= 1'b0;
            weigh_q  <= 1'b0;
            flight_q <= 6'd0;
        end else if (move) begin
            keep_q   <= step && keeps;
            load_q   <= step && sums;
            sum_q    <= step && ((sums && parent_q != {PARENT_W{1'b0}}) || flushes);
            rank_q   <= step && ranks;
            weigh_q  <= step && weighs;
            flight_q <= {flight_q[4:0], step && (sums || flushes || ranks)};
        end
    end

    always @(posedge clk_i) begin
        if (move) begin
            score_q    <= score_data_i[lane_q*SCORE_W +: SCORE_W] ^ 16'h8000;
            first_q    <= keeps || ranks ? parent_q == {PARENT_W{1'b0}} : child_q == {CHILD_W{1'b0}};
            last_q     <= ranks ? last_parent : weighs ? pass_end : last_child;
            end_q      <= last_child;
            position_q <= child_q;
            self_q     <= oldest + parent_q;
            base_q     <= weighs ? offset[OFFSET_W-1:0] + {{(OFFSET_W-LOG_W){1'b0}}, parent_log_q}
                                 : {{(OFFSET_W-SCORE_W-2){1'b0}}, maximum_q, 2'b00};
            chosen_q   <= offset[OFFSET_W];
        end
    end

    // Parents of the first pass, the last at the top.
    reg [PARENTS*SCORE_W-1:0] kept_q;
    always @(posedge clk_i) begin
        if (move && keep_q) begin
            kept_q <= {score_q, kept_q[PARENTS*SCORE_W-1:SCORE_W]};
            if (first_q || score_q > maximum_q) maximum_q <= score_q;
        end
    end

    // Children of the first pass wait until the largest of them is known: one leaves where one comes.
    reg  [CHILDREN*SCORE_W-1:0] group_q;
    reg  [SCORE_W-1:0]          largest_child_q;  // of those that came
    reg  [SCORE_W-1:0]          peak_q;           // of those that leave
    wire [SCORE_W-1:0]          leaving = group_q[position_q*SCORE_W +: SCORE_W];
    wire [SCORE_W-1:0]          larger  = first_q || score_q > largest_child_q ? score_q : largest_child_q;
    always @(posedge clk_i) begin
        if (move && load_q) begin
            group_q[position_q*SCORE_W +: SCORE_W] <= score_q;
            largest_child_q <= larger;
            if (end_q) peak_q <= larger;
        end
    end

    // A parent is chosen if fewer than K others precede it.
    reg  [PARENTS-1:0] precedes;
    reg  [PARENTS-1:0] precedes_q;
    reg  [RANK_W-1:0]  rank;
    integer            p;
    always @* begin
        rank = {RANK_W{1'b0}};
        for (p = 0; p < PARENTS; p = p + 1) begin
            precedes[p] = p[PARENT_W-1:0] >= oldest
                       && {kept_q[p*SCORE_W +: SCORE_W], p[PARENT_W-1:0] < self_q} > {score_q, 1'b0};
            rank        = rank + {{PARENT_W{1'b0}}, precedes_q[p]};
        end
    end
    wire chosen = rank <= {1'b0, largest_q};

    // The exponent: of a child of the first pass its distance from the largest of them, of a parent its
    // distance from the largest, of a child of the second pass that of its weight.
    wire [OFFSET_W-1:0] exponent = (sum_q ? {{(OFFSET_W-SCORE_W-2){1'b0}}, peak_q, 2'b00} : base_q)
                                 - {{(OFFSET_W-SCORE_W-2){1'b0}}, sum_q ? leaving : score_q, 2'b00};
    reg  [OFFSET_W-1:0] exponent_q;
    reg  [9:0]          fraction_q;
    reg  [4:0]          octave_q;
    reg  [4:0]          octave_q2;
    reg  [POWER_W-1:0]  power_q;
    reg  [POWER_W-1:0]  share_q;
    wire [POWER_W:0]    shifted = {power_q, 1'b0} >> octave_q2;
    assign segment = fraction_q[9:5];
    assign place   = fraction_q[4:0];

    // What travels with it. A stage of the pipeline is a bit, the exponent's the lowest.
    reg       rank_valid_q;
    reg [5:0] sum_valid_q;   // of parents and of children
    reg [2:0] weigh_valid_q;
    reg [5:0] sum_last_q;
    reg [2:0] sum_first_q;
    reg [2:0] weigh_last_q;
    reg [5:0] of_parents_q;  // whether it is a parent
    reg       counts_q;      // whether it is of a chosen parent
    reg       counts_q2;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            rank_valid_q  <= 1'b0;
            sum_valid_q   <= 6'd0;
            weigh_valid_q <= 3'd0;
        end else if (move) begin
            rank_valid_q  <= rank_q;
            sum_valid_q   <= {sum_valid_q[4:0], sum_q || rank_q};
            weigh_valid_q <= {weigh_valid_q[1:0], weigh_q};
        end
    end

    always @(posedge clk_i) begin
        if (move) begin
            precedes_q   <= precedes;
            exponent_q   <= exponent;
            fraction_q   <= exponent[9:0];
            octave_q     <= exponent[14:10] | {5{exponent[OFFSET_W-1:15] != {(OFFSET_W-15){1'b0}}}};
            octave_q2    <= octave_q;
            power_q      <= power;
            share_q      <= (shifted[POWER_W:1] + {{(POWER_W-1){1'b0}}, shifted[0]}) & {POWER_W{counts_q2}};
            sum_first_q  <= {sum_first_q[1:0], first_q};
            sum_last_q   <= {sum_last_q[4:0], last_q};
            weigh_last_q <= {weigh_last_q[1:0], last_q};
            of_parents_q <= {of_parents_q[4:0], rank_q};
            counts_q     <= sum_q || chosen_q;
            counts_q2    <= rank_valid_q ? chosen : counts_q;
        end
    end

    // S.
    reg [SUM_W-1:0] total_q;
    always @(posedge clk_i) begin
        if (move && sum_valid_q[2])
            total_q <= (total_q & {SUM_W{!sum_first_q[2]}}) + {{(SUM_W-POWER_W){1'b0}}, share_q};
    end

    // L = log2u(S): the bits below the leading one, their logarithm, the octaves above one.
    /* verilator lint_off UNUSEDSIGNAL */
    reg [SUM_W-1:0]   head;  // the bits below those that are looked up are cut off
    /* verilator lint_on UNUSEDSIGNAL */
    reg [ZEROS_W-1:0] zeros;
    integer           z;
    always @* begin
        head  = total_q;
        zeros = {ZEROS_W{1'b0}};
        for (z = ZEROS_W - 1; z >= 0; z = z - 1) begin
            if ((head >> (SUM_W - (1 << z))) == {SUM_W{1'b0}}) begin
                head     = head << (1 << z);
                zeros[z] = 1'b1;
            end
        end
    end

    localparam [ZEROS_W-1:0] OCTAVES = @{ zeros_w }@'d@{ sum_bits }@;
    reg  [ZEROS_W-1:0] sum_octave_q;
    reg  [ZEROS_W-1:0] sum_octave_q2;
    reg  [10:0]        fraction_log_q;
    wire [LOG_W-1:0]   logarithm = {sum_octave_q2, 10'd0} + {{(LOG_W-11){1'b0}}, fraction_log_q};
    always @(posedge clk_i) begin
        if (move) begin
            mantissa_q     <= head[SUM_W-2 -: MANT_W];
            sum_octave_q   <= OCTAVES - zeros;
            sum_octave_q2  <= sum_octave_q;
            fraction_log_q <= log;
        end
    end

    // Offsets, in the order of the parents: first the largest child and the logarithm, then with the distance of
    // the parent itself.
    reg  [6*SCORE_W-1:0] peaks_q;  // of what is summed, until its logarithm is there
    wire                summed  = sum_valid_q[5] && sum_last_q[5];
    wire                founds  = summed && !of_parents_q[5];
    wire [OFFSET_W-1:0] from    = rank_valid_q ? offset[OFFSET_W-1:0]
                                         : {{(OFFSET_W-SCORE_W-2){1'b0}}, peaks_q[5*SCORE_W +: SCORE_W], 2'b00};
    wire [OFFSET_W-1:0] further = rank_valid_q ? exponent_q : {{(OFFSET_W-LOG_W){1'b0}}, logarithm};
    always @(posedge clk_i) begin
        if (move) begin
            peaks_q <= {peaks_q[5*SCORE_W-1:0], peak_q};
            if (founds || rank_valid_q) offsets_q[slot_q*FIELD_W +: FIELD_W] <= {chosen, from + further};
            if (summed && of_parents_q[5]) parent_log_q <= logarithm;
            if (state_q == KEEP || (state_q == SUMMED && landed)) slot_q <= {PARENT_W{1'b0}};
            else if (founds || rank_valid_q) slot_q <= slot_q + 1'b1;
        end
    end

    // Codes, into vectors.
    reg  [LANE_W-1:0]       fill_q;
    reg  [LANES*CODE_W-1:0] codes_q;
    reg                     code_last_q;
    wire                    filled = weigh_last_q[2] || fill_q == LAST_LANE[LANE_W-1:0];
    assign significand = {8'd0, share_q};
    assign code_scale  = 7'd7;  // Q1.15 at bias -8
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            code_valid_q <= 1'b0;
            fill_q       <= {LANE_W{1'b0}};
        end else if (move) begin
            code_valid_q <= weigh_valid_q[2] && filled;
            if (weigh_valid_q[2]) fill_q <= filled ? {LANE_W{1'b0}} : fill_q + 1'b1;
        end
    end
    always @(posedge clk_i) begin
        if (move && weigh_valid_q[2]) begin
            if (fill_q == {LANE_W{1'b0}}) codes_q <= {{((LANES-1)*CODE_W){1'b0}}, code};
            else codes_q[fill_q*CODE_W +: CODE_W] <= code;
            code_last_q <= weigh_last_q[2];
        end
    end

@{ shell.instances }@

    assign code_valid_o = code_valid_q;
    assign code_data_o  = codes_q;
    assign code_last_o  = code_last_q;

endmodule
