@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N         = @{ n }@;
    localparam OP_W      = @{ op_w }@;
    localparam OPERAND_W = @{ operand_w }@;
    localparam PART_W    = @{ part_w }@;
<%- if adaptiv_float %>
    localparam TERM_W    = 25;
<%- endif %>
    localparam DOT_W     = @{ dot_w }@;
<%- if pipeline == 3 && kept == "SUM_W" %>
    localparam SUM_W     = @{ sum_w }@;
<%- endif %>
    localparam ACC_W     = @{ acc_w }@;
<%- if let Some(s) = sparsity %>
    localparam NONZEROS  = @{ s.nonzeros }@;
    localparam BLOCK     = @{ s.block }@;
    localparam PLACES    = BLOCK - NONZEROS + 1;
    localparam SELECT_W  = @{ select_w }@;
<%- endif %>
<%- if adaptiv_float %>

    // A term is offset by 2^24, which makes it positive: one constant takes the place of N sign extensions.
<%- else %>

    // Baugh-Wooley: with their bits of negative weight inverted, the rows of a signed product add up to the
    // product and 2^(2*OP_W-1) - 2^OP_W: one constant takes the place of N sign extensions.
<%- endif %>
    localparam [ACC_W-1:0] OFFSET = @{ offset }@;

    reg [N*OP_W-1:0] shadow_q;
    reg [N*OP_W-1:0] weight_q;
<%- if columns %>

    // A tile by rows loads all weights of a lane at once, one by columns the weight of one place in every
    // lane.
    always @(posedge clk_i) begin : take
        integer k;
        if (load_i) shadow_q <= load_weight_i;
        for (k = 0; k < N; k = k + 1)
            if (load_place_i[k]) shadow_q[k*OP_W +: OP_W] <= load_code_i;
        if (swap_i) weight_q <= shadow_q;
    end
<%- else %>
    always @(posedge clk_i) begin
        if (load_i) shadow_q <= load_weight_i;
        if (swap_i) weight_q <= shadow_q;
    end
<%- endif %>
<%- if sparsity.is_some() %>

    reg [N*SELECT_W-1:0] shadow_select_q;
    reg [N*SELECT_W-1:0] select_q;
<%- if columns %>
    always @(posedge clk_i) begin : take_select
        integer k;
        if (load_i) shadow_select_q <= load_select_i;
        for (k = 0; k < N; k = k + 1)
            if (load_place_i[k]) shadow_select_q[k*SELECT_W +: SELECT_W] <= {SELECT_W{1'b0}};
        if (swap_i) select_q <= shadow_select_q;
    end
<%- else %>
    always @(posedge clk_i) begin
        if (load_i) shadow_select_q <= load_select_i;
        if (swap_i) select_q <= shadow_select_q;
    end
<%- endif %>

    // Of the places where the k-th non-zero of a block can stand, the one that the mask names, or none.
    wire [N*OPERAND_W-1:0] operand;
    genvar c;
    generate
        for (c = 0; c < N; c = c + 1) begin : gen_choice
            wire [SELECT_W-1:0]    select = select_q[c*SELECT_W +: SELECT_W];
            wire [PLACES*OP_W-1:0] places = activation_i[(c/NONZEROS*BLOCK + c%NONZEROS)*OP_W +: PLACES*OP_W];
<%- for level in levels %>
            wire [@{ level.width }@*OP_W-1:0] of_@{ level.width }@ = select[@{ level.bit }@]
                ? @{ level.from }@[@{ level.width }@*OP_W +: @{ level.width }@*OP_W] : @{ level.from }@[0 +: @{ level.width }@*OP_W];
<%- endfor %>
            assign operand[c*OPERAND_W +: OPERAND_W]
                = select[SELECT_W-1] ? places[(PLACES-1)*OP_W +: OP_W] & {OP_W{!select[0]}} : of_1;
        end
    endgenerate
<%- else %>

    wire [N*OPERAND_W-1:0] operand = activation_i;
<%- endif %>
<%- if adaptiv_float %>

    // The product of two operands before the last step of its shift, where it has the fewest bits: whether
    // that step is by none or by 8 places, the sign, 17 bits. A negative product is inverted; the one that is
    // then missing enters the sum as a carry. Words of 32 bits are for the simulator's sake: synthesis keeps
    // the bits that can be set.
    function [PART_W-1:0] product;
        input [OPERAND_W-1:0] a;
        input [OP_W-1:0]      w;
        reg        nonzero;
        reg        sign;
        reg [3:0]  exponent;
        reg [31:0] significand;
        reg [31:0] near;
        /* verilator lint_off UNUSEDSIGNAL */
        reg [31:0] half;  // 17 bits in a word
        /* verilator lint_on UNUSEDSIGNAL */
        begin
<%- if sparsity.is_some() %>
            nonzero     = a[6:0] != 7'd0 && w[6:0] != 7'd0;
            sign        = a[7] ^ w[7];
            exponent    = {1'b0, a[6:4]} + {1'b0, w[6:4]};
<%- else %>
            nonzero     = a[4] && w[6:0] != 7'd0;
            sign        = a[8] ^ w[7];
            exponent    = {1'b0, a[7:5]} + {1'b0, w[6:4]};
<%- endif %>
            significand = {27'd0, 1'b1, a[3:0]} * {27'd0, 1'b1, w[3:0]};
            // By one-hot steps: fewer gates than a chain of multiplexers.
            near = (significand & {32{nonzero && !exponent[1] && !exponent[0]}})
                 | ((significand << 1) & {32{nonzero && !exponent[1] && exponent[0]}})
                 | ((significand << 2) & {32{nonzero && exponent[1] && !exponent[0]}})
                 | ((significand << 3) & {32{nonzero && exponent[1] && exponent[0]}});
            half = ((near & {32{!exponent[2]}}) | ((near << 4) & {32{exponent[2]}})) ^ {32{sign}};
            product = {12'd0, !exponent[3], exponent[3], sign, half[16:0]};
        end
    endfunction

    function [TERM_W-1:0] term;
        /* verilator lint_off UNUSEDSIGNAL */
        input [PART_W-1:0] part;  // 20 bits in a word
        /* verilator lint_on UNUSEDSIGNAL */
        reg [23:0] here;
        reg [23:0] far;
        begin
            here = {{7{part[17]}}, part[16:0]} & {24{part[19]}};
            far  = {part[15:0], {8{part[17]}}} & {24{part[18]}};
            term = {!part[17], here | far};
        end
    endfunction
<%- else %>

    function [PART_W-1:0] product;
        input [OPERAND_W-1:0] a;
        input [OP_W-1:0]      w;
        integer r;
        begin
            product = {PART_W{1'b0}};
            for (r = 0; r < OP_W - 1; r = r + 1)
                product = product
                        + ({{(PART_W-OP_W){1'b0}}, {1'b1, {(OP_W-1){1'b0}}} ^ (a & {OP_W{w[r]}})} << r);
            product = product
                    + ({{(PART_W-OP_W){1'b0}}, {1'b0, {(OP_W-1){1'b1}}} ^ (a & {OP_W{w[OP_W-1]}})} << (OP_W - 1));
        end
    endfunction
<%- endif %>
<%- if pipeline == 1 %>

    reg [N*PART_W-1:0] part;
    always @* begin : multiply
        integer k;
        for (k = 0; k < N; k = k + 1)
            part[k*PART_W +: PART_W] = product(operand[k*OPERAND_W +: OPERAND_W], weight_q[k*OP_W +: OP_W]);
    end
<%- else %>

    reg [N*PART_W-1:0] part_q;
    always @(posedge clk_i) begin : multiply
        integer k;
        for (k = 0; k < N; k = k + 1)
            part_q[k*PART_W +: PART_W] <= product(operand[k*OPERAND_W +: OPERAND_W], weight_q[k*OP_W +: OP_W]);
    end
<%- endif %>

    // Terms no wider than their bits, so that synthesis builds one carry-save tree.
<%- if adaptiv_float %>
    reg [N*DOT_W-1:0] terms;
<%- endif %>
<%- if wide %>
    /* verilator lint_off UNUSEDSIGNAL */
    reg [DOT_W-1:0] dot;  // a word, of which the sum needs fewer bits
    /* verilator lint_on UNUSEDSIGNAL */
<%- else %>
    reg [DOT_W-1:0] dot;
<%- endif %>
    always @* begin : add
        integer k;
<%- if adaptiv_float %>
        for (k = 0; k < N; k = k + 1)
            terms[k*DOT_W +: DOT_W] = {{(DOT_W-TERM_W){1'b0}}, term(@{ part }@[k*PART_W +: PART_W])}
                                    + {{(DOT_W-1){1'b0}}, @{ part }@[k*PART_W + 17]};
<%- endif %>
        dot = {DOT_W{1'b0}};
        for (k = 0; k < N; k = k + 1)
<%- if adaptiv_float %>
            dot = dot + terms[k*DOT_W +: DOT_W];
<%- else if pipeline == 1 %>
            dot = dot + part[k*PART_W +: PART_W];
<%- else %>
            dot = dot + {{(DOT_W-PART_W){1'b0}}, part_q[k*PART_W +: PART_W]};
<%- endif %>
    end
<%- if pipeline == 3 %>

    reg [@{ kept }@-1:0] dot_q;
    always @(posedge clk_i) dot_q <= dot[@{ kept }@-1:0];
<%- endif %>

    wire [ACC_W-1:0] total = addend_i + @{ dot_extended }@ - OFFSET;

    reg [ACC_W-1:0] sum_q;
<%- if zero_skip %>
    always @(posedge clk_i) sum_q <= skip_i ? addend_i : total;
<%- else %>
    always @(posedge clk_i) sum_q <= total;
<%- endif %>
    assign sum_o = sum_q;

endmodule
