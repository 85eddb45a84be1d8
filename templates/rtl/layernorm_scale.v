@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam CHANNELS_W = @{ channels_w }@;
    localparam SUM_W      = @{ sum_w }@;
    localparam SQUARES_W  = @{ squares_w }@;
<%- if variance_w != 56 %>
    localparam VARIANCE_W = @{ variance_w }@;
<%- endif %>
    localparam FACTOR_W   = @{ factor_w }@;
    localparam TERM_W     = @{ term_w }@;
    localparam TOTAL_W    = @{ total_w }@;
    localparam ROOT_W     = @{ root_w }@;
    localparam STEPS      = @{ steps }@;  // digits of two bits of the sum
    localparam ROOT_STEPS = ROOT_W / 2;
    localparam STEP_W     = @{ step_w }@;
    localparam HALF       = @{ half }@;  // places of the half below those of the distance
    localparam VALUE_W    = @{ value_w }@;
    // Of a row that is not normalised: r - 2^15 in the places above the half, whatever the sums are.
    localparam [FACTOR_W-1:0] ONE    = {{(FACTOR_W-HALF-2){1'b0}}, 1'b1, {(HALF+1){1'b0}}};
    localparam [TOTAL_W-1:0]  CENTRE = {{(TOTAL_W-HALF-VALUE_W){1'b1}}, {(HALF+VALUE_W){1'b0}}};

@{ shell.declare("variance pair mantissa segment fraction base base_q rise rise_q root") }@

    // One phase after the other, one step a cycle; the two multiplications take a digit of two bits a step,
    // the highest first.
    localparam IDLE        = 3'd0;
    localparam VARIANCE    = 3'd1;
    localparam NORMALISE   = 3'd2;
    localparam SEGMENT     = 3'd3;
    localparam INTERPOLATE = 3'd4;
    localparam MULTIPLY    = 3'd5;
    localparam DONE        = 3'd6;

    reg [2:0]        phase_q;
    reg [STEP_W-1:0] step_q;
    wire             last = step_q == {STEP_W{1'b0}};

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) phase_q <= IDLE;
        else case (phase_q)
            VARIANCE:    if (last) phase_q <= NORMALISE;
            NORMALISE:   phase_q <= SEGMENT;
            SEGMENT:     phase_q <= INTERPOLATE;
            INTERPOLATE: phase_q <= MULTIPLY;
            MULTIPLY:    if (last) phase_q <= DONE;
            DONE:        if (taken_i) phase_q <= IDLE;
            default:     if (start_i) phase_q <= VARIANCE;
        endcase
    end

    // The operands, and the digits of the step that comes next.
    reg                  plain_q;
    reg [CHANNELS_W-1:0] channels_q;
    reg [SUM_W-1:0]      sum_q;
    reg [SQUARES_W-1:0]  squares_q;
    reg [ROOT_W-1:0]     root_q;
    reg [1:0]            digit_q;
    reg [1:0]            channels_digit_q;

    wire [STEP_W-1:0]   next           = step_q - 1'b1;
    wire [2*STEPS-1:0]  sum_digits     = @{ sum_digits }@;
    wire [2*STEPS-1:0]  channel_digits = {{(2*STEPS-CHANNELS_W){1'b0}}, channels_q};

    always @(posedge clk_i) begin
        case (phase_q)
            IDLE: begin
                plain_q          <= plain_i;
                channels_q       <= channels_i;
                sum_q            <= sum_i;
                squares_q        <= squares_i;
                step_q           <= STEPS[STEP_W-1:0] - 1'b1;
                digit_q          <= @{ first_digit }@;
                channels_digit_q <= 2'd0;  // the sum has more digits
            end
            INTERPOLATE: begin
                root_q  <= root;
                step_q  <= ROOT_STEPS[STEP_W-1:0] - 1'b1;
                digit_q <= root[ROOT_W-1 -: 2];
            end
            MULTIPLY: begin
                step_q  <= next;
                digit_q <= root_q[2*next[2:0] +: 2];
            end
            default: begin
                step_q           <= next;
                digit_q          <= sum_digits[2*next +: 2];
                channels_digit_q <= channel_digits[2*next +: 2];
            end
        endcase
    end

    // V = N*S2 - S1*S1, wrapping; then -R*S1. Beside it N*R.
    reg  [TOTAL_W-1:0] total_q;
    wire [TOTAL_W-1:0] squares = {{(TOTAL_W-SQUARES_W){1'b0}}, squares_q};
    wire [TOTAL_W-1:0] sum     = {{(TOTAL_W-SUM_W){1'b0}}, sum_q};
    wire               gather  = phase_q == VARIANCE;
    wire [TOTAL_W-1:0] total   = {total_q[TOTAL_W-3:0], 2'b00}
                               + (squares & {TOTAL_W{gather && channels_digit_q[0]}})
                               + ((squares << 1) & {TOTAL_W{gather && channels_digit_q[1]}})
                               - (sum & {TOTAL_W{digit_q[0]}})
                               - ((sum << 1) & {TOTAL_W{digit_q[1]}});

    reg  [FACTOR_W-1:0] factor_q;
    wire [FACTOR_W-1:0] channels = {{(FACTOR_W-CHANNELS_W){1'b0}}, channels_q};
    wire [FACTOR_W-1:0] factor   = {factor_q[FACTOR_W-3:0], 2'b00}
                                 + (channels & {FACTOR_W{digit_q[0]}})
                                 + ((channels << 1) & {FACTOR_W{digit_q[1]}});

    always @(posedge clk_i) begin
        if (phase_q == IDLE || phase_q == INTERPOLATE) total_q <= {TOTAL_W{1'b0}};
        else if (phase_q == VARIANCE) total_q <= total;
        else if (phase_q == MULTIPLY) total_q <= plain_q ? CENTRE : total;
        if (phase_q == INTERPOLATE) factor_q <= {FACTOR_W{1'b0}};
        else if (phase_q == MULTIPLY) factor_q <= plain_q ? ONE : factor;
    end

    // The root: onto the leading pair of bits, its line in the table, its place on that line. V = 0 has none,
    // and any will do: all channels are at the mean.
    assign variance = @{ variance }@;
    reg [4:0]  pair_q;
    reg [15:0] mantissa_q;
    always @(posedge clk_i) begin
        if (phase_q == NORMALISE) begin
            pair_q     <= plain_q ? 5'd0 : pair;
            mantissa_q <= mantissa;
        end
        base_q <= base;
        rise_q <= rise;
    end
    assign segment  = mantissa_q[15:9];
    assign fraction = mantissa_q[8:0];

@{ shell.instances }@

    // The half that rounds is the highest bit below the result.
    wire [TERM_W-1:0] half = {{(TERM_W-1){1'b0}}, 1'b1} << HALF;

    assign done_o     = phase_q == DONE;
    assign factor_o   = factor_q;
    assign triple_o   = {2'b00, factor_q} + {1'b0, factor_q, 1'b0};
    assign offset_o   = total_q[TERM_W-1:0] + (half << pair_q);
    assign distance_o = pair_q;

endmodule
