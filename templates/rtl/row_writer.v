@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

@{ shell.declare("address row") }@

    // A row goes to the next address; where the command is not kept, it goes nowhere, and waits for nothing.
    reg  keep_q;
    wire both = address_valid && row_valid;
    wire free = memory_ready_i || !keep_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) keep_q <= 1'b0;
        else if (command_valid_i && command_ready_o) keep_q <= command_keep_i;
    end

    assign address_ready    = row_valid && free;
    assign row_ready        = address_valid && free;
    assign memory_valid_o   = both && keep_q;
    assign memory_address_o = address_row;
    assign memory_data_o    = row_data;
    assign done_o           = both && free && address_last;

@{ shell.instances }@

endmodule
