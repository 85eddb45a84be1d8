@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam TILE_W  = @{ row_w }@;  // numbers the classes of a tile
    localparam CLASS_W = @{ class_w }@;  // numbers the classes of a row
    localparam COUNT_W = @{ count_w }@;
    localparam ADDR_W  = @{ addr_w }@;

@{ shell.declare("start tiles step classes clear") }@

    // The unit is free when the decision before is taken. All its logits were taken before: the reader is
    // free as well.
    assign start = exit_valid_i && exit_ready_o;
    assign clear = 1'b0;
    assign step  = {{(ADDR_W-COUNT_W){1'b0}}, exit_source_tile_i};

    // The number of the last class.
    wire [COUNT_W-1:0] final_class = exit_classes_i - 1'b1;
    assign tiles   = {{(ADDR_W-COUNT_W+TILE_W){1'b0}}, final_class[COUNT_W-1:TILE_W]} + 1'b1;
    assign classes = final_class[CLASS_W-1:0];
<%- if class_w < row_w %>
    wire [TILE_W-1:CLASS_W] unused_classes = final_class[TILE_W-1:CLASS_W];
<%- endif %>

@{ shell.instances }@

endmodule
