@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam NONZEROS = @{ sparsity.nonzeros }@;
    localparam BLOCK    = @{ sparsity.block }@;
    localparam BLOCKS   = @{ n / sparsity.nonzeros }@;
    localparam PLACES   = BLOCK - NONZEROS + 1;
    localparam SELECT_W = @{ select_w }@;

    wire [BLOCKS-1:0] error;
    assign error_o = error;

    genvar b, i, k;
    generate
        for (b = 0; b < BLOCKS; b = b + 1) begin : gen_block
            wire [BLOCK-1:0] mask = mask_i[b*BLOCK +: BLOCK];

            // Bit k of seen[i] says that k of the bits below bit i are set; the top bit stands for all more.
            for (i = 0; i <= BLOCK; i = i + 1) begin : gen_seen
                wire [NONZEROS+1:0] seen;
                if (i == 0) begin : gen_none
                    assign seen = 1;
                end else begin : gen_count
                    wire [NONZEROS+1:0] below = gen_seen[i-1].seen;
                    assign seen = mask[i-1] ? {below[NONZEROS+1] | below[NONZEROS], below[NONZEROS-1:0], 1'b0} : below;
                end
            end

            // Multiplier k can only find its bit at places k ..= k + BLOCK - NONZEROS when the mask is right;
            // with fewer bits set it may lie further up, where it counts as none.
            for (k = 0; k < NONZEROS; k = k + 1) begin : gen_choice
                wire [PLACES-1:0] hit;
                for (i = 0; i < PLACES; i = i + 1) begin : gen_place
                    assign hit[i] = mask[k+i] && gen_seen[k+i].seen[k];
                end
                reg [SELECT_W-1:0] select;
                integer p;
                always @* begin
                    select = {SELECT_W{hit == {PLACES{1'b0}}}};
                    for (p = 0; p < PLACES; p = p + 1) begin
                        select = select | ({SELECT_W{hit[p]}} & p[SELECT_W-1:0]);
                    end
                end
                assign select_o[(b*NONZEROS+k)*SELECT_W +: SELECT_W] = select;
            end

            assign error[b] = !gen_seen[BLOCK].seen[NONZEROS];
        end
    endgenerate

endmodule
