@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam ONES_W  = @{ ones_w }@;
    localparam COUNT_W = @{ count_w }@;

    // The mask that leaves, and one that was taken while it could not.
    reg          out_valid_q;
    reg          spare_valid_q;
    reg  [N:0]   out_q;
    reg  [N:0]   spare_q;
    wire         accept  = in_valid_i && in_ready_o;
    wire         advance = !out_valid_q || out_ready_i;
    assign in_ready_o  = !spare_valid_q;
    assign out_valid_o = out_valid_q;
    assign {out_last_o, out_data_o} = out_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            out_valid_q   <= 1'b0;
            spare_valid_q <= 1'b0;
        end else begin
            if (advance) out_valid_q <= spare_valid_q || accept;
            spare_valid_q <= !advance && (spare_valid_q || accept);
        end
    end

    always @(posedge clk_i) begin
        if (advance) out_q <= spare_valid_q ? spare_q : {in_last_i, in_data_i};
        if (accept) spare_q <= {in_last_i, in_data_i};
    end

    reg [ONES_W-1:0] ones;
    integer i;
    always @* begin
        ones = {ONES_W{1'b0}};
        for (i = 0; i < N; i = i + 1) ones = ones + {{(ONES_W-1){1'b0}}, in_data_i[i]};
    end

    // Counted a cycle later, so that the sum of the bits and that of the masks are in different cycles.
    reg               counted_q;
    reg [ONES_W-1:0]  ones_q;
    reg [COUNT_W-1:0] mask_count_q;
    reg [COUNT_W-1:0] ones_count_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            counted_q    <= 1'b0;
            ones_q       <= {ONES_W{1'b0}};
            mask_count_q <= {COUNT_W{1'b0}};
            ones_count_q <= {COUNT_W{1'b0}};
        end else begin
            counted_q    <= accept;
            ones_q       <= accept ? ones : {ONES_W{1'b0}};
            mask_count_q <= clear_i ? {COUNT_W{1'b0}} : mask_count_q + {{(COUNT_W-1){1'b0}}, counted_q};
            ones_count_q <= clear_i ? {COUNT_W{1'b0}} : ones_count_q + {{(COUNT_W-ONES_W){1'b0}}, ones_q};
        end
    end
    assign mask_count_o = mask_count_q;
    assign ones_count_o = ones_count_q;

endmodule
