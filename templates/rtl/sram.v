@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

<%- if tiled %>

    // Name of the image: its files are named <name>.<tile>.hex.
    parameter IMAGE = "";

@{ shell.declare("get put") }@

<%- if writes_wait && busy > 0 %>

    // A write waits until no read is on its way to the macros.
    reg  [@{ busy - 1 }@:0] reading_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) reading_q <= @{ busy }@'d0;
        else reading_q <= @{ shift }@;
    end
    assign write_ready_o = !read_enable_i && reading_q == @{ busy }@'d0;
<%- else if writes_wait && shared %>

    // A port takes a read or a write.
    assign write_ready_o = !read_enable_i;
<%- else if writes_wait %>

    assign write_ready_o = 1'b1;
<%- else if shared %>

    // A port takes a write or a read.
    assign read_ready_o = !write_enable_i;
<%- else %>

    assign read_ready_o = 1'b1;
<%- endif %>
<%- if writes_wait %>
    assign put = write_valid_i && write_ready_o;
<%- else %>
    assign get = read_valid_i && read_ready_o;
<%- endif %>

@{ shell.instances }@
<%- else %>

    localparam WORDS = @{ words }@;
    localparam WIDTH = @{ width }@;

    reg [WIDTH-1:0] memory [0:WORDS-1];
    reg [WIDTH-1:0] read_data_q;

    always @(posedge clk_i) begin
        if (read_enable_i) read_data_q <= memory[read_address_i];
        if (write_enable_i) memory[write_address_i] <= write_data_i;
    end

    assign read_data_o = read_data_q;
<%- endif %>

endmodule
