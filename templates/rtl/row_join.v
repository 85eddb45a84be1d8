@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WIDTH   = @{ width }@;
    localparam PIECES  = @{ pieces }@;
    localparam PIECE_W = @{ piece_w }@;
    localparam [PIECE_W-1:0] LAST = @{ piece_w }@'d@{ pieces - 1 }@;

    // What a run leaves of its last row is zero.
    reg                      full_q;
    reg  [PIECE_W-1:0]       piece_q;
    reg  [PIECES*WIDTH-1:0]  row_q;
    wire                     accept = piece_valid_i && piece_ready_o;
    wire                     ending = piece_last_i || piece_q == LAST;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            full_q  <= 1'b0;
            piece_q <= {PIECE_W{1'b0}};
        end else begin
            if (accept) piece_q <= ending ? {PIECE_W{1'b0}} : piece_q + 1'b1;
            if (accept && ending) full_q <= 1'b1;
            else if (row_ready_i) full_q <= 1'b0;
        end
    end

    always @(posedge clk_i) begin
<%- if pieces == 1 %>
        if (accept) row_q <= piece_data_i;
<%- else %>
        if (accept) begin
            if (piece_q == {PIECE_W{1'b0}}) row_q <= {{((PIECES-1)*WIDTH){1'b0}}, piece_data_i};
            else row_q[piece_q*WIDTH +: WIDTH] <= piece_data_i;
        end
<%- endif %>
    end

    assign piece_ready_o = !full_q || row_ready_i;
    assign row_valid_o   = full_q;
    assign row_data_o    = row_q;

endmodule
