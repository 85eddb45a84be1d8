@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N = @{ n }@;
    localparam ACC_W = @{ acc_w }@;
    localparam CODE_W = @{ code_w }@;
    localparam SHIFT_W = @{ shift_w }@;
<%- if wide %>
    localparam WIDE_W = @{ wide_w }@;
<%- endif %>
<%- for leaf::Passed { symbol, width, .. } in held %>
<%- if *width != 1 %>
    localparam @{ symbol }@ = @{ width }@;
<%- endif %>
<%- endfor %>

@{ shell.declare("scale_q first code wide_scale wide_first wide") }@

    reg first_valid_q;
    reg first_last_q;
    reg code_valid_q;
    reg code_last_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            first_valid_q <= 1'b0;
            code_valid_q  <= 1'b0;
        end else begin
            first_valid_q <= sum_valid_i;
            code_valid_q  <= first_valid_q;
        end
    end

    always @(posedge clk_i) begin
        first_last_q <= sum_last_i;
        code_last_q  <= first_last_q;
    end

<%- if wide %>

    // The shift of a wide result, kept within its range: the sum's two top bits differ where it leaves it.
    genvar k;
    generate
        for (k = 0; k < N; k = k + 1) begin : gen_wide_scale
            wire [SHIFT_W:0] moved = {scale_i[k*SHIFT_W+SHIFT_W-1], scale_i[k*SHIFT_W +: SHIFT_W]}
                                   + {wide_shift_i[SHIFT_W-1], wide_shift_i};
            assign wide_scale[k*SHIFT_W +: SHIFT_W] = moved[SHIFT_W] == moved[SHIFT_W-1]
                ? moved[SHIFT_W-1:0] : {moved[SHIFT_W], {(SHIFT_W-1){moved[SHIFT_W-1]}}};
        end
    endgenerate
<%- endif %>

@{ shell.instances }@

    always @(posedge clk_i) begin
<%- for leaf::Passed { name, .. } in held %>
        @{ name }@_q <= @{ name }@;
<%- endfor %>
<%- if late_shift %>
        scale_q <= scale_i;
<%- endif %>
    end

    reg [N*CODE_W-1:0] code_q;
    always @(posedge clk_i) code_q <= code;
<%- if wide %>

    reg [N*WIDE_W-1:0] wide_q;
    always @(posedge clk_i) wide_q <= wide;
    assign wide_o = wide_q;
<%- endif %>

    assign code_valid_o = code_valid_q;
    assign code_o       = code_q;
    assign code_last_o  = code_last_q;

endmodule
