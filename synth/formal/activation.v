// Rows come out after two cycles: unchanged, without negative sums, or of a function of numbers, which is
// never above zero where its sum is below, nor the reverse, and has a least value.
module activation_passes #(
    parameter N       = 2,
    parameter ACC_W   = 35,
    parameter SHIFT_W = 7,
    parameter LEAST   = 174
) (
    input wire                 clk_i,
    input wire                 rst_ni,
    input wire                 sum_valid_i,
    input wire [N*ACC_W-1:0]   sum_i,
    input wire [N*SHIFT_W-1:0] scale_i,
    input wire [1:0]           function_i,
    input wire [SHIFT_W-1:0]   activation_shift_i,
    input wire                 sum_last_i
);

    wire                 activated_valid, activated_last;
    wire [N*ACC_W-1:0]   activated;
    wire [N*SHIFT_W-1:0] activated_scale;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_activation u_activation (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .sum_valid_i(sum_valid_i), .sum_i(sum_i), .scale_i(scale_i), .function_i(function_i),
        .activation_shift_i(activation_shift_i),
        .sum_last_i(sum_last_i),
        .activated_valid_o(activated_valid), .activated_o(activated), .activated_scale_o(activated_scale),
        .activated_last_o(activated_last)
    );

    // What went in one and two cycles ago.
    localparam ROW_W = N*ACC_W + N*SHIFT_W + SHIFT_W + 4;
    reg [ROW_W-1:0] one_q;
    reg [ROW_W-1:0] two_q;
    reg             known1_q = 1'b0;
    reg             known2_q = 1'b0;
    always @(posedge clk_i) begin
        one_q    <= {sum_valid_i && rst_ni, sum_last_i, function_i, activation_shift_i, scale_i, sum_i};
        two_q    <= one_q;
        known1_q <= rst_ni;
        known2_q <= known1_q && rst_ni;
    end
    wire                 valid, last;
    wire [1:0]           chosen;
    wire [SHIFT_W-1:0]   after;
    wire [N*SHIFT_W-1:0] scale;
    wire [N*ACC_W-1:0]   sum;
    assign {valid, last, chosen, after, scale, sum} = two_q;

    integer j;
    always @* if (rst_ni && known2_q) begin
        assert (activated_valid == valid);
        assert (activated_last == last);
        if (valid) assert (activated_scale == (chosen[1] ? {N{after}} : scale));
        for (j = 0; j < N; j = j + 1) if (valid) begin
            if (chosen == 2'd0 || (chosen == 2'd1 && !sum[j*ACC_W+ACC_W-1]))
                assert (activated[j*ACC_W +: ACC_W] == sum[j*ACC_W +: ACC_W]);
            if (chosen == 2'd1 && sum[j*ACC_W+ACC_W-1]) assert (activated[j*ACC_W +: ACC_W] == {ACC_W{1'b0}});
            if (chosen[1]) begin
                // Within 24 bits; at least -LEAST in Q.10.
                if (activated[j*ACC_W+ACC_W-1]) assert (activated[j*ACC_W +: ACC_W] >= {ACC_W{1'b1}} - LEAST + 1);
                else assert (activated[j*ACC_W+23 +: ACC_W-23] == {(ACC_W-23){1'b0}});
                if (!sum[j*ACC_W+ACC_W-1]) assert (!activated[j*ACC_W+ACC_W-1]);
                else assert (activated[j*ACC_W+ACC_W-1] || activated[j*ACC_W +: ACC_W] == {ACC_W{1'b0}});
            end
        end
    end

endmodule
