@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam OP_W    = @{ op_w }@;
    localparam ROW_W   = @{ row_w }@;
    localparam BANK_W  = @{ bank_w }@;
    localparam COUNT_W = @{ bank_w + 1 }@;  // counts 0 ..= N
    localparam LATENCY = @{ latency }@;
    localparam DEPTH   = @{ depth }@;
    localparam ROOM_W  = @{ room_w }@;
    localparam RANK_W  = N * BANK_W;
    localparam GROUP   = 4;  // positions whose ones are counted together

@{ shell.nets }@

    // A mask is taken only when its vector will find room in the buffer, since the value banks cannot wait; the first
    // of a segment together with the segment's base.
    reg               first_q;
    reg  [ROOM_W-1:0] room_q;
    wire              room = room_q != {ROOM_W{1'b0}};
    wire              take = mask_valid_i && mask_ready_o;
    wire              give = vector_valid_o && vector_ready_i;
    assign mask_ready_o = room && (!first_q || base_valid_i);
    assign base_ready_o = room && first_q && mask_valid_i;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= DEPTH[ROOM_W-1:0];
        else if (take && !give) room_q <= room_q - 1'b1;
        else if (give && !take) room_q <= room_q + 1'b1;
    end

    // The next packed value lies in row row_q of bank bank_q.
    reg  [ROW_W-1:0]   row_q;
    reg  [BANK_W-1:0]  bank_q;
    wire [ROW_W-1:0]   row      = first_q ? base_row_i : row_q;
    wire [BANK_W-1:0]  bank     = first_q ? base_bank_i : bank_q;
    wire [ROW_W-1:0]   next_row = row + 1'b1;
    reg  [COUNT_W-1:0] count;
    wire [COUNT_W-1:0] past     = {1'b0, bank} + count;  // at most 2N - 1, which COUNT_W bits hold
    wire               wraps    = past >= N[COUNT_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */
    wire [COUNT_W-1:0] wrapped  = past - N[COUNT_W-1:0];  // below N: its top bit is zero
    /* verilator lint_on UNUSEDSIGNAL */
    wire [BANK_W-1:0]  next_bank = wraps ? wrapped[BANK_W-1:0] : past[BANK_W-1:0];

    integer i;
    always @* begin
        count = {COUNT_W{1'b0}};
        for (i = 0; i < N; i = i + 1) count = count + {{(COUNT_W-1){1'b0}}, mask_data_i[i]};
    end

    // Banks bank ..= N-1 are read in this row and, when the values wrap, banks below wrapped in the next.
    reg [N-1:0] here;
    reg [N-1:0] beyond;
    integer b;
    always @* begin
        for (b = 0; b < N; b = b + 1) begin
            here[b]   = b[BANK_W-1:0] >= bank && b[COUNT_W-1:0] < past;
            beyond[b] = wraps && b[BANK_W-1:0] < wrapped[BANK_W-1:0];
        end
    end

    reg             read_q;
    reg [N-1:0]     enable_q;
    reg [N-1:0]     beyond_q;
    reg [ROW_W-1:0] here_row_q;
    reg [ROW_W-1:0] beyond_row_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            first_q <= 1'b1;
            read_q  <= 1'b0;
        end else begin
            read_q <= take;
            if (take) first_q <= mask_last_i;
        end
    end

    always @(posedge clk_i) begin
        if (take) begin
            row_q        <= wraps ? next_row : row;
            bank_q       <= next_bank;
            enable_q     <= here | beyond;
            beyond_q     <= beyond;
            here_row_q   <= row;
            beyond_row_q <= next_row;
        end
    end

    assign value_enable_o = enable_q & {N{read_q}};
    genvar g;
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_bank
            assign value_row_o[g*ROW_W +: ROW_W] = beyond_q[g] ? beyond_row_q : here_row_q;
        end
    endgenerate

    // Mask and first bank wait for the values: stage 0 is the cycle of the read, stage LATENCY that of the answer.
    reg  [LATENCY:0]            wait_valid_q;
    reg  [(LATENCY+1)*N-1:0]      wait_mask_q;
    reg  [(LATENCY+1)*BANK_W-1:0] wait_bank_q;
    reg  [LATENCY:0]            wait_last_q;
    wire [N-1:0]                answer_mask = wait_mask_q[LATENCY*N +: N];
    wire [BANK_W-1:0]           answer_bank = wait_bank_q[LATENCY*BANK_W +: BANK_W];

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) wait_valid_q <= {(LATENCY+1){1'b0}};
        else wait_valid_q <= {wait_valid_q[LATENCY-1:0], take};
    end

    always @(posedge clk_i) begin
        wait_mask_q <= {wait_mask_q[LATENCY*N-1:0], mask_data_i};
        wait_bank_q <= {wait_bank_q[LATENCY*BANK_W-1:0], bank};
        wait_last_q <= {wait_last_q[LATENCY-1:0], mask_last_i};
    end

    // The first value of the vector turns to position 0, while the ones below each position of the mask are counted: in
    // its group of four, and in the groups below.
    reg  [RANK_W-1:0]   rank;
    reg  [BANK_W-1:0]   below;
    reg  [BANK_W-1:0]   beside;
    integer p;
    always @* begin
        below  = {BANK_W{1'b0}};
        beside = {BANK_W{1'b0}};
        for (p = 0; p < N; p = p + 1) begin
            if (p % GROUP == 0) begin
                below  = below + beside;
                beside = {BANK_W{1'b0}};
            end
            rank[p*BANK_W +: BANK_W] = below + beside;
            beside = beside + {{(BANK_W-1){1'b0}}, answer_mask[p]};
        end
    end

    reg                 turned_valid_q;
    reg  [N-1:0]        turned_mask_q;
    reg                 turned_last_q;
    reg  [RANK_W-1:0]   rank_q;
    reg  [N*OP_W-1:0]   turned_q;
    /* verilator lint_off UNUSEDSIGNAL */
    wire [2*N*OP_W-1:0] turned = {value_data_i, value_data_i} >> (answer_bank * OP_W);  // its upper half is not needed
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
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_position
            wire [BANK_W-1:0] number = rank_q[g*BANK_W +: BANK_W];
            assign spread[g*OP_W +: OP_W] = turned_q[number*OP_W +: OP_W] & {OP_W{turned_mask_q[g]}};
        end
    endgenerate

    assign expanded_valid = turned_valid_q;
    assign expanded       = {turned_last_q, spread};

@{ shell.instances }@

    assign vector_data_o = oldest[N*OP_W-1:0];
    assign vector_last_o = oldest[N*OP_W];

endmodule
