@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<% if !files.is_empty() %>
    // Images of weights and fault maps of their cells.
<%- for file in files %>
    parameter @{ file }@ = "";
<%- endfor %>
<%- endif %>

    localparam COUNT_W = @{ count_w }@;

<#- Beside these the nets of loops below: handshakes, rows past the end, memories of weights. #>

@{ shell.declare("{}
                  program_base csr_program_base csr_program_base_high data_base csr_data_base csr_data_base_high out_of_range
                  unlocked weights forget sequencer_fetch drained dma progress_q cycles_q csr_counters_clear
                  sequencer_busy"|format(looped)) }@

    // Where programs and data lie in external memory.
<%- for base in ["program_base", "data_base"] %>
<%- if high_w == 0 %>
    assign @{ base }@ = {<% if bus_w > 32 %>@{ bus_w - 32 }@'d0, <% endif %>csr_@{ base }@};
<%- else %>
    assign @{ base }@ = {<% if bus_w > low_w + high_w %>@{ bus_w - low_w - high_w }@'d0, <% endif %>csr_@{ base }@_high, csr_@{ base }@};
<%- endif %>
<%- endfor %>

    // Rows past the end of a memory.
    assign out_of_range     = <% for part in out_of_range %>@{ part.net("out_of_range") }@<% if !loop.last %>
                            || <% endif %><% endfor %>;
    assign out_of_range_row = <% for part in out_of_range %><% if loop.last %>@{ part.net("row") }@<% else %>@{ part.net("out_of_range") }@ ? @{ part.net("row") }@
                            : <% endif %><% endfor %>;

    // Weights that are programmed, a word at a time.
<%- if programmed().is_empty() %>
    assign weights_busy  = 1'b0;
    assign weights_error = 1'b0;
<%- else %>
    assign unlocked      = 1'b0;
    assign weights_busy  = <% for [busy, _, _] in programmed() %>@{ busy }@<% if !loop.last %> || <% endif %><% endfor %>;
    assign weights_error = <% for [_, done, error] in programmed() %>(@{ done }@ && @{ error }@ != 3'd0)<% if !loop.last %>
                                || <% endif %><% endfor %>;
<%- endif %>
<%- for of in weights %>
    assign @{ of.row }@ = @{ of.address }@[@{ of.row_w - 1 }@:0];
    wire unused_@{ of.row }@ = ^@{ of.address }@[@{ addr_w - 1 }@:@{ of.row_w }@];
<%- if let Some((lanes, count)) = of.lanes %>
    assign @{ lanes }@ = {@{ count }@{1'b1}};
<%- endif %>
<%- endfor %>

    // The array forgets what it has kept of weights that may have changed since.
<%- for of in weights %>
    assign @{ "{:<14}"|format(of.written) }@ = @{ of.write.net("valid") }@ && @{ of.write.net("ready") }@;
<%- endfor %>
    assign forget         = <% for of in weights %>@{ of.written }@ || <% endfor %>sequencer_fetch_valid;

    // What moves: the watchdog waits for the rest.
    assign drained = !dma_busy;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            progress_q <= 1'b0;
            cycles_q   <= {COUNT_W{1'b0}};
        end else begin
            progress_q <= |{
<%- for of in moves %>
                @{ of.net("valid") }@ && @{ of.net("ready") }@<% if !loop.last %>,<% endif %>
<%- endfor %>
            };
            cycles_q   <= (cycles_q & {COUNT_W{!csr_counters_clear}}) + {{(COUNT_W-1){1'b0}}, sequencer_busy};
        end
    end

@{ shell.instances }@

endmodule
