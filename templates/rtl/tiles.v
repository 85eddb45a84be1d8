@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<%- if rram %>

    // Names of image and fault map: their files are named <name>.<tile>.hex.
    parameter FAULTS = "";
<%- else %>

    // Name of the image: its files are named <name>.<tile>.hex.
<%- endif %>
    parameter IMAGE  = "";
    localparam WIDTH  = @{ width }@;
    localparam ADDR_W = @{ addr_w }@;
    localparam STAGES = @{ stages }@;  // cycles from a request to the data of its macros

@{ shell.declare(self.stems().as_str()) }@

    // A request on its way: stage k is that of k cycles ago.
    wire [(STAGES+1)*ADDR_W-1:0] address;
    reg  [STAGES*ADDR_W-1:0]     address_q;
    always @(posedge clk_i) address_q <= address[STAGES*ADDR_W-1:0];
    assign address = {address_q, read_address_i};
    wire unused_address = &address;  // where one tile holds all, nothing chooses
<%- if delay > 0 %>
    wire [@{ delay }@:0] enable;
    reg  [@{ delay - 1 }@:0] enable_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) enable_q <= @{ delay }@'d0;
        else enable_q <= enable[@{ delay - 1 }@:0];
    end
    assign enable = {enable_q, read_enable_i};
<%- else %>
    wire [0:0] enable = read_enable_i;
<%- endif %>
<%- for t in turns %>

    // Copies take turns: one of @{ t }@ ports has that many reads to answer its own.
    reg  [@{ self::bits(t) - 1 }@:0] turn@{ t }@_now_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) turn@{ t }@_now_q <= @{ self::bits(t) }@'d0;
        else if (read_enable_i) turn@{ t }@_now_q <= turn@{ t }@_now_q == @{ self::bits(t) }@'d@{ t - 1 }@ ? @{ self::bits(t) }@'d0 : turn@{ t }@_now_q + @{ self::bits(t) }@'d1;
    end
    reg  [STAGES*@{ self::bits(t) }@-1:0] turn@{ t }@_q;
    wire [(STAGES+1)*@{ self::bits(t) }@-1:0] turn@{ t }@ = {turn@{ t }@_q, turn@{ t }@_now_q};
    always @(posedge clk_i) turn@{ t }@_q <= turn@{ t }@[STAGES*@{ self::bits(t) }@-1:0];
<%- endfor %>
<%- if all_delay > 0 %>
    reg  [@{ all_delay - 1 }@:0] all_q;
    wire [@{ all_delay }@:0] all = {all_q, read_all_i};
    always @(posedge clk_i) all_q <= all[@{ all_delay - 1 }@:0];
<%- else if all %>
    wire [0:0] all = read_all_i;
<%- endif %>
<%- for t in tiles %>

    // Tile @{ t.index }@, @{ t.name }@: words @{ t.first }@ to @{ t.last }@, bits @{ t.low }@ to @{ t.high }@<% if t.fold > 1 %>, @{ t.fold }@ words to one of the macro<% endif %>
<%- if t.fold > 1 %>
    /* verilator lint_off UNUSEDSIGNAL */
    wire [@{ t.inner_w() - 1 }@:0] tile@{ t.index }@_read = @{ t.at_delay() }@;  // its lowest bits choose among words, later
    /* verilator lint_on UNUSEDSIGNAL */
    wire [@{ t.fold_w() - 1 }@:0] tile@{ t.index }@_shown = address[STAGES*ADDR_W +: @{ t.fold_w() }@]@{ t.minus(t.fold_w()) }@;
<%- else %>
    wire [@{ t.inner_w() - 1 }@:0] tile@{ t.index }@_read = @{ t.at_delay() }@;
<%- endif %>
    wire [@{ t.inner_w() - 1 }@:0] tile@{ t.index }@_write = write_address_i[@{ t.inner_w() - 1 }@:0]@{ t.minus(t.inner_w()) }@;
    wire tile@{ t.index }@_reads = enable[@{ t.delay }@]@{ t.within("read") }@;
    wire tile@{ t.index }@_writes = write_enable_i@{ t.within("write") }@;
    wire tile@{ t.index }@_shows = @{ t.shows() }@;
<%- for line in t.drives() %>
    @{ line }@
<%- endfor %>
<%- endfor %>

    // Tiles that do not hold the word give zeros.
    reg [WIDTH-1:0] word;
    always @* begin
        word = {WIDTH{1'b0}};
<%- for t in tiles %>
        word[@{ t.high }@:@{ t.low }@] = word[@{ t.high }@:@{ t.low }@] | (tile@{ t.index }@_word & {@{ t.high - t.low + 1 }@{tile@{ t.index }@_shows}});
<%- endfor %>
    end
<%- if registered %>
    reg [WIDTH-1:0] word_q;
    always @(posedge clk_i) word_q <= word;
    assign read_data_o = word_q;
<%- else %>
    assign read_data_o = word;
<%- endif %>

@{ shell.instances }@

endmodule
