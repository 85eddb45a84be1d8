@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<% if block != 0 %>
    localparam N = @{ n }@;
<% endif %>
@{ shell.nets }@
<% if block == 0 %>
    assign weight_mask = weight_data_i;
<%- else %>
    // Block-sparse rows bring n values and the masks of 2n inputs; the masks wait beside the decoder for their values.
    assign weight_mask  = weight_data_i[N-1:0] | {N{weight_block_i}};
    assign weight_side  = {weight_block_i, weight_data_i};
    assign weight_taken = weight_valid_i && weight_ready_o;
    assign row_taken    = row_valid && row_ready;
    assign row_block    = row_side[2*N];
    assign row_mask     = row_side[2*N-1:0];
<%- endif %>
<%- if wide_shift_w != 0 %>

    // Compressed weights come by rows, and results leave as codes.
    assign no_columns = 1'b0;
    assign no_wide_shift = @{ wide_shift_w }@'d0;
<%- endif %>

@{ shell.instances }@

endmodule
