@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam BLOCKS = @{ blocks }@;
    localparam WIDTH  = @{ width }@;

    // As the cells that it counts for, it is not reset and keeps its state without power.
    reg [WIDTH-1:0] memory [0:BLOCKS-1];
    initial begin : clear
        integer i;
        for (i = 0; i < BLOCKS; i = i + 1) memory[i] = {WIDTH{1'b0}};
    end

    always @(posedge clk_i) if (write_enable_i) memory[address_i] <= write_data_i;

    assign read_data_o = memory[address_i];

endmodule
