@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<% if block != 0 %>
    localparam N = @{ n }@;
<% endif %>
<% if block == 0 -%>
@{ shell.declare("weight_mask no_columns no_wide_shift") }@

    assign weight_mask = weight_data_i;
<%- else -%>
@{ shell.declare("weight_mask mask_write row mask_read row_block row_mask no_columns no_wide_shift") }@

    // Block-sparse rows bring n values and the masks of 2n inputs; the masks wait beside the decoder for
    // their values.
    assign weight_mask      = weight_data_i[N-1:0] | {N{weight_block_i}};
    assign mask_write_data  = {weight_block_i, weight_data_i};
    assign mask_write_valid = weight_valid_i && weight_ready_o;
    assign mask_read_ready  = row_valid && row_ready;
    assign row_block        = mask_read_data[2*N];
    assign row_mask         = mask_read_data[2*N-1:0];
<%- endif %>
<%- if wide_shift_w != 0 %>

    // Compressed weights come by rows, and results leave as codes.
    assign no_columns    = 1'b0;
    assign no_wide_shift = @{ wide_shift_w }@'d0;
<%- endif %>

@{ shell.instances }@

endmodule
