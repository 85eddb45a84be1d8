@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<%- if rram %>

    // Files for $readmemh are named <IMAGE>.<TILE>.hex and <FAULTS>.<TILE>.hex; without a name there is none.
    parameter FAULTS = "";
<%- else %>

    // The file for $readmemh is named <IMAGE>.<TILE>.hex; without a name there is none.
<%- endif %>
    parameter IMAGE  = "";
    parameter TILE   = "0";
    localparam WORDS  = @{ words }@;
    localparam WIDTH  = @{ width }@;
<%- if rram %>
    localparam CELL_W = @{ cell_w }@;
    localparam LEVELS = @{ levels }@;
    // Cycles that a word is programmed for, as long as the slowest macro of the memory takes.
    parameter PULSE = @{ write_cycles }@;
<%- endif %>

    reg [WIDTH-1:0] memory [0:WORDS-1];
    initial if (IMAGE != "") $readmemh({IMAGE, ".", TILE, ".hex"}, memory);

<%- if rram %>

    function [WIDTH-1:0] seen;
        input [WIDTH-1:0]        stored;
        input [LEVELS*WIDTH-1:0] wrong;
        integer c;
        begin
            seen = stored;
            // Without faults a simulator need not look at every cell.
            for (c = 0; FAULTS != "" && c < WIDTH / CELL_W; c = c + 1)
                seen[c*CELL_W +: CELL_W] =
                    stored[c*CELL_W +: CELL_W] ^ wrong[stored[c*CELL_W +: CELL_W]*WIDTH + c*CELL_W +: CELL_W];
        end
    endfunction
<%- endif %>
<%- for p in ports %>
<%- if p.reads %>

    // Port @{ p.name }@: the data of an address come @{ read_cycles }@ cycles later and stay.
<%- if rram %>
    wire [LEVELS*WIDTH-1:0] @{ p.name }@_wrong;
    generate
        if (FAULTS != "") begin : gen_@{ p.name }@_faults
            // For each word, the bits that are read wrong of a cell that holds level 0, 1, ...
            reg [LEVELS*WIDTH-1:0] faults [0:WORDS-1];
            initial $readmemh({FAULTS, ".", TILE, ".hex"}, faults);
            assign @{ p.name }@_wrong = faults[@{ p.name }@_address_i];
        end else begin : gen_@{ p.name }@_sound
            assign @{ p.name }@_wrong = {LEVELS*WIDTH{1'b0}};
        end
    endgenerate
<%- endif %>
    reg [WIDTH-1:0] @{ p.name }@_1_q;
<%- if read_cycles > 1 %>
    // An access before the last is over spoils it.
    reg [@{ read_cycles - 2 }@:0] @{ p.name }@_recent_q;
    initial @{ p.name }@_recent_q = @{ read_cycles - 1 }@'d0;
    always @(posedge clk_i) begin
        @{ p.name }@_recent_q <= @{ recent(p) }@;
        if (@{ p.name }@_enable_i@{ p.not_write() }@)
            @{ p.name }@_1_q <= @{ word(p.name) }@ ^ {WIDTH{@{ p.name }@_recent_q != @{ read_cycles - 1 }@'d0}};
    end
<%- else %>
    always @(posedge clk_i)
        if (@{ p.name }@_enable_i@{ p.not_write() }@) @{ p.name }@_1_q <= @{ word(p.name) }@;
<%- endif %>
<%- for k in stages() %>
    reg [WIDTH-1:0] @{ p.name }@_@{ k }@_q;
    always @(posedge clk_i) @{ p.name }@_@{ k }@_q <= @{ p.name }@_@{ k - 1 }@_q;
<%- endfor %>
    assign @{ p.name }@_data_o = @{ p.name }@_@{ read_cycles }@_q;
<%- endif %>
<%- endfor %>
<%- for p in ports %>
<%- if p.writes %>
<%- if rram %>

    // A word is programmed while its port is held: bits to be set first, then those to be cleared. It is not
    // whole before the pulse ends.
    reg [31:0] @{ p.name }@_pulse_q;
    wire @{ p.name }@_pulse = @{ p.written() }@;
    wire @{ p.name }@_ends  = @{ p.name }@_pulse_q == PULSE - 1;
    initial @{ p.name }@_pulse_q = 32'd0;
    always @(posedge clk_i) begin
        if (!@{ p.name }@_pulse || @{ p.name }@_ends) @{ p.name }@_pulse_q <= 32'd0;
        else @{ p.name }@_pulse_q <= @{ p.name }@_pulse_q + 32'd1;
        if (@{ p.name }@_pulse && @{ p.name }@_pulse_q == PULSE / 2 - 1)
            memory[@{ p.name }@_address_i] <= memory[@{ p.name }@_address_i] | @{ p.name }@_data_i;
        if (@{ p.name }@_pulse && @{ p.name }@_ends)
            memory[@{ p.name }@_address_i] <= @{ p.name }@_data_i;
    end
<%- else if masks > 0 %>

    always @(posedge clk_i) begin : @{ p.name }@_store
        integer k;
        for (k = 0; k < @{ masks }@; k = k + 1)
            if (@{ p.written() }@ && @{ p.name }@_mask_i[k])
                memory[@{ p.name }@_address_i][k*@{ grain }@ +: @{ grain }@] <= @{ p.name }@_data_i[k*@{ grain }@ +: @{ grain }@];
    end
<%- else %>

    always @(posedge clk_i) if (@{ p.written() }@) memory[@{ p.name }@_address_i] <= @{ p.name }@_data_i;
<%- endif %>
<%- endif %>
<%- endfor %>

endmodule
