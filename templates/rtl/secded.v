@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam DATA_W  = @{ columns.len() }@;
    localparam CHECK_W = @{ check_w }@;

    // Each check bit is the parity of the data whose column has its bit.
    wire [CHECK_W-1:0] syndrome;
    wire               odd = ^word_i;
<%- for mask in masks %>
    assign syndrome[@{ loop.index0 }@] = word_i[DATA_W + @{ loop.index0 }@] ^ (^(word_i[DATA_W-1:0] & @{ mask }@));
<%- endfor %>

    // A single error makes the parity odd, and the syndrome is its column.
    wire [DATA_W-1:0] hit;
<%- for column in columns %>
    assign hit[@{ loop.index0 }@] = syndrome == @{ check_w }@'d@{ column }@;
<%- endfor %>
    wire check_hit = (syndrome & (syndrome - @{ check_w }@'d1)) == @{ check_w }@'d0;  // a check bit, or the parity itself
    assign data_o      = word_i[DATA_W-1:0] ^ (hit & {DATA_W{odd}});
    assign corrected_o = odd && (check_hit || hit != {DATA_W{1'b0}});
    assign detected_o  = odd ? !corrected_o : syndrome != @{ check_w }@'d0;

endmodule
