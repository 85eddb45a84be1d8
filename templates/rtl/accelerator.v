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

@{ shell.nets }@

    // Where programs and data lie in external memory.
<%- for base in ["program_base", "data_base"] %>
<%- if high_w == 0 %>
    assign @{ base }@ = {<% if bus_w > 32 %>@{ bus_w - 32 }@'d0, <% endif %>csr_@{ base }@};
<%- else %>
    assign @{ base }@ = {<% if bus_w > low_w + high_w %>@{ bus_w - low_w - high_w }@'d0, <% endif %>csr_@{ base }@_high, csr_@{ base }@};
<%- endif %>
<%- endfor %>

    // Rows past the end of a memory.
    assign past     = <% for part in past %>@{ part }@_past<% if !loop.last %>
                    || <% endif %><% endfor %>;
    assign past_row = <% for part in past %><% if loop.last %>@{ part }@_past_row<% else %>@{ part }@_past ? @{ part }@_past_row
                    : <% endif %><% endfor %>;

    // Weights that are programmed, a word at a time.
    assign unlocked      = 1'b0;
<%- if programmed.is_empty() %>
    assign weights_busy  = 1'b0;
    assign weights_error = 1'b0;
<%- else %>
    assign weights_busy  = <% for memory in programmed %>@{ memory }@_memory_busy<% if !loop.last %> || <% endif %><% endfor %>;
    assign weights_error = <% for memory in programmed %>(@{ memory }@_memory_program_done && @{ memory }@_memory_program_error != 3'd0)<% if !loop.last %>
                        || <% endif %><% endfor %>;
<%- endif %>
<%- for row in rows %>
    assign @{ row.net }@ = @{ row.address }@[@{ row.width - 1 }@:0];
    wire unused_@{ row.net }@ = ^@{ row.address }@[@{ addr_w - 1 }@:@{ row.width }@];
<%- endfor %>
<%- for (net, lanes) in all_lanes %>
    assign @{ net }@ = {@{ lanes }@{1'b1}};
<%- endfor %>

    // The array forgets what it has kept of weights that may have changed since.
    assign values_written = transfer_weight_values_write_valid && transfer_weight_values_write_ready;
    assign masks_written  = transfer_weight_masks_write_valid && transfer_weight_masks_write_ready;
    assign forget         = values_written || masks_written || sequencer_fetch_valid;

    // What moves: the watchdog waits for the rest.
    assign drained = !dma_busy;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            progress_q <= 1'b0;
            cycles_q   <= {COUNT_W{1'b0}};
        end else begin
            progress_q <= |{
<%- for stem in moves %>
                @{ stem }@_valid && @{ stem }@_ready<% if !loop.last %>,<% endif %>
<%- endfor %>
            };
            cycles_q   <= (cycles_q & {COUNT_W{!csr_counters_clear}}) + {{(COUNT_W-1){1'b0}}, sequencer_busy};
        end
    end

@{ shell.instances }@

endmodule
