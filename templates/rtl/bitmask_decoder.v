@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam OP_W    = @{ op_w }@;
    localparam ROW_W   = @{ row_w }@;
    localparam LANE_W  = @{ lane_w }@;
    localparam COUNT_W = @{ lane_w + 1 }@;  // counts 0 ..= N
    localparam LATENCY = @{ latency }@;
    localparam DEPTH   = @{ depth }@;
    localparam ROOM_W  = @{ room_w }@;
    localparam RANK_W  = N * LANE_W;
    localparam GROUP   = 4;  // positions whose ones are counted together

@{ shell.declare("expanded oldest") }@

    // The next packed value lies in lane lane_q of row row_q. Where that is the first lane, the row is still
    // to be read; else it is kept, and a segment that begins inside a row which is not has it read first.
    reg                first_q;
    reg  [ROW_W-1:0]   row_q;
    reg  [LANE_W-1:0]  lane_q;
    reg                kept_valid_q;
    reg  [ROW_W-1:0]   kept_row_q;
    wire [ROW_W-1:0]   row   = first_q ? base_row_i : row_q;
    wire [LANE_W-1:0]  lane  = first_q ? base_lane_i : lane_q;
    wire               fresh = lane == {LANE_W{1'b0}};
    wire               known = fresh || (kept_valid_q && kept_row_q == base_row_i);
    wire               lead  = first_q && base_valid_i && !known;

    // A mask is taken only when its vector will find room in the buffer, since the memory cannot wait; the
    // first of a segment together with the segment's base.
    reg  [ROOM_W-1:0]  room_q;
    wire               room = room_q != {ROOM_W{1'b0}};
    wire               take = mask_valid_i && mask_ready_o;
    wire               give = vector_valid_o && vector_ready_i;
    assign mask_ready_o = room && (!first_q || (base_valid_i && known));
    assign base_ready_o = room && first_q && known && mask_valid_i;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= DEPTH[ROOM_W-1:0];
        else if (take && !give) room_q <= room_q - 1'b1;
        else if (give && !take) room_q <= room_q + 1'b1;
    end

    reg  [COUNT_W-1:0] count;
    integer i;
    always @* begin
        count = {COUNT_W{1'b0}};
        for (i = 0; i < N; i = i + 1) count = count + {{(COUNT_W-1){1'b0}}, mask_data_i[i]};
    end

    wire [COUNT_W-1:0] past    = {1'b0, lane} + count;  // at most 2N - 1, which COUNT_W bits hold
    wire               wraps   = past >= N[COUNT_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */
    wire [COUNT_W-1:0] wrapped = past - N[COUNT_W-1:0];  // below N: its top bit is zero
    /* verilator lint_on UNUSEDSIGNAL */
    wire [ROW_W-1:0]   next_row = row + 1'b1;

    // A row is read when the first of its values is needed.
    wire               needed    = fresh ? count != {COUNT_W{1'b0}} : past > N[COUNT_W-1:0];
    wire               read      = lead || (take && needed);
    wire [ROW_W-1:0]   read_row  = lead || fresh ? row : next_row;
    reg                read_q;
    reg  [ROW_W-1:0]   read_row_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            first_q      <= 1'b1;
            read_q       <= 1'b0;
            kept_valid_q <= 1'b0;
        end else begin
            read_q <= read;
            if (take) first_q <= mask_last_i;
<%- if forgets %>
            kept_valid_q <= (kept_valid_q && !forget_i) || read;
<%- else %>
            if (read) kept_valid_q <= 1'b1;
<%- endif %>
        end
    end

    always @(posedge clk_i) begin
        if (take) begin
            row_q  <= wraps ? next_row : row;
            lane_q <= wraps ? wrapped[LANE_W-1:0] : past[LANE_W-1:0];
        end
        if (read) begin
            kept_row_q <= read_row;
            read_row_q <= read_row;
        end
    end

    assign value_enable_o = read_q;
    assign value_address_o    = read_row_q;

    // Mask and first lane wait for the values: stage 0 is the cycle of the read, stage LATENCY that of the
    // answer.
    reg  [LATENCY:0]              wait_valid_q;
    reg  [LATENCY:0]              wait_read_q;
    reg  [(LATENCY+1)*N-1:0]      wait_mask_q;
    reg  [(LATENCY+1)*LANE_W-1:0] wait_lane_q;
    reg  [LATENCY:0]              wait_last_q;
    wire [N-1:0]                  answer_mask = wait_mask_q[LATENCY*N +: N];
    wire [LANE_W-1:0]             answer_lane = wait_lane_q[LATENCY*LANE_W +: LANE_W];

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            wait_valid_q <= {(LATENCY+1){1'b0}};
            wait_read_q  <= {(LATENCY+1){1'b0}};
        end else begin
            wait_valid_q <= {wait_valid_q[LATENCY-1:0], take};
            wait_read_q  <= {wait_read_q[LATENCY-1:0], read};
        end
    end

    always @(posedge clk_i) begin
        wait_mask_q <= {wait_mask_q[LATENCY*N-1:0], mask_data_i};
        wait_lane_q <= {wait_lane_q[LATENCY*LANE_W-1:0], lane};
        wait_last_q <= {wait_last_q[LATENCY-1:0], mask_last_i};
    end

    // The row that is used up in part, and after it the one that came.
    reg  [N*OP_W-1:0]   kept_q;
    wire [N*OP_W-1:0]   begun = answer_lane == {LANE_W{1'b0}} ? value_data_i : kept_q;

    always @(posedge clk_i) begin
        if (wait_read_q[LATENCY]) kept_q <= value_data_i;
    end

    // The first value of the vector turns to position 0, while the ones below each position of the mask are
    // counted: in its group of four, and in the groups below.
    reg  [RANK_W-1:0]   rank;
    reg  [LANE_W-1:0]   below;
    reg  [LANE_W-1:0]   beside;
    integer p;
    always @* begin
        below  = {LANE_W{1'b0}};
        beside = {LANE_W{1'b0}};
        for (p = 0; p < N; p = p + 1) begin
            if (p % GROUP == 0) begin
                below  = below + beside;
                beside = {LANE_W{1'b0}};
            end
            rank[p*LANE_W +: LANE_W] = below + beside;
            beside = beside + {{(LANE_W-1){1'b0}}, answer_mask[p]};
        end
    end

    reg                 turned_valid_q;
    reg  [N-1:0]        turned_mask_q;
    reg                 turned_last_q;
    reg  [RANK_W-1:0]   rank_q;
    reg  [N*OP_W-1:0]   turned_q;
    /* verilator lint_off UNUSEDSIGNAL */
    wire [2*N*OP_W-1:0] turned = {value_data_i, begun} >> (answer_lane * OP_W);  // its upper half is not needed
    /* verilator lint_on UNUSEDSIGNAL */

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) turned_valid_q <= 1'b0;
        else turned_valid_q <= wait_valid_q[LATENCY];
    end

    always @(posedge clk_i) begin
        turned_q      <= turned[N*OP_W-1:0];
        turned_mask_q <= answer_mask;
        turned_last_q <= wait_last_q[LATENCY];
        rank_q        <= rank;
    end

    // Position i takes the value whose number is the count of ones below it.
    wire [N*OP_W-1:0] spread;
    genvar g;
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_position
            wire [LANE_W-1:0] number = rank_q[g*LANE_W +: LANE_W];
            assign spread[g*OP_W +: OP_W] = turned_q[number*OP_W +: OP_W] & {OP_W{turned_mask_q[g]}};
        end
    endgenerate

    assign expanded_valid = turned_valid_q;
    assign expanded_data  = {turned_last_q, spread};

@{ shell.instances }@

    assign vector_data_o = oldest[N*OP_W-1:0];
    assign vector_last_o = oldest[N*OP_W];

endmodule
