@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam CODE_W  = @{ code_w }@;
    localparam ROW_W   = @{ row_w }@;
    localparam LANE_W  = @{ lane_w }@;
    localparam COUNT_W = @{ lane_w + 1 }@;  // counts 0 ..= N
    localparam GROUP   = 4;  // codes whose zeros are counted together

    // Two stages, each of which moves when the one after it can. The first vector of a segment comes with its
    // base.
    reg  first_q;
    reg  vector_valid_q;
    reg  mask_valid_q;
    wire mask_free   = !mask_valid_q || mask_ready_i;
    wire vector_free = !vector_valid_q || mask_free;
    wire take        = vector_valid_i && vector_ready_o;
    wire move        = vector_valid_q && mask_free;
    assign vector_ready_o = vector_free && (!first_q || base_valid_i);
    assign base_ready_o   = vector_free && first_q && vector_valid_i;

    // Stage 1: which codes are not zero, and how many zeros lie below each of those: in its group of four,
    // and in the groups below.
    reg [N-1:0]        mask;
    reg [COUNT_W-1:0]  zeros;
    reg [COUNT_W-1:0]  beside;
    reg [N*CODE_W-1:0] codes;
    reg [N*LANE_W-1:0] gaps;
    /* verilator lint_off UNUSEDSIGNAL */
    reg [COUNT_W-1:0]  gap;  // below N: its top bit is zero
    /* verilator lint_on UNUSEDSIGNAL */
    integer i;
    always @* begin
        zeros  = {COUNT_W{1'b0}};
        beside = {COUNT_W{1'b0}};
        for (i = 0; i < N; i = i + 1) begin
            if (i % GROUP == 0) begin
                zeros  = zeros + beside;
                beside = {COUNT_W{1'b0}};
            end
<%- if signed_zero %>
            mask[i] = vector_data_i[i*CODE_W +: CODE_W-1] != {(CODE_W-1){1'b0}};
<%- else %>
            mask[i] = vector_data_i[i*CODE_W +: CODE_W] != {CODE_W{1'b0}};
<%- endif %>
            gap    = zeros + beside;
            codes[i*CODE_W +: CODE_W] = vector_data_i[i*CODE_W +: CODE_W] & {CODE_W{mask[i]}};
            gaps[i*LANE_W +: LANE_W]  = gap[LANE_W-1:0] & {LANE_W{mask[i]}};
            beside = beside + {{(COUNT_W-1){1'b0}}, !mask[i]};
        end
        zeros = zeros + beside;
    end

    reg [N-1:0]        vector_mask_q;
    reg [COUNT_W-1:0]  vector_count_q;
    reg [N*CODE_W-1:0] vector_codes_q;
    reg [N*LANE_W-1:0] vector_gaps_q;
    reg                vector_last_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) vector_valid_q <= 1'b0;
        else if (vector_free) vector_valid_q <= take;
    end

    // The base travels with the first vector.
    reg                vector_first_q;
    reg [ROW_W-1:0]    base_row_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) first_q <= 1'b1;
        else if (take) first_q <= vector_last_i;
    end

    always @(posedge clk_i) begin
        if (take) begin
            vector_mask_q  <= mask;
            vector_count_q <= N[COUNT_W-1:0] - zeros;
            vector_codes_q <= codes;
            vector_gaps_q  <= gaps;
            vector_last_q  <= vector_last_i;
            vector_first_q <= first_q;
        end
        if (take && first_q) base_row_q <= base_row_i;
    end

    // Stage 2: every code moves down by its gap, one bit of it at a time, so that no two meet.
    reg [N*CODE_W-1:0] packed_codes;
    reg [N*LANE_W-1:0] moves;
    integer k, s;
    always @* begin
        packed_codes = vector_codes_q;
        moves        = vector_gaps_q;
        for (s = 0; s < LANE_W; s = s + 1) begin
            for (k = 0; k < N; k = k + 1) begin
                if (k + (1 << s) < N && moves[(k+(1<<s))%N*LANE_W+s]) begin
                    packed_codes[k*CODE_W +: CODE_W] = packed_codes[(k+(1<<s))%N*CODE_W +: CODE_W];
                    moves[k*LANE_W +: LANE_W]        = moves[(k+(1<<s))%N*LANE_W +: LANE_W];
                end else if (moves[k*LANE_W+s]) begin
                    packed_codes[k*CODE_W +: CODE_W] = {CODE_W{1'b0}};
                    moves[k*LANE_W +: LANE_W]        = {LANE_W{1'b0}};
                end
            end
        end
    end

    // Then they go after those that their row holds already. A row is written when values lie beyond it, or
    // in the cycle after the segment's last vector; the first vector of the next begins a row and cannot go
    // beyond it.
    reg  [ROW_W-1:0]      row_q;
    reg  [COUNT_W-1:0]    fill_q;
    reg  [N*CODE_W-1:0]   gathered_q;
    reg                   flush_q;
    wire [ROW_W-1:0]      row      = vector_first_q ? base_row_q : row_q;
    wire [COUNT_W-1:0]    fill     = fill_q & {COUNT_W{!vector_first_q}};
    wire [N*CODE_W-1:0]   gathered = gathered_q & {N*CODE_W{!vector_first_q}};
    wire [COUNT_W:0]      past     = {1'b0, fill} + {1'b0, vector_count_q};  // at most 2N
    wire                  beyond   = past > N[COUNT_W:0];
    /* verilator lint_off UNUSEDSIGNAL */
    wire [COUNT_W:0]      left     = beyond ? past - N[COUNT_W:0] : past;  // at most N: its top bit is zero
    /* verilator lint_on UNUSEDSIGNAL */
    wire [2*N*CODE_W-1:0] placed   = {{N*CODE_W{1'b0}}, packed_codes} << (fill * CODE_W);
    wire [N*CODE_W-1:0]   lower    = gathered | placed[N*CODE_W-1:0];

    reg [N-1:0]        mask_q;
    reg                mask_last_q;
    reg                write_q;
    reg [ROW_W-1:0]    write_row_q;
    reg [N*CODE_W-1:0] write_codes_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            mask_valid_q <= 1'b0;
            flush_q      <= 1'b0;
            write_q      <= 1'b0;
        end else begin
            if (mask_free) mask_valid_q <= vector_valid_q;
            flush_q <= move && vector_last_q && past != {(COUNT_W+1){1'b0}};
            write_q <= flush_q || (move && beyond);
        end
    end

    always @(posedge clk_i) begin
        if (move) begin
            mask_q      <= vector_mask_q;
            mask_last_q <= vector_last_q;
            row_q       <= beyond ? row + 1'b1 : row;
            fill_q      <= left[COUNT_W-1:0];
            gathered_q  <= beyond ? placed[2*N*CODE_W-1:N*CODE_W] : lower;
        end
        write_row_q   <= flush_q ? row_q : row;
        write_codes_q <= flush_q ? gathered_q : lower;
    end

    assign mask_valid_o = mask_valid_q;
    assign mask_data_o  = mask_q;
    assign mask_last_o  = mask_last_q;

    assign value_enable_o = write_q;
    assign value_address_o    = write_row_q;
    assign value_data_o   = write_codes_q;

endmodule
