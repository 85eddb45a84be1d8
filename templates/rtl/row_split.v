@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WIDTH   = @{ width }@;
    localparam PIECE_W = @{ piece_w }@;
    localparam [PIECE_W-1:0] LAST = @{ piece_w }@'d@{ pieces - 1 }@;

    // The last row of a run may end early: with piece tail_i.
    reg  [PIECE_W-1:0] piece_q;
    wire               ending  = piece_q == (row_end_i ? tail_i : LAST);
    wire               advance = row_valid_i && piece_ready_i;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) piece_q <= {PIECE_W{1'b0}};
        else if (advance) piece_q <= ending ? {PIECE_W{1'b0}} : piece_q + 1'b1;
    end

    assign row_ready_o   = piece_ready_i && ending;
    assign piece_valid_o = row_valid_i;
    assign piece_data_o  = row_data_i[piece_q*WIDTH +: WIDTH];
    assign piece_last_o  = row_end_i && ending;

endmodule
