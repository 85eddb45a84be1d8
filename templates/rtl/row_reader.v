@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WIDTH   = @{ width }@;
    localparam LATENCY = @{ latency }@;
    localparam DEPTH   = @{ depth }@;
    localparam ROOM_W  = @{ room_w }@;

@{ shell.declare("address answer oldest") }@

    // A row is asked for only when the buffer will have room for it: what is asked for comes.
    reg  [ROOM_W-1:0] room_q;
    wire              room = room_q != {ROOM_W{1'b0}};
    wire              ask  = address_valid && room && memory_ready_i;
    wire              give = row_valid_o && row_ready_i;
    assign memory_valid_o   = address_valid && room;
    assign memory_address_o = address_row;
    assign address_ready    = room && memory_ready_i;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= DEPTH[ROOM_W-1:0];
        else if (ask && !give) room_q <= room_q - 1'b1;
        else if (give && !ask) room_q <= room_q + 1'b1;
    end

    reg [LATENCY-1:0] wait_valid_q;
    reg [LATENCY-1:0] wait_end_q;
    reg [LATENCY-1:0] wait_last_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) wait_valid_q <= {LATENCY{1'b0}};
        else wait_valid_q <= {wait_valid_q[LATENCY-2:0], ask};
    end
    always @(posedge clk_i) begin
        wait_end_q  <= {wait_end_q[LATENCY-2:0], address_end};
        wait_last_q <= {wait_last_q[LATENCY-2:0], address_last};
    end
    assign answer_valid = wait_valid_q[LATENCY-1];
    assign answer_data  = {wait_last_q[LATENCY-1], wait_end_q[LATENCY-1], memory_data_i};

@{ shell.instances }@

    assign row_data_o = oldest_data[WIDTH-1:0];
    assign row_end_o  = oldest_data[WIDTH];
    assign row_last_o = oldest_data[WIDTH+1];

endmodule
