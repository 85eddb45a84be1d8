<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam K         = @{ k }@;
    localparam VALUE_W   = @{ value_w }@;
    localparam LAST_LANE = @{ n - 1 }@;
    localparam LANE_W    = @{ lane_w }@;
    localparam POS_W     = @{ position_w }@;
    localparam ENTRY_W   = VALUE_W + POS_W;
    localparam COUNT_W   = @{ count_w }@;

    // The row that comes in, and the element of it that is next.
    reg               row_open_q;
    reg  [POS_W-1:0]  length_q;
    reg  [POS_W-1:0]  position_q;
    reg  [LANE_W-1:0] lane_q;
    wire              element_free;
    wire              open       = row_valid_i && row_ready_o;
    wire              last       = position_q == length_q;
    wire              vector_end = last || lane_q == LAST_LANE[LANE_W-1:0];
    wire              step       = row_open_q && value_valid_i && element_free;
    assign row_ready_o   = !row_open_q;
    assign value_ready_o = row_open_q && element_free && vector_end;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) row_open_q <= 1'b0;
        else row_open_q <= open || (row_open_q && !(step && last));
    end

    always @(posedge clk_i) begin
        if (open) begin
            length_q   <= row_length_i;
            position_q <= {POS_W{1'b0}};
        end else if (step) begin
            position_q <= position_q + 1'b1;
        end
        if (open || step) lane_q <= open || vector_end ? {LANE_W{1'b0}} : lane_q + 1'b1;
    end

    // Lengths decide; an end that the values announce anywhere else is counted, a cycle later.
    <% call length_errors::count("step && vector_end && value_last_i != last") %><% endcall %>

    // An element on its way to the entries; it waits while those of the row before leave. With its sign
    // turned over it compares as a number without one.
    reg               element_valid_q;
    reg               element_last_q;
    reg [VALUE_W-1:0] element_value_q;
    reg [POS_W-1:0]   element_position_q;
    reg               leaving_q;
    wire              insert = element_valid_q && !leaving_q;
    assign element_free = !element_valid_q || !leaving_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) element_valid_q <= 1'b0;
        else if (element_free) element_valid_q <= step;
    end

    always @(posedge clk_i) begin
        if (step) begin
            element_last_q     <= last;
            element_value_q    <= value_data_i[lane_q*VALUE_W +: VALUE_W] ^ 16'h8000;
            element_position_q <= position_q;
        end
    end

    // Entries, the largest in slot 0, which is slice 1 of both vectors: below it is the element that goes in,
    // beyond the last slot is nothing. An element goes into the first slot that is free or holds less; what
    // it finds there and after it moves up. Entries leave by moving down.
    wire [K+1:0]             used;
    wire [K:0]               precedes;
    wire [(K+2)*ENTRY_W-1:0] entries;
    wire                     leave = leaving_q && entry_ready_i;
    assign used[0]                           = 1'b1;
    assign used[K+1]                         = 1'b0;
    assign precedes[0]                       = 1'b0;
    assign entries[0 +: ENTRY_W]             = {element_value_q, element_position_q};
    assign entries[(K+1)*ENTRY_W +: ENTRY_W] = {ENTRY_W{1'b0}};

    genvar i;
    generate
        for (i = 0; i < K; i = i + 1) begin : gen_slot
            reg               used_q;
            reg [ENTRY_W-1:0] entry_q;
            assign used[i+1]                         = used_q;
            assign entries[(i+1)*ENTRY_W +: ENTRY_W] = entry_q;
            assign precedes[i+1]                     = !used[i+1] || element_value_q > entry_q[POS_W +: VALUE_W];

            always @(posedge clk_i or negedge rst_ni) begin
                if (!rst_ni) used_q <= 1'b0;
                else if (leave) used_q <= used[i+2];
                else if (insert) used_q <= used[i];
            end

            always @(posedge clk_i) begin
                if (leave) entry_q <= entries[(i+2)*ENTRY_W +: ENTRY_W];
                else if (insert && precedes[i]) entry_q <= entries[i*ENTRY_W +: ENTRY_W];
                else if (insert && precedes[i+1]) entry_q <= entries[0 +: ENTRY_W];
            end
        end
    endgenerate

    wire leaves_last = !used[2];
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) leaving_q <= 1'b0;
        else leaving_q <= (insert && element_last_q) || (leaving_q && !(leave && leaves_last));
    end

    assign entry_valid_o    = leaving_q;
    assign entry_value_o    = entries[ENTRY_W+POS_W +: VALUE_W] ^ 16'h8000;
    assign entry_position_o = entries[ENTRY_W +: POS_W];
    assign entry_last_o     = leaves_last;

endmodule
