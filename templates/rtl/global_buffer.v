@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam WIDTH  = @{ width }@;
    localparam ADDR_W = @{ addr_w }@;
    localparam WORD_W = @{ word_w }@;  // address bits within a bank
    localparam READS  = @{ reads.len() }@;
    localparam WRITES = @{ writes.len() }@;
    localparam BANKS  = @{ banks }@;
<%- if banks != 1 %>
    localparam BANK_W = @{ bank_w }@;
<%- endif %>
<%- if banks != 1 %>
    localparam LATENCY = @{ latency }@;
<%- endif %>
    localparam [ADDR_W-1:0] ROWS = @{ addr_w }@'d@{ rows }@;
<%- if !results.is_empty() %>
    localparam NUMBER_W = @{ number_w }@;
    localparam NUMBERS  = WIDTH / NUMBER_W;
<%- endif %>

@{ shell.declare("bank_read bank_write all_lanes") }@

    // Requests; the lowest goes first.
    wire [READS-1:0] read_valid = {
<%- for name in reads.iter().rev() %>
        @{ name }@_valid_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [READS*ADDR_W-1:0] read_address = {
<%- for name in reads.iter().rev() %>
        @{ name }@_address_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [WRITES-1:0] write_valid = {
<%- for name in writes.iter().rev() %>
        @{ name }@_valid_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [WRITES*ADDR_W-1:0] write_address = {
<%- for name in writes.iter().rev() %>
        @{ name }@_address_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [WRITES*WIDTH-1:0] write_data = {
<%- for name in writes.iter().rev() %>
        @{ name }@_data_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };

    // A bank takes the first of those that ask for it.
    wire [BANKS-1:0]       write_free = bank_write_ready;
    reg [BANKS-1:0]        read_grant;
    reg [BANKS*WORD_W-1:0] read_row;
    reg [BANKS-1:0]        write_grant;
    reg [BANKS*WORD_W-1:0] write_row;
    reg [BANKS*WIDTH-1:0]  written_data;
    reg [READS-1:0]        read_ready;
    reg [WRITES-1:0]       write_ready;
    always @* begin : grant
        integer b;
        integer i;
        read_grant   = {BANKS{1'b0}};
        read_row     = {(BANKS*WORD_W){1'b0}};
        write_grant  = {BANKS{1'b0}};
        write_row    = {(BANKS*WORD_W){1'b0}};
        written_data = {(BANKS*WIDTH){1'b0}};
        read_ready   = {READS{1'b0}};
        write_ready  = {WRITES{1'b0}};
        for (b = 0; b < BANKS; b = b + 1) begin
            for (i = 0; i < READS; i = i + 1)
                if (read_valid[i] && !read_grant[b]@{ here("read_address") }@) begin
                    read_grant[b]                = 1'b1;
                    read_row[b*WORD_W +: WORD_W] = read_address[i*ADDR_W@{ word_at }@ +: WORD_W];
                    read_ready[i]                = 1'b1;
                end
            for (i = 0; i < WRITES; i = i + 1)
                if (write_valid[i] && !write_grant[b]@{ here("write_address") }@) begin
                    write_grant[b]                 = 1'b1;
                    write_row[b*WORD_W +: WORD_W]  = write_address[i*ADDR_W@{ word_at }@ +: WORD_W];
                    written_data[b*WIDTH +: WIDTH] = write_data[i*WIDTH +: WIDTH];
                    write_ready[i]                 = write_free[b];
                end
        end
    end
    assign bank_read_enable   = read_grant;
    assign bank_read_address  = read_row;
    assign bank_write_valid   = write_grant;
    assign bank_write_address = write_row;
    assign bank_write_data    = written_data;
<%- if lanes != 0 %>
    assign all_lanes          = {@{ lanes }@{1'b1}};
<%- endif %>
<%- for name in reads %>
    assign @{ name }@_ready_o = read_ready[@{ loop.index0 }@];
<%- endfor %>
<%- for name in writes %>
    assign @{ name }@_ready_o = write_ready[@{ loop.index0 }@];
<%- endfor %>

@{ shell.instances }@
<% if banks == 1 %>
    // The row, a register after the memory.
    reg [WIDTH-1:0] row_q;
    always @(posedge clk_i) row_q <= bank_read_data;
<%- for stage in pads %>
    reg [WIDTH-1:0] row@{ stage }@_q;
    always @(posedge clk_i) row@{ stage }@_q <= <% if loop.first %>row_q<% else %>row@{ stage - 1 }@_q<% endif %>;
<%- endfor %>
<%- for name in reads %>
    assign @{ name }@_data_o = @{ answer }@;
<%- endfor %>
<%- else %>
    // Each reader's row, from the bank that took it, a register after the memory.
<%- for name in reads %>
    reg  [LATENCY*BANK_W-1:0] @{ name }@_bank_q;
    wire [BANK_W-1:0]         @{ name }@_bank = @{ name }@_bank_q[(LATENCY-1)*BANK_W +: BANK_W];
    reg  [WIDTH-1:0]          @{ name }@_row_q;
    always @(posedge clk_i) begin
<%- if latency == 1 %>
        @{ name }@_bank_q <= @{ name }@_address_i[@{ bank_at }@ +: BANK_W];
<%- else %>
        @{ name }@_bank_q <= {@{ name }@_bank_q[(LATENCY-1)*BANK_W-1:0], @{ name }@_address_i[@{ bank_at }@ +: BANK_W]};
<%- endif %>
        @{ name }@_row_q <= bank_read_data[@{ name }@_bank*WIDTH +: WIDTH];
    end
    assign @{ name }@_data_o = @{ name }@_row_q;
<%- endfor %>
<%- endif %>

    // A row past the end is answered by whatever there is, and reported.
    reg              out_of_range;
    reg [ADDR_W-1:0] out_of_range_row;
    always @* begin : check
        integer i;
        out_of_range     = 1'b0;
        out_of_range_row = {ADDR_W{1'b0}};
        for (i = 0; i < READS; i = i + 1)
            if (read_ready[i] && read_address[i*ADDR_W +: ADDR_W] >= ROWS) begin
                out_of_range     = 1'b1;
                out_of_range_row = read_address[i*ADDR_W +: ADDR_W];
            end
        for (i = 0; i < WRITES; i = i + 1)
            if (write_ready[i] && write_address[i*ADDR_W +: ADDR_W] >= ROWS) begin
                out_of_range     = 1'b1;
                out_of_range_row = write_address[i*ADDR_W +: ADDR_W];
            end
    end

    reg              out_of_range_q;
    reg [ADDR_W-1:0] out_of_range_row_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) out_of_range_q <= 1'b0;
        else out_of_range_q <= out_of_range;
    end
    always @(posedge clk_i) out_of_range_row_q <= out_of_range_row;

    reg [BANKS-1:0] read_q;
    reg [BANKS-1:0] written_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            read_q    <= {BANKS{1'b0}};
            written_q <= {BANKS{1'b0}};
        end else begin
            read_q    <= read_grant;
            written_q <= write_grant & write_free;
        end
    end
<%- if !results.is_empty() %>

    // Numbers at an end of their range, of the writers that compute them.
    reg [NUMBERS-1:0] saturated_q;
    wire              of_unit = |(write_ready & @{ writes.len() }@'b@{ results }@);
    always @(posedge clk_i or negedge rst_ni) begin : saturation
        integer k;
        if (!rst_ni) saturated_q <= {NUMBERS{1'b0}};
        else
            for (k = 0; k < NUMBERS; k = k + 1)
                saturated_q[k] <= of_unit
                    && written_data[k*NUMBER_W +: NUMBER_W-1] == {(NUMBER_W-1){!written_data[k*NUMBER_W+NUMBER_W-1]}};
    end
    assign saturated_o        = saturated_q;
<%- endif %>
    assign read_o             = read_q;
    assign written_o          = written_q;
    assign out_of_range_o     = out_of_range_q;
    assign out_of_range_row_o = out_of_range_row_q;

endmodule
