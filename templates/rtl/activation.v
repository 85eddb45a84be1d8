@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

<% if latency == 1 %>    localparam N       = @{ n }@;
<% endif %>    localparam ACC_W   = @{ acc_w }@;
    localparam SHIFT_W = @{ shift_w }@;
<%- if latency != 1 %>
    localparam STAGES  = @{ latency }@;
<%- endif %>
<% if latency == 1 %>
    reg valid_q;
    reg last_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) valid_q <= 1'b0;
        else         valid_q <= sum_valid_i;
    end
    always @(posedge clk_i) last_q <= sum_last_i;

    assign activated_valid_o = valid_q;
    assign activated_last_o  = last_q;

    // A negative sum becomes zero where the row is to have it so.
    reg [N*ACC_W-1:0]   sum_q;
    reg [N*SHIFT_W-1:0] scale_q;
    always @(posedge clk_i) scale_q <= scale_i;

    genvar j;
    generate
        for (j = 0; j < N; j = j + 1) begin : gen_column
            wire zero = function_i && sum_i[j*ACC_W+ACC_W-1];
            always @(posedge clk_i) sum_q[j*ACC_W +: ACC_W] <= sum_i[j*ACC_W +: ACC_W] & {ACC_W{!zero}};
        end
    endgenerate

    assign activated_o       = sum_q;
    assign activated_scale_o = scale_q;
<%- else %>
@{ shell.declare("activation_shift_q") }@

    reg [STAGES-1:0] valid_q;
    reg [STAGES-1:0] last_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) valid_q <= {STAGES{1'b0}};
        else         valid_q <= {valid_q[STAGES-2:0], sum_valid_i};
    end
    always @(posedge clk_i) last_q <= {last_q[STAGES-2:0], sum_last_i};

    assign activated_valid_o = valid_q[STAGES-1];
    assign activated_last_o  = last_q[STAGES-1];

    // What is the same for all columns and only the second stage asks for.
    always @(posedge clk_i) activation_shift_q <= activation_shift_i;

@{ shell.instances }@
<%- endif %>

endmodule
