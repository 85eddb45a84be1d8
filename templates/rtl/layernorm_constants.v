@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam FACTOR_W = @{ factor_w }@;
    localparam TRIPLE_W = @{ triple_w }@;
    localparam TERM_W   = @{ term_w }@;
    localparam HIGH_W   = @{ high_w }@;

    reg [FACTOR_W-1:0] factor_q;
    reg [TRIPLE_W-1:0] triple_q;
    reg [TERM_W-1:0]   offset_q;
    reg [HIGH_W-1:0]   distance_raw_q;
    reg [HIGH_W-1:0]   distance_q;

    // The distance is needed a stage later than the rest.
    always @(posedge clk_i) begin
        if (load_i) begin
            factor_q       <= factor_i;
            triple_q       <= triple_i;
            offset_q       <= offset_i;
            distance_raw_q <= distance_i;
        end
        if (front_i) distance_q <= distance_raw_q;
    end

    assign factor_o   = factor_q;
    assign triple_o   = triple_q;
    assign offset_o   = offset_q;
    assign distance_o = distance_q;

endmodule
