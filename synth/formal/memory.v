// A tiled memory: what is written to any one word is read back from it, and no write to another word changes
// it.
module memory_contract #(
    parameter ADDR_W  = 4,
    parameter WIDTH   = 6,
    parameter WORDS   = 11,
    parameter LATENCY = 1
) (
    input wire              clk_i,
    input wire              write_i,
    input wire [ADDR_W-1:0] write_address_i,
    input wire [WIDTH-1:0]  write_data_i,
    input wire              read_i,
    input wire [ADDR_W-1:0] read_address_i,
    input wire [ADDR_W-1:0] any_i
);

    wire             ready;
    wire [WIDTH-1:0] data;
    alb_sram_weight u_memory (
        .clk_i(clk_i),
        .write_valid_i(write_i), .write_ready_o(ready), .write_address_i(write_address_i), .write_data_i(write_data_i),
        .write_lanes_i(1'b1),
        .read_enable_i(read_i), .read_address_i(read_address_i), .read_data_o(data)
    );

    // One word, which the solver chooses once.
    reg              started_q = 1'b0;
    reg [ADDR_W-1:0] which_q;
    reg              known_q = 1'b0;
    reg [WIDTH-1:0]  word_q;
    reg              asked_q = 1'b0;
    reg              beyond_q = 1'b0;
    reg [WIDTH-1:0]  expected_q;
    wire [ADDR_W-1:0] which = started_q ? which_q : any_i;
    always @(posedge clk_i) begin
        started_q <= 1'b1;
        which_q   <= which;
        if (write_i && ready && write_address_i == which) begin
            known_q <= which < WORDS;
            word_q  <= write_data_i;
        end
        asked_q    <= read_i && read_address_i == which && known_q;
        expected_q <= word_q;
        beyond_q   <= read_i && read_address_i >= WORDS;
    end

    always @* begin
        if (asked_q) assert (data == expected_q);
        if (beyond_q) assert (data == {WIDTH{1'b0}});
        assert (ready == !read_i);
    end

endmodule
