@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam VALUE_W    = @{ value_w }@;
    localparam PRODUCT_W  = @{ product_w }@;
    localparam DIGITS     = VALUE_W / 2;
    localparam SUMMAND_W  = @{ summand_w }@;
    localparam DISTANCE_W = @{ distance_w }@;
    localparam SPAN_W     = PRODUCT_W + SUMMAND_W;  // a product moved left by SUMMAND_W, and the bit below the point

    // The integer that an AdaptivFloat<8,3> code stands for: its five bits moved by its exponent, with its
    // sign.
    function [VALUE_W-1:0] significand;
        input [7:0] code;
        reg [VALUE_W-1:0] magnitude;
        begin
            magnitude   = {{(VALUE_W-5){1'b0}}, code[6:0] != 7'd0, code[3:0]} << code[6:4];
            significand = (magnitude ^ {VALUE_W{code[7]}}) + {{(VALUE_W-1){1'b0}}, code[7]};
        end
    endfunction

    // Booth: each digit of the gain, -2 to 2, is a row. A row is a number of VALUE_W+1 bits whose sign is
    // inverted, which takes one constant for all of them instead of their sign extensions; a negative one
    // still lacks a one.
    function [PRODUCT_W-1:0] multiply;
        input [VALUE_W-1:0] a;
        input [DIGITS-1:0]  one;
        input [DIGITS-1:0]  two;
        input [DIGITS-1:0]  negative;
        reg [VALUE_W:0] row;
        integer         r;
        begin
            multiply = @{ offset }@;
            for (r = 0; r < DIGITS; r = r + 1) begin
                row = ({a[VALUE_W-1], a} & {(VALUE_W+1){one[r]}}) | ({a, 1'b0} & {(VALUE_W+1){two[r]}});
                row = row ^ {!negative[r], {VALUE_W{negative[r]}}};
                multiply = multiply + ({{(PRODUCT_W-VALUE_W-1){1'b0}}, row} << (2 * r))
                         + ({{(PRODUCT_W-1){1'b0}}, negative[r]} << (2 * r));
            end
        end
    endfunction

    // A number moved left by SUMMAND_W and right by the distance, rounded half up and saturated. Bits are
    // taken as they differ from the sign, with the one below the point. Each step of the distance keeps what
    // the rest of it can still bring into the result: what it leaves above is lost. What has saturated does
    // not round up.
    function [SUMMAND_W-1:0] summand;
        input [PRODUCT_W-1:0]  x;
        input [DISTANCE_W-1:0] distance;
        reg                 sign;
        reg [SPAN_W-1:0]    span;
        reg                 lost;
        reg [SUMMAND_W-2:0] kept;
        reg                 up;
        integer             s;
        begin
            sign = x[PRODUCT_W-1];
            span = {x[PRODUCT_W-2:0] ^ {(PRODUCT_W-1){sign}}, {(SUMMAND_W+1){sign}}};
            lost = 1'b0;
            for (s = DISTANCE_W - 1; s >= 0; s = s - 1) begin
                if (distance[s]) span = span >> (1 << s);
                else lost = lost | (span >> (SUMMAND_W - 1 + (1 << s))) != {SPAN_W{1'b0}};
                span = span & ~({SPAN_W{1'b1}} << (SUMMAND_W - 1 + (1 << s)));
            end
            kept    = span[SUMMAND_W-1:1] | {(SUMMAND_W-1){lost}};
            up      = (span[0] ^ sign) && !lost && (sign || kept != {(SUMMAND_W-1){1'b1}});
            summand = {sign, kept ^ {(SUMMAND_W-1){sign}}} + {{(SUMMAND_W-1){1'b0}}, up};
        end
    endfunction

    reg [VALUE_W-1:0]    a_q;
    reg [VALUE_W-1:0]    b_q;
    reg [DIGITS-1:0]     one_q;
    reg [DIGITS-1:0]     two_q;
    reg [DIGITS-1:0]     negative_q;
    reg [PRODUCT_W-1:0]  product_q;
    reg [VALUE_W-1:0]    other_q;
    reg [DISTANCE_W-1:0] a_distance_q;
    reg [DISTANCE_W-1:0] b_distance_q;
    reg [SUMMAND_W-1:0]  a_summand_q;
    reg [SUMMAND_W-1:0]  b_summand_q;
    reg [VALUE_W-1:0]    sum_q;

    wire [SUMMAND_W:0] sum  = {a_summand_q[SUMMAND_W-1], a_summand_q} + {b_summand_q[SUMMAND_W-1], b_summand_q};
    wire               sign = sum[SUMMAND_W];
    wire               fits = sum[SUMMAND_W-1:VALUE_W-1] == {(SUMMAND_W-VALUE_W+1){sign}};

    // What is the same for all lanes has registers in each: none of them drives more than its own.
    // Integers; the product, by one in a sum; both as summands, at the point of the result; their sum.
    always @(posedge clk_i) begin
        if (enable_i) begin
            a_q          <= a_float_i ? significand(a_i[7:0]) : a_i;
            b_q          <= b_float_i ? significand(b_i[7:0]) : b_i;
            one_q        <= one_i;
            two_q        <= two_i;
            negative_q   <= negative_i;
            product_q    <= multiply(a_q, one_q, two_q, negative_q);
            other_q      <= b_q;
            a_distance_q <= a_distance_i;
            b_distance_q <= b_distance_i;
            a_summand_q  <= summand(product_q, a_distance_q);
            b_summand_q  <= summand({{(PRODUCT_W-VALUE_W){other_q[VALUE_W-1]}}, other_q}, b_distance_q);
            sum_q        <= fits ? sum[VALUE_W-1:0] : {sign, {(VALUE_W-1){!sign}}};
        end
    end

    assign sum_o = sum_q;

endmodule
