@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ADDR_W  = @{ addr_w }@;
    localparam COUNT_W = @{ count_w }@;
    localparam [COUNT_W-1:0] ONE = @{ count_w }@'d1;

    // Runs within runs: what is left of each, this step included, and where the run around it began.
    reg               active_q;
    reg [ADDR_W-1:0]  row_q;
<%- for level in levels %>
    reg [COUNT_W-1:0] remaining@{ level }@_q;
    reg [ADDR_W-1:0]  step@{ level }@_q;
<%- if !loop.last %>
    reg [COUNT_W-1:0] count@{ level }@_q;
<%- endif %>
<%- if !loop.first %>
    reg [ADDR_W-1:0]  start@{ level }@_q;
<%- endif %>
    wire              end@{ level }@ = remaining@{ level }@_q == ONE;
<%- endfor %>
    wire              last    = @{ ends }@;
    wire              advance = active_q && address_ready_i;

    // One step, of the outermost run that goes on.
    wire [ADDR_W-1:0] from = @{ from }@;
    wire [ADDR_W-1:0] step = @{ step }@;
    wire [ADDR_W-1:0] next = from + step;

    assign command_ready_o = !active_q || (advance && last);
    wire   accept          = command_valid_i && command_ready_o;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) active_q <= 1'b0;
        else if (accept) active_q <= 1'b1;
        else if (advance && last) active_q <= 1'b0;
    end

    always @(posedge clk_i) begin
        if (accept) begin
            row_q        <= command_base_i;
<%- for level in levels %>
            remaining@{ level }@_q <= command_count@{ level }@_i;
            step@{ level }@_q      <= command_step@{ level }@_i;
<%- if !loop.last %>
            count@{ level }@_q     <= command_count@{ level }@_i;
<%- endif %>
<%- if !loop.first %>
            start@{ level }@_q     <= command_base_i;
<%- endif %>
<%- endfor %>
        end else if (advance) begin
            row_q        <= next;
<%- for level in levels %>
<%- if loop.first %>
            remaining@{ level }@_q <= end@{ level }@ ? <% if loop.last %>ONE<% else %>count@{ level }@_q<% endif %> : remaining@{ level }@_q - ONE;
<%- else %>
            if (@{ below(level) }@) begin
                remaining@{ level }@_q <= end@{ level }@ ? <% if loop.last %>ONE<% else %>count@{ level }@_q<% endif %> : remaining@{ level }@_q - ONE;
                start@{ level }@_q     <= next;
            end
<%- endif %>
<%- endfor %>
        end
    end

    assign address_valid_o = active_q;
    assign address_row_o   = row_q;
    assign address_end_o   = end0;
    assign address_last_o  = last;

endmodule
