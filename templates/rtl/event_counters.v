@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam COUNT_W = @{ count_w }@;

    // How many of each there were in a cycle, added a cycle later; what comes with a clear is counted from
    // zero.
<%- for event in events %>
    reg @{ "{:<13}"|format(event.range) }@ @{ event.name }@_q;
    reg [COUNT_W-1:0] @{ event.name }@_count_q;
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for event in events %>
            @{ event.name }@_q <= @{ event.sum_w }@'d0;
            @{ event.name }@_count_q <= {COUNT_W{1'b0}};
<%- endfor %>
        end else begin
<%- for event in events %>
            @{ event.name }@_q <= @{ event.sum }@;
            @{ event.name }@_count_q <= (@{ event.name }@_count_q & {COUNT_W{!clear_i}})
                + {@{ count_w - event.sum_w }@'d0, @{ event.name }@_q};
<%- endfor %>
        end
    end
<%- for event in events %>
    assign @{ event.name }@_count_o = @{ event.name }@_count_q;
<%- endfor %>

endmodule
