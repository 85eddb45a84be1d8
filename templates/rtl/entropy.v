<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam LOGIT_W    = 16;
    localparam LAST_LANE  = @{ n - 1 }@;
    localparam LANE_W     = @{ lane_w }@;
    localparam CLASS_W    = @{ class_w }@;  // numbers the classes of a row
    localparam WORDS      = 1 << CLASS_W;
    localparam SCORE_W    = 17;  // t and distances, Q.10
    localparam POWER_W    = 16;  // Q1.15
    localparam FACTOR_W   = 15;  // of a distance and of a power, where neither is zero
    localparam TERM_W     = 25;  // of their product
    localparam SUM_W      = @{ 16 + class_w }@;  // S, Q.15
    localparam WEIGHTED_W = @{ 25 + class_w }@;  // U, Q.25
    localparam ZEROS_W    = @{ zeros_w }@;  // numbers the zeros above the leading one of S
    localparam MANT_W     = 12;
    localparam LOG_W      = @{ 10 + zeros_w }@;  // L, Q.10
    localparam MARGIN_W   = 16;  // T - L
    localparam TIMER_W    = @{ timer_w }@;
    localparam COUNT_W    = @{ count_w }@;
    localparam [TIMER_W-1:0] SUM_TIME     = WORDS + 1;  // cycles after the first in these states
    localparam [TIMER_W-1:0] LOG_TIME     = 6;
    localparam [TIMER_W-1:0] COMPARE_TIME = MARGIN_W;
    localparam [2:0] IDLE = 3'd0, LOAD = 3'd1, SUM = 3'd2, LOG = 3'd3, COMPARE = 3'd4, DECIDED = 3'd5;

@{ shell.declare("segment place power mantissa_q log") }@

    // A row goes through the states, each of which lasts until its timer has run down; that of LOAD waits for
    // logits.
    reg  [2:0]         state_q;
    reg  [TIMER_W-1:0] timer_q;
    reg  [CLASS_W-1:0] classes_q;
    reg  [15:0]        threshold_q;
    wire               over = timer_q == {TIMER_W{1'b0}};
    wire               open = state_q == IDLE && row_valid_i;
    wire               step = state_q == LOAD && logit_valid_i;
    assign row_ready_o      = state_q == IDLE;
    assign decision_valid_o = state_q == DECIDED;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) state_q <= IDLE;
        else begin
            case (state_q)
                IDLE:    if (row_valid_i) state_q <= LOAD;
                LOAD:    if (step && over) state_q <= SUM;
                SUM:     if (over) state_q <= LOG;
                LOG:     if (over) state_q <= COMPARE;
                COMPARE: if (over) state_q <= DECIDED;
                default: if (decision_ready_i) state_q <= IDLE;
            endcase
        end
    end

    always @(posedge clk_i) begin
        case (state_q)
            IDLE:    timer_q <= {{(TIMER_W-CLASS_W){1'b0}}, row_classes_i};
            LOAD:    if (step) timer_q <= over ? SUM_TIME : timer_q - 1'b1;
            SUM:     timer_q <= over ? LOG_TIME : timer_q - 1'b1;
            default: timer_q <= over ? COMPARE_TIME : timer_q - 1'b1;
        endcase
        if (open) begin
            classes_q   <= row_classes_i;
            threshold_q <= row_threshold_i;
        end
    end

    // Logits, one a cycle.
    reg  [LANE_W-1:0] lane_q;
    wire              vector_end = over || lane_q == LAST_LANE[LANE_W-1:0];
    assign logit_ready_o = state_q == LOAD && vector_end;
    always @(posedge clk_i) begin
        if (open || step) lane_q <= open || vector_end ? {LANE_W{1'b0}} : lane_q + 1'b1;
    end

    // The number of classes decides; an end that the logits announce anywhere else is counted, a cycle later.
    <% call length_errors::count("step && vector_end && logit_last_i != over") %><% endcall %>

    // To base 2: t = rhu(u * log2 e, 14), u being the logit with its sign turned over. That adds the same to
    // every t, and the least of them is zero.
    reg                logit_valid_q;
    reg                score_valid_q;
    reg  [LOGIT_W-1:0] logit_q;
    reg  [SCORE_W-1:0] score_q;
    /* verilator lint_off UNUSEDSIGNAL */
    wire [30:0]        scaled = {15'd0, logit_q} * 31'd23637 + 31'd8192;  // the bits below Q.10 are cut off
    /* verilator lint_on UNUSEDSIGNAL */
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            logit_valid_q <= 1'b0;
            score_valid_q <= 1'b0;
        end else begin
            logit_valid_q <= step;
            score_valid_q <= logit_valid_q;
        end
    end
    always @(posedge clk_i) begin
        if (step) logit_q <= logit_data_i[lane_q*LOGIT_W +: LOGIT_W] ^ 16'h8000;
        score_q <= scaled[30:14];
    end

    // First pass: every t goes into the register from above, while the largest is found. Second pass: the
    // register turns once, its oldest word first; those that are of no class of this row come before the
    // others.
    wire                     turn = state_q == SUM && !timer_q[CLASS_W];
    reg  [WORDS*SCORE_W-1:0] scores_q;
    reg  [SCORE_W-1:0]       maximum_q;
    always @(posedge clk_i) begin
        if (score_valid_q || turn) scores_q <= {score_q, scores_q[WORDS*SCORE_W-1:SCORE_W]};
        if (open) maximum_q <= {SCORE_W{1'b0}};
        else if (score_valid_q && score_q > maximum_q) maximum_q <= score_q;
    end

    // y = exp2n(d): the power of the fraction, then the octaves. What is no class lies 31 octaves away: its y
    // is zero, and so is its distance, which nothing has set.
    wire                counts   = turn && timer_q[CLASS_W-1:0] <= classes_q;
    wire [SCORE_W-1:0]  distance = maximum_q - scores_q[SCORE_W-1:0];
    reg  [FACTOR_W-1:0] distance_q;
    reg  [FACTOR_W-1:0] distance_q2;
    reg  [FACTOR_W-1:0] distance_q3;
    reg  [4:0]          octave_q;
    reg  [4:0]          octave_q2;
    reg  [POWER_W-1:0]  power_q;
    reg  [POWER_W-1:0]  share_q;
    wire [POWER_W:0]    shifted = {power_q, 1'b0} >> octave_q2;
    assign segment = distance_q[9:5];
    assign place   = distance_q[4:0];
    always @(posedge clk_i) begin
        distance_q  <= distance[FACTOR_W-1:0] & {FACTOR_W{counts}};
        octave_q    <= distance[14:10] | {5{!counts || distance[16:15] != 2'b00}};
        distance_q2 <= distance_q;
        octave_q2   <= octave_q;
        power_q     <= power;
        distance_q3 <= distance_q2;
        share_q     <= shifted[POWER_W:1] + {{(POWER_W-1){1'b0}}, shifted[0]};
    end

    // S and U. A power of one, which needs 16 bits, is that of no distance: their product is zero without it.
    reg [SUM_W-1:0]      sum_q;
    reg [TERM_W-1:0]     term_q;
    reg [WEIGHTED_W-1:0] weighted_q;
    wire                 summing = state_q == SUM || state_q == LOG;
    wire                 clear   = state_q == SUM && timer_q[CLASS_W];
    always @(posedge clk_i) begin
        term_q <= {{(TERM_W-FACTOR_W){1'b0}}, distance_q3} * {{(TERM_W-FACTOR_W){1'b0}}, share_q[FACTOR_W-1:0]};
        if (summing) begin
            sum_q      <= clear ? {SUM_W{1'b0}} : sum_q + {{(SUM_W-POWER_W){1'b0}}, share_q};
            weighted_q <= clear ? {WEIGHTED_W{1'b0}} : weighted_q + {{CLASS_W{1'b0}}, term_q};
        end
    end

    // L = log2u(S): the bits below the leading one, their logarithm, the octaves above one.
    /* verilator lint_off UNUSEDSIGNAL */
    reg [SUM_W-1:0]   head;  // the bits below those that are looked up are cut off
    /* verilator lint_on UNUSEDSIGNAL */
    reg [ZEROS_W-1:0] zeros;
    integer           z;
    always @* begin
        head  = sum_q;
        zeros = {ZEROS_W{1'b0}};
        for (z = ZEROS_W - 1; z >= 0; z = z - 1) begin
            if ((head >> (SUM_W - (1 << z))) == {SUM_W{1'b0}}) begin
                head     = head << (1 << z);
                zeros[z] = 1'b1;
            end
        end
    end

    reg [ZEROS_W-1:0] sum_octave_q;
    reg [10:0]        fraction_log_q;
    reg [LOG_W-1:0]   log_q;
    always @(posedge clk_i) begin
        mantissa_q     <= head[SUM_W-2 -: MANT_W];
        sum_octave_q   <= CLASS_W[ZEROS_W-1:0] - zeros;
        fraction_log_q <= log;
        if (summing) log_q <= {sum_octave_q, 10'd0} + {{(LOG_W-11){1'b0}}, fraction_log_q};
    end

    // S * L + U < T * S where U < S * (T - L): the bits of the margin leave below, those of the product come
    // in above.
    reg  [SUM_W-1:0]    high_q;
    reg  [MARGIN_W-1:0] margin_q;
    reg                 exit_q;
    wire [MARGIN_W:0]   margin = {1'b0, threshold_q} - {{(MARGIN_W+1-LOG_W){1'b0}}, log_q};
    wire [SUM_W:0]      added  = {1'b0, high_q} + {1'b0, sum_q & {SUM_W{margin_q[0]}}};
    always @(posedge clk_i) begin
        if (state_q == COMPARE) begin
            {high_q, margin_q} <= {added, margin_q[MARGIN_W-1:1]};
            exit_q             <= {{(SUM_W+MARGIN_W-WEIGHTED_W){1'b0}}, weighted_q} < {high_q, margin_q};
        end else if (state_q == LOG) begin
            high_q   <= {SUM_W{1'b0}};
            margin_q <= margin[MARGIN_W-1:0] & {MARGIN_W{!margin[MARGIN_W]}};
        end
    end

@{ shell.instances }@

    assign decision_exit_o     = exit_q;
    assign decision_sum_o      = sum_q;
    assign decision_weighted_o = weighted_q;
    assign decision_log_o      = log_q;

endmodule
