@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N         = @{ n }@;
    localparam OP_W      = @{ op_w }@;
    localparam ACC_W     = @{ acc_w }@;
    localparam DOT_W     = @{ dot_w }@;
<%- if !adaptiv_float && pipeline == 3 %>
    localparam SUM_W     = @{ sum_w }@;
<%- endif %>
<%- match sparsity %>
<%- when Some with (s) %>
    localparam NONZEROS  = @{ s.nonzeros }@;
    localparam BLOCK     = @{ s.block }@;
    localparam PLACES    = BLOCK - NONZEROS + 1;
    localparam SELECT_W  = @{ select_w }@;
<%- when None %>
    localparam OPERAND_W = @{ operand_w }@;
<%- endmatch %>
<%- if adaptiv_float %>

    // A term is offset by 2^24, which makes it positive: one constant takes the place of N sign extensions.
<%- else %>

    // Baugh-Wooley: with their bits of negative weight inverted, the rows of a signed product add up to the product
    // and 2^(2*OP_W-1) - 2^OP_W: one constant takes the place of N sign extensions.
<%- endif %>
    localparam [ACC_W-1:0] OFFSET = @{ offset }@;

    reg [N*OP_W-1:0] shadow_q;
    reg [N*OP_W-1:0] weight_q;
    always @(posedge clk_i) begin
        if (load_i) shadow_q <= load_weight_i;
        if (swap_i) weight_q <= shadow_q;
    end
<%- if sparsity.is_some() %>

    reg [N*SELECT_W-1:0] shadow_select_q;
    reg [N*SELECT_W-1:0] select_q;
    always @(posedge clk_i) begin
        if (load_i) shadow_select_q <= load_select_i;
        if (swap_i) select_q <= shadow_select_q;
    end
<%- endif %>

    genvar k;
    generate
        for (k = 0; k < N; k = k + 1) begin : gen_mac
            wire [OP_W-1:0] w = weight_q[k*OP_W +: OP_W];
<%- if sparsity.is_some() %>

            // Of the places where the k-th non-zero of a block can stand, the one that the mask names, or none.
            wire [SELECT_W-1:0]    select = select_q[k*SELECT_W +: SELECT_W];
            wire [PLACES*OP_W-1:0] places = activation_i[(k/NONZEROS*BLOCK + k%NONZEROS)*OP_W +: PLACES*OP_W];
<%- for level in levels %>
            wire [@{ level.width }@*OP_W-1:0] of_@{ level.width }@ = select[@{ level.bit }@]
                ? @{ level.from }@[@{ level.width }@*OP_W +: @{ level.width }@*OP_W] : @{ level.from }@[0 +: @{ level.width }@*OP_W];
<%- endfor %>
            wire [OP_W-1:0] a = select[SELECT_W-1] ? places[(PLACES-1)*OP_W +: OP_W] & {OP_W{!select[0]}} : of_1;
<%- else %>
            wire [OPERAND_W-1:0] a = activation_i[k*OPERAND_W +: OPERAND_W];
<%- endif %>
<%- if adaptiv_float %>
<%- if sparsity.is_some() %>
            wire       a_nonzero = a[6:0] != 7'd0;
            wire [3:0] a_e       = {1'b0, a[6:4]};
            wire       a_s       = a[7];
<%- else %>
            wire       a_nonzero = a[4];
            wire [3:0] a_e       = {1'b0, a[7:5]};
            wire       a_s       = a[8];
<%- endif %>

            // Product of the significands 1.m, its exponent, its sign. Words of 32 bits are for the simulator's sake;
            // synthesis keeps the bits that can be set.
<%- if pipeline == 3 %>
            /* verilator lint_off UNUSEDSIGNAL */
            wire [31:0] product  = {27'd0, 1'b1, a[3:0]} * {27'd0, 1'b1, w[3:0]};  // 10 bits in a word
            /* verilator lint_on UNUSEDSIGNAL */
<%- else %>
            wire [31:0] product  = {27'd0, 1'b1, a[3:0]} * {27'd0, 1'b1, w[3:0]};
<%- endif %>
            wire        nonzero  = a_nonzero && w[6:0] != 7'd0;
            wire [3:0]  exponent = a_e + {1'b0, w[6:4]};
            wire        sign     = a_s ^ w[7];
<%- if pipeline == 3 %>
            reg  [9:0]  product_q;
            reg         nonzero_q;
            reg  [3:0]  exponent_q;
            reg         sign_q;
            always @(posedge clk_i) begin
                product_q  <= product[9:0];
                nonzero_q  <= nonzero;
                exponent_q <= exponent;
                sign_q     <= sign;
            end
            wire [31:0] p  = {22'd0, product_q};
            wire        nz = nonzero_q;
            wire [3:0]  e  = exponent_q;
            wire        s  = sign_q;
<%- else %>
            wire [31:0] p  = product;
            wire        nz = nonzero;
            wire [3:0]  e  = exponent;
            wire        s  = sign;
<%- endif %>

            // p * 2^e, or zero, in two one-hot steps: fewer gates than a chain of multiplexers.
            wire [31:0] near = (p & {32{nz && !e[1] && !e[0]}}) | ((p << 1) & {32{nz && !e[1] && e[0]}})
                             | ((p << 2) & {32{nz && e[1] && !e[0]}}) | ((p << 3) & {32{nz && e[1] && e[0]}});
            wire [31:0] far  = (near & {32{!e[3] && !e[2]}}) | ((near << 4) & {32{!e[3] && e[2]}})
                             | ((near << 8) & {32{e[3] && !e[2]}}) | ((near << 12) & {32{e[3] && e[2]}});

            // Negated by inverting; the one that is then missing enters the sum as a carry.
            /* verilator lint_off UNUSEDSIGNAL */
            wire [31:0] offset = (far ^ {8'd0, {24{s}}}) | {7'd0, !s, 24'd0};  // 25 bits in a word
            /* verilator lint_on UNUSEDSIGNAL */
<%- if pipeline == 1 %>
            wire [DOT_W-1:0] term  = {{(DOT_W-25){1'b0}}, offset[24:0]};
            wire [DOT_W-1:0] carry = {{(DOT_W-1){1'b0}}, s};
<%- else %>
            reg  [24:0]      offset_q;
            reg              negative_q;
            always @(posedge clk_i) begin
                offset_q   <= offset[24:0];
                negative_q <= s;
            end
            wire [DOT_W-1:0] term  = {{(DOT_W-25){1'b0}}, offset_q};
            wire [DOT_W-1:0] carry = {{(DOT_W-1){1'b0}}, negative_q};
<%- endif %>
<%- else %>

<%- if pipeline == 1 %>
            reg [DOT_W-1:0] rows;
<%- else %>
            /* verilator lint_off UNUSEDSIGNAL */
            reg [DOT_W-1:0] rows;  // 2*OP_W bits in a word
            /* verilator lint_on UNUSEDSIGNAL */
<%- endif %>
            integer r;
            always @* begin
                rows = {DOT_W{1'b0}};
                for (r = 0; r < OP_W - 1; r = r + 1)
                    rows = rows + ({{(DOT_W-OP_W){1'b0}}, {1'b1, {(OP_W-1){1'b0}}} ^ (a & {OP_W{w[r]}})} << r);
                rows = rows
                     + ({{(DOT_W-OP_W){1'b0}}, {1'b0, {(OP_W-1){1'b1}}} ^ (a & {OP_W{w[OP_W-1]}})} << (OP_W - 1));
            end
<%- if pipeline == 1 %>
            wire [DOT_W-1:0] term = rows;
<%- else %>
            reg  [2*OP_W-1:0] product_q;
            always @(posedge clk_i) product_q <= rows[2*OP_W-1:0];
            wire [DOT_W-1:0] term = {{(DOT_W-2*OP_W){1'b0}}, product_q};
<%- endif %>
<%- endif %>
        end
    endgenerate

    // One expression, and terms no wider than their bits, so that synthesis builds one carry-save tree.
<%- if wide %>
    /* verilator lint_off UNUSEDSIGNAL */
    wire [DOT_W-1:0] dot  // a word, of which the sum needs fewer bits
    /* verilator lint_on UNUSEDSIGNAL */
        = @{ dot }@;
<%- else %>
    wire [DOT_W-1:0] dot = @{ dot }@;
<%- endif %>
<%- if !adaptiv_float && pipeline == 3 %>
    reg  [SUM_W-1:0] dot_q;
    always @(posedge clk_i) dot_q <= dot[SUM_W-1:0];
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
