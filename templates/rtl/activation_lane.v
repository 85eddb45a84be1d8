@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ACC_W      = @{ acc_w }@;
    localparam SHIFT_W    = @{ shift_w }@;
    localparam FUNCTION_W = @{ function_w }@;
    localparam VALUE_W    = @{ value_w }@;  // bits of a magnitude
    localparam TABLE_W    = @{ table_w }@;  // ... of one that the table covers
    localparam FRACTION_W = @{ fraction_w }@;  // bits of its lines below their point
    localparam MIDDLE_W   = @{ middle_w }@;
    localparam SLOPE_W    = @{ slope_w }@;
    localparam PRODUCT_W  = TABLE_W + FRACTION_W + 1;
    localparam DIGITS     = @{ digits }@;
<%- if sign.is_some() %>
    localparam [VALUE_W-1:0] ONE = @{ value_w }@'d@{ one }@;  // in Q.10
<%- endif %>
    localparam SPAN_W     = VALUE_W + 32;  // a magnitude, the bit below its point, and 31 places to move by

@{ shell.declare(nets.as_str()) }@

    // First stage. For a function of numbers, bits are taken as they differ from the sign: those of a
    // magnitude less one, which the bit below the point makes up for when it rounds. All else passes with a
    // shift of nothing.
    wire                 number = @{ is_number }@;
    wire                 sign   = sum_i[ACC_W-1];
    wire                 flip   = number && sign;
    wire [SHIFT_W-1:0]   shift  = scale_i & {SHIFT_W{number}};
    wire [ACC_W-2:0]     bits   = sum_i[ACC_W-2:0] ^ {(ACC_W-1){flip}};

    // Whether it leaves the range, and the value. To the left more than 32 places are as many: nothing but
    // zero stays in range. Each step of the shift keeps what the rest of it can still bring into the value:
    // what it leaves above is lost.
    function [VALUE_W:0] move;
        input [ACC_W-2:0]   from;
        input               below;
        input [SHIFT_W-1:0] by;
        reg [4:0]        amount;
        reg [SPAN_W-1:0] span;
        reg              lost;
        reg              carry;
        integer          s;
        begin
            amount = by[4:0] & {5{!by[6] || by[5]}};
            if (by[6]) begin
                span = {from[VALUE_W-2:0], {(SPAN_W-VALUE_W+1){below}}};
                lost = from[ACC_W-2:VALUE_W-1] != {(ACC_W-VALUE_W){1'b0}};
            end else begin
                span = {{(SPAN_W-ACC_W){1'b0}}, from, below};
                if (by[5]) span = span >> 32;
                lost = 1'b0;
            end
            for (s = 4; s >= 0; s = s - 1) begin
                if (amount[s]) span = span >> (1 << s);
                else lost = lost || (span >> (VALUE_W + (1 << s))) != {SPAN_W{1'b0}};
                span = span & ~({SPAN_W{1'b1}} << (VALUE_W + (1 << s)));
            end
            {carry, move[VALUE_W-1:0]} = {1'b0, span[VALUE_W:1]} + {{VALUE_W{1'b0}}, span[0]};
            move[VALUE_W] = lost || carry;
        end
    endfunction

    // Held between rows: in a job of P passes there is one in P cycles.
    reg                     number_q;
    reg                     zero_q;
<%- if sign.is_some() %>
    reg                     mirrored_q;
<%- endif %>
    reg                     lost_q;
    reg [ACC_W-VALUE_W-1:0] high_q;
    reg [SHIFT_W-1:0]       scale_q;
    always @(posedge clk_i) begin
        if (valid_i) begin
            number_q          <= number;
<%- if let Some(is_sign) = is_sign %>
            zero_q            <= sign && function_i != {FUNCTION_W{1'b0}} || @{ is_sign }@;
            mirrored_q        <= sign && @{ is_sign }@;
<%- else %>
            zero_q            <= sign && function_i != {FUNCTION_W{1'b0}};
<%- endif %>
            {lost_q, value_q} <= move(bits, flip, shift);
            high_q            <= sum_i[ACC_W-1:VALUE_W];
            scale_q           <= scale_i;
<%- for line in lines %><% if let Some(is_it) = line.is_it %>
            @{ line.word }@_q <= @{ is_it }@;
<%- endif %><% endfor %>
        end
    end
    wire over = number_q && lost_q;

    // Second stage: to the magnitude, or to zero, what the table's line says. Booth: the place in the
    // segment, from its middle, in digits of -2 to 2, each of which makes a row of the slope. A row is a
    // number whose sign is inverted, which takes one constant for all of them instead of their sign
    // extensions; a negative one still lacks a one.
    function [PRODUCT_W-1:0] multiply;
        input [SLOPE_W-1:0]  by;
        input [2*DIGITS-1:0] at;
        reg [2*DIGITS:0]  digits;
        reg [SLOPE_W:0]   row;
        integer           d;
        begin
            digits   = {at, 1'b0};
            multiply = @{ offset }@;
            for (d = 0; d < DIGITS; d = d + 1) begin
                row = ({by[SLOPE_W-1], by} & {(SLOPE_W+1){digits[2*d] ^ digits[2*d+1]}})
                    | ({by, 1'b0} & {(SLOPE_W+1){digits[2*d] == digits[2*d+1] && digits[2*d+1] != digits[2*d+2]}});
                row = row ^ {!digits[2*d+2], {SLOPE_W{digits[2*d+2]}}};
                multiply = multiply + ({{(PRODUCT_W-SLOPE_W-1){1'b0}}, row} << (2 * d))
                         + ({{(PRODUCT_W-1){1'b0}}, digits[2*d+2]} << (2 * d));
            end
        end
    endfunction

<%- for line in lines %>
    assign @{ line.of }@segment = @{ line.segment }@;
<%- endfor %>

@{ shell.instances }@
<%- if lines.len() > 1 %>

    // The line of the row's function.
    assign middle = <% for line in lines.iter().rev() %><% if loop.last %>@{ line.middle }@<% else %>@{ line.word }@_q ? @{ line.middle }@ : <% endif %><% endfor %>;
    assign slope  = <% for line in lines.iter().rev() %><% if loop.last %>@{ line.of }@slope<% else %>@{ line.word }@_q ? @{ line.of }@slope : <% endif %><% endfor %>;
<%- endif %>

    wire [2*DIGITS-1:0]  seen    = @{ place }@;
    wire [2*DIGITS-1:0]  place   = {!seen[2*DIGITS-1], seen[2*DIGITS-2:0]};
    wire                 covered = number_q && !over<% for condition in within %> && @{ condition }@<% endfor %>
                                && value_q[VALUE_W-1:TABLE_W] == {(VALUE_W-TABLE_W){1'b0}};
<%- if let Some(sign) = sign %>
    // Below zero, a function that comes to its sign is the complement of what it is above, less one.
    wire [VALUE_W-1:0]   limit   = (value_q | {VALUE_W{over}}) & {VALUE_W{!zero_q}};
    wire [VALUE_W-1:0]   base    = limit | (mirrored_q ? ONE - 1'b1 : ONE & {VALUE_W{@{ sign }@}});
<%- else %>
    wire [VALUE_W-1:0]   base    = (value_q | {VALUE_W{over}}) & {VALUE_W{!zero_q}};
<%- endif %>
    wire [MIDDLE_W-1:0]  centre  = middle & {MIDDLE_W{covered}};
    wire [PRODUCT_W-1:0] raised  = {1'b0, base[TABLE_W-1:0], {FRACTION_W{1'b0}}}
                                 + {{(PRODUCT_W-MIDDLE_W-2*DIGITS+1){centre[MIDDLE_W-1]}}, centre,
                                    {(2*DIGITS-1){1'b1}}};
    /* verilator lint_off UNUSEDSIGNAL */
    wire [PRODUCT_W-1:0] total   = raised + multiply(slope & {SLOPE_W{covered}}, place);  // rounding cuts off
    /* verilator lint_on UNUSEDSIGNAL */
    wire [TABLE_W:0]     result  = total[FRACTION_W +: TABLE_W+1]<% if sign.is_some() %> ^ {(TABLE_W+1){mirrored_q}}<% endif %>;

    reg [ACC_W-1:0]   sum_q;
    reg               below_q;
    reg [SHIFT_W-1:0] scale_after_q;
    always @(posedge clk_i) begin
        sum_q         <= {high_q & {(ACC_W-VALUE_W){!zero_q && !number_q}}, base[VALUE_W-1:TABLE_W],
                          result[TABLE_W-1:0]};
        below_q       <= result[TABLE_W];
        scale_after_q <= number_q ? activation_shift_i : scale_q;
    end

    // Below zero the upper bits follow the lower ones: late, so beyond the register.
    assign activated_o       = sum_q | {{(ACC_W-TABLE_W){below_q}}, {TABLE_W{1'b0}}};
    assign activated_scale_o = scale_after_q;

endmodule
