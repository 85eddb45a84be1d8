@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N        = @{ n }@;
    localparam NUMBER_W = @{ number_w }@;
    localparam CODE_W   = @{ code_w }@;

@{ shell.declare("start a_start b_start one keep clear tail a_memory b_memory") }@

    // One instruction at a time. Every part begins with it, but for the reader of an operand that is none.
    reg busy_q;
    assign elementwise_ready_o = !busy_q;
    assign start   = elementwise_valid_i && !busy_q;
    assign a_start = start;
    assign b_start = start && !elementwise_scale_i;
    assign one     = 24'd1;
    assign keep    = 1'b1;
    assign clear   = 1'b0;
    assign tail    = @{ tail }@;  // rows are whole

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) busy_q <= 1'b0;
        else if (start) busy_q <= 1'b1;
        else if (done_o) busy_q <= 1'b0;
    end

    // The memory that an operand comes from. Both answer after the same time.
    reg a_code_q;
    reg b_code_q;
    always @(posedge clk_i) begin
        if (start) begin
            a_code_q <= elementwise_a_code_i;
            b_code_q <= elementwise_b_code_i;
        end
    end

    genvar l;
<%- for operand in ["a", "b"] %>
    assign @{ operand }@_code_valid_o   = @{ operand }@_memory_valid && @{ operand }@_code_q;
    assign @{ operand }@_wide_valid_o   = @{ operand }@_memory_valid && !@{ operand }@_code_q;
    assign @{ operand }@_code_address_o = @{ operand }@_memory_address;
    assign @{ operand }@_wide_address_o = @{ operand }@_memory_address;
    assign @{ operand }@_memory_ready   = @{ operand }@_code_q ? @{ operand }@_code_ready_i : @{ operand }@_wide_ready_i;
    generate
        for (l = 0; l < N; l = l + 1) begin : gen_@{ operand }@_lane
            assign @{ operand }@_memory_data[l*NUMBER_W +: NUMBER_W] =
                @{ operand }@_code_q ? {{(NUMBER_W-CODE_W){1'b0}}, @{ operand }@_code_data_i[l*CODE_W +: CODE_W]}
                         : @{ operand }@_wide_data_i[l*NUMBER_W +: NUMBER_W];
        end
    endgenerate
<% endfor %>
@{ shell.instances }@

endmodule
