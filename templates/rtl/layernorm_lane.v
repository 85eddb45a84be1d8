@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam VALUE_W   = @{ value_w }@;
    localparam DIGITS    = VALUE_W / 2;
    localparam SQUARE_W  = @{ square_w }@;
    localparam FACTOR_W  = @{ factor_w }@;
    localparam TRIPLE_W  = FACTOR_W + 2;
    localparam TERM_W    = @{ term_w }@;
    localparam LOW_W     = @{ low_w }@;  // the least distance
    localparam REST_W    = TERM_W - LOW_W;
    localparam HIGH_W    = @{ high_w }@;
<%- if !saturates %>
    localparam SPAN_W    = VALUE_W + (1 << HIGH_W) - 1;  // a result, and the way to it
<%- endif %>
    localparam SCALED_W  = @{ scaled_w }@;
    localparam POINT     = @{ point }@;  // fraction bits of gamma
    localparam SHIFT_W   = @{ shift_w }@;
    localparam CHANNEL_W = @{ channel_w }@;

@{ shell.declare("sum z aligned shift_q code") }@

    // A square is the squares of its bits, and twice the product of each with the bits above it.
    function [SQUARE_W-1:0] square;
        input [VALUE_W-1:0] x;
        reg [VALUE_W-1:0] above;
        integer           i;
        begin
            square = {SQUARE_W{1'b0}};
            for (i = 0; i < VALUE_W; i = i + 1) square[2*i] = x[i];
            for (i = 0; i < VALUE_W - 1; i = i + 1) begin
                above  = (x >> (i + 1)) & {VALUE_W{x[i]}};
                square = square + ({{(SQUARE_W-VALUE_W){1'b0}}, above} << (2 * i + 2));
            end
        end
    endfunction

    // factor times x and the offset. The factor is that of the whole row: its triple comes ready-made, so
    // that a row of the product takes two bits of x.
    function [TERM_W-1:0] scale;
        input [VALUE_W-1:0]    x;
        input [FACTOR_W-1:0]   once;
        input [TRIPLE_W-1:0] thrice;
        input [TERM_W-1:0]     addend;
        reg [TRIPLE_W-1:0] row;
        integer              i;
        begin
            scale = addend;
            for (i = 0; i < DIGITS; i = i + 1) begin
                row = ({2'b00, once} & {TRIPLE_W{!x[2*i+1] && x[2*i]}})
                    | ({1'b0, once, 1'b0} & {TRIPLE_W{x[2*i+1] && !x[2*i]}})
                    | (thrice & {TRIPLE_W{x[2*i+1] && x[2*i]}});
                scale = scale + ({{(TERM_W-TRIPLE_W){1'b0}}, row} << (2 * i));
            end
        end
    endfunction

    // y * gamma + beta and a half, in the places of the product. Booth: each digit of gamma, -2 to 2, is a
    // row. A row is a number of VALUE_W+1 bits whose sign is inverted, which takes one constant for all of
    // them instead of their sign extensions; a negative one still lacks a one.
    function [SCALED_W-1:0] affine;
        input [VALUE_W-1:0] y;
        input [VALUE_W-1:0] gamma;
        input [VALUE_W-1:0] beta;
        reg [VALUE_W:0] digits;
        reg [VALUE_W:0] row;
        reg             one;
        reg             two;
        integer         i;
        begin
            digits = {gamma, 1'b0};
            affine = {{(SCALED_W-VALUE_W-POINT){beta[VALUE_W-1]}}, beta, {POINT{1'b0}}} + @{ booth_offset }@;
            for (i = 0; i < DIGITS; i = i + 1) begin
                one = digits[2*i] ^ digits[2*i+1];
                two = digits[2*i] == digits[2*i+1] && digits[2*i+1] != digits[2*i+2];
                row = ({y[VALUE_W-1], y} & {(VALUE_W+1){one}}) | ({y, 1'b0} & {(VALUE_W+1){two}});
                row = row ^ {!digits[2*i+2], {VALUE_W{digits[2*i+2]}}};
                affine = affine + ({{(SCALED_W-VALUE_W-1){1'b0}}, row} << (2 * i))
                       + ({{(SCALED_W-1){1'b0}}, digits[2*i+2]} << (2 * i));
            end
        end
    endfunction

    // First pass: the square.
    reg [SQUARE_W-1:0] square_q;
    always @(posedge clk_i) square_q <= square(value_i);
    assign square_o = square_q;

    // Second pass, in front of the parameters: (N*r - S1)*R and a half, of which the shift leaves no lower
    // bit.
    /* verilator lint_off UNUSEDSIGNAL */
    wire [TERM_W-1:0] term = scale(raw_i, factor_i, triple_i, offset_i);  // its lowest bits only carry
    /* verilator lint_on UNUSEDSIGNAL */
    reg  [REST_W-1:0] term_q;
    always @(posedge clk_i) begin
        if (front_i) term_q <= term[TERM_W-1:LOW_W];
    end

    // y, which is of the same size as gamma and beta.
<%- if saturates %>
    reg [REST_W-1:0]  moved;
<%- else %>
    /* verilator lint_off UNUSEDSIGNAL */
    reg [SPAN_W-1:0]  moved;  // in rows of up to 1024 channels y keeps within VALUE_W bits
    /* verilator lint_on UNUSEDSIGNAL */
<%- endif %>
    reg [VALUE_W-1:0] y_q;
    reg [VALUE_W-1:0] gamma_q;
    reg [VALUE_W-1:0] beta_q;
    integer s;
    always @* begin
<%- if saturates %>
        moved = term_q;
        for (s = HIGH_W - 1; s >= 0; s = s - 1)
            if (distance_i[s]) moved = $signed(moved) >>> (1 << s);
    end
    wire fits = moved[REST_W-1:VALUE_W-1] == {(REST_W-VALUE_W+1){moved[REST_W-1]}};
    wire [VALUE_W-1:0] y = fits ? moved[VALUE_W-1:0] : {moved[REST_W-1], {(VALUE_W-1){!moved[REST_W-1]}}};
<%- else %>
        moved = {{(SPAN_W-REST_W){term_q[REST_W-1]}}, term_q};
        for (s = HIGH_W - 1; s >= 0; s = s - 1)
            if (distance_i[s]) moved = moved >> (1 << s);
    end
    wire [VALUE_W-1:0] y = moved[VALUE_W-1:0];
<%- endif %>

    // z, which is zero where the row has ended, onto its leading one, and its code.
    /* verilator lint_off UNUSEDSIGNAL */
    wire [SCALED_W-1:0] scaled = affine(y_q, gamma_q, beta_q);  // the fraction is cut off
    /* verilator lint_on UNUSEDSIGNAL */
    reg  [SCALED_W-POINT-1:0] sum_q;
    assign sum = sum_q;
    wire   below = sum[SCALED_W-POINT-1];
    wire   whole = sum[SCALED_W-POINT-1:VALUE_W-1] == {(SCALED_W-POINT-VALUE_W+1){below}};
    assign z     = (whole ? sum[VALUE_W-1:0] : {below, {(VALUE_W-1){!below}}}) & {VALUE_W{used_i}};

    reg [CHANNEL_W-1:0] channel_y_q;
    reg [CHANNEL_W-1:0] channel_sum_q;
    reg [VALUE_W-1:0]   z_q;
    reg [VALUE_W-1:0]   wide_q;
    reg [7:0]           code_q;

@{ shell.instances }@

    always @(posedge clk_i) begin
        if (back_i) begin
            y_q           <= y;
            gamma_q       <= gamma_i;
            beta_q        <= beta_i;
            channel_y_q   <= channel_i;
            sum_q         <= scaled[SCALED_W-1:POINT];
            channel_sum_q <= channel_y_q;
            z_q           <= z;
            wide_q        <= z_q;
            code_q        <= code;
<%- for leaf::Passed { name, .. } in held %>
            @{ name }@_q <= @{ name }@;
<%- endfor %>
            shift_q       <= bias_i + {{(SHIFT_W-CHANNEL_W){1'b0}}, channel_sum_q};
        end
    end

    assign wide_o = wide_q;
    assign code_o = code_q;

endmodule
