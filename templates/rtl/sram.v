@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WORDS = @{ words }@;
    localparam WIDTH = @{ width }@;

    reg [WIDTH-1:0] memory [0:WORDS-1];
    reg [WIDTH-1:0] read_data_q;

    always @(posedge clk_i) begin
        if (read_enable_i) read_data_q <= memory[read_address_i];
        if (write_enable_i) memory[write_address_i] <= write_data_i;
    end

    assign read_data_o = read_data_q;

endmodule
