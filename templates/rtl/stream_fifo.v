@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WIDTH = @{ width }@;
    localparam DEPTH = @{ depth }@;

    // Entries are kept in order, the oldest in slot 0, so that the output needs no multiplexer. Bit i of
    // used_q says whether slot i holds an entry.
    reg  [DEPTH-1:0] used_q;
    wire             push = in_valid_i && in_ready_o;
    wire             pop  = out_valid_o && out_ready_i;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) used_q <= {DEPTH{1'b0}};
        else if (push && !pop) used_q <= {used_q[DEPTH-2:0], 1'b1};
        else if (pop && !push) used_q <= {1'b0, used_q[DEPTH-1:1]};
    end

    // Slot i takes the entry after it when the oldest leaves, and the input when it is the first free one.
    wire [(DEPTH+1)*WIDTH-1:0] slots;
    wire [DEPTH:0]             used = {1'b0, used_q};
    assign slots[DEPTH*WIDTH +: WIDTH] = in_data_i;

    genvar i;
    generate
        for (i = 0; i < DEPTH; i = i + 1) begin : gen_slot
            reg [WIDTH-1:0] slot_q;
            always @(posedge clk_i) begin
                if (pop) slot_q <= used[i+1] ? slots[(i+1)*WIDTH +: WIDTH] : in_data_i;
                else if (push && !used[i]) slot_q <= in_data_i;
            end
            assign slots[i*WIDTH +: WIDTH] = slot_q;
        end
    endgenerate

    assign in_ready_o  = !used_q[DEPTH-1];
    assign out_valid_o = used_q[0];
    assign out_data_o  = slots[0 +: WIDTH];

endmodule
