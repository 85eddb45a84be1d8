// Programming and reading share the macros of an rram: who asks is answered, rightly or with an error.
module rram_contract #(
    parameter ADDR_W   = 2,
    parameter WIDTH    = 2,
    parameter WORDS    = 3,
    parameter DURATION = 8,  // cycles from a word that is taken to done, at a latency of one
    parameter LIMIT    = 0   // programmings of a word, 0 for any number
) (
    input wire              clk_i,
    input wire              rst_ni,
    input wire              lock_i,
    input wire              program_valid_i,
    input wire [ADDR_W-1:0] program_address_i,
    input wire [WIDTH-1:0]  program_data_i,
    input wire              read_i,
    input wire [ADDR_W-1:0] read_address_i,
    input wire [ADDR_W-1:0] any_i
);

    localparam [2:0] WELL = 3'd0, LOCKED = 3'd1, OUTSIDE = 3'd2, WORN = 3'd3;

    wire             ready, busy, done, read_error;
    wire [2:0]       status;
    wire [WIDTH-1:0] data;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_rram_weight u_memory (
        .clk_i(clk_i), .rst_ni(rst_ni), .lock_i(lock_i),
        .program_valid_i(program_valid_i), .program_ready_o(ready), .program_address_i(program_address_i),
        .program_data_i(program_data_i), .program_done_o(done), .program_error_o(status), .busy_o(busy),
        .read_enable_i(read_i), .read_address_i(read_address_i), .read_data_o(data), .read_error_o(read_error)
    );

    // What is being programmed.
    wire              take = rst_ni && program_valid_i && ready;
    reg               open_q = 1'b0;
    reg  [3:0]        age_q;
    reg               locked_q;
    reg  [ADDR_W-1:0] address_q;
    reg  [WIDTH-1:0]  data_q;
    always @(posedge clk_i) begin
        open_q <= take || (open_q && !done);
        age_q  <= take ? 4'd1 : age_q + 4'd1;
        if (take) begin
            locked_q  <= lock_i;
            address_q <= program_address_i;
            data_q    <= program_data_i;
        end
    end

    // One word, which the solver chooses once, as the last programming that went well left it.
    reg               started_q = 1'b0;
    reg  [ADDR_W-1:0] which_q;
    reg               known_q = 1'b0;
    reg  [WIDTH-1:0]  word_q;
    reg  [3:0]        programmed_q = 4'd0;
    wire [ADDR_W-1:0] which = started_q ? which_q : any_i;
    wire              stored = done && status == WELL && address_q == which;
    wire [WIDTH-1:0]  word = stored ? data_q : word_q;
    always @(posedge clk_i) begin
        started_q <= 1'b1;
        which_q   <= which;
        known_q   <= known_q || stored;
        word_q    <= word;
        if (stored) programmed_q <= programmed_q + 4'd1;
    end

    // A read of the cycle before.
    reg               asked_q = 1'b0;
    reg               refused_q, known_then_q, beyond_q;
    reg  [WIDTH-1:0]  expected_q;
    always @(posedge clk_i) begin
        asked_q      <= rst_ni && read_i;
        refused_q    <= busy;
        known_then_q <= read_address_i == which && (known_q || stored);
        beyond_q     <= read_address_i >= WORDS;
        expected_q   <= word;
    end

    always @* begin
        // After a reset idle; then busy from a word that is taken until done, which comes in time.
        if (!rst_ni) assert (!busy && !done && !read_error);
        assert (ready == !busy);
        if (started_q && rst_ni) begin
            assert (busy == (open_q && !done));
            assert (!done || open_q);
            assert (!open_q || age_q <= DURATION);
        end
        // What is refused is refused for its reason, and sound cells never differ.
        if (done) begin
            assert (status <= WORN);
            assert ((status == LOCKED) == locked_q);
            assert ((status == OUTSIDE) == (!locked_q && address_q >= WORDS));
            assert (status != WORN || LIMIT != 0);
        end
        assert (LIMIT == 0 || programmed_q <= LIMIT);
        // A read is answered with the word, or with an error and zeros while the memory is busy.
        assert (read_error == (asked_q && refused_q));
        if (asked_q && (refused_q || beyond_q)) assert (data == {WIDTH{1'b0}});
        if (asked_q && !refused_q && known_then_q) assert (data == expected_q);
    end

endmodule
