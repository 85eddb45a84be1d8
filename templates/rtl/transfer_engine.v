@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ADDR_W  = @{ addr_w }@;
    localparam BUS_W   = @{ bus_w }@;   // bits of an external address
    localparam BEAT_W  = @{ beat_w }@;
    localparam BEATS_W = @{ beats_w }@; // of the beats of a row
    localparam ROW_W   = @{ row_w }@;   // the widest row, in whole beats
    localparam LATENCY = @{ latency }@;

    // Memories.
<%- for memory in memories %>
    localparam [2:0] @{ "{:<13}"|format(memory.symbol) }@ = 3'd@{ memory.number }@;  // @{ memory.bits }@ bits in @{ memory.beats }@ beats
<%- endfor %>

    localparam [2:0]
        IDLE   = 3'd0,
        ORDER  = 3'd1,  // the transfer is ordered
        IN     = 3'd2,  // rows come
        ASK    = 3'd3,  // a row is read
        WAIT   = 3'd4,  // and comes
        OUT    = 3'd5,  // and goes out
        END    = 3'd6;  // all beats are moved: is all well?
    reg [2:0]          state_q;
    reg                fetch_q;
    reg                store_q;
    reg [2:0]          memory_q;
    reg [ADDR_W-1:0]   row_q;
    reg [ADDR_W-1:0]   rows_remaining_q;
    reg [BUS_W-1:0]    address_q;
    reg [31:0]         bytes_q;
    reg [BEATS_W-1:0]  beat_q;
    reg [ROW_W-1:0]    content_q;
    reg [LATENCY-1:0]  wait_q;
    reg                done_q;
    reg                fetched_q;
    reg                out_of_range_q;
    reg [7:0]          fault_q;
    reg [31:0]         fault_address_q;

    // The program goes before instructions, which cannot come beside it.
    wire               idle           = state_q == IDLE;
    assign fetch_ready_o = idle;
    assign load_ready_o  = idle;
    assign store_ready_o = idle;
    wire               accept         = idle && (fetch_valid_i || load_valid_i || store_valid_i);
    wire [2:0]         memory         = fetch_valid_i ? PROGRAM : load_valid_i ? load_memory_i : store_memory_i;
    wire [ADDR_W-1:0]  first          = fetch_valid_i ? {ADDR_W{1'b0}} : load_valid_i ? load_row_i : store_row_i;
    wire [ADDR_W-1:0]  rows           = fetch_valid_i ? fetch_rows_i : load_valid_i ? load_rows_i : store_rows_i;
    wire               of_data        = !fetch_valid_i && (load_valid_i ? load_base_i : store_base_i);
    wire [31:0]        address_offset = fetch_valid_i ? 32'd0
                                      : load_valid_i ? load_address_offset_i : store_address_offset_i;

    // What a row of a memory takes, and how many there are.
    reg [BEATS_W-1:0]  beats;
    reg [ADDR_W:0]     limit;
    always @* begin : row_shape
        case (memory)
<%- for memory in memories %>
            @{ memory.symbol }@: begin
                beats = @{ beats_w }@'d@{ memory.beats }@;
                limit = @{ addr_w + 1 }@'d@{ memory.rows }@;
            end
<%- endfor %>
            default: begin
                beats = {BEATS_W{1'b0}};
                limit = {(ADDR_W+1){1'b0}};
            end
        endcase
    end
    reg  [BEATS_W-1:0] last_beat_q;
    wire [ADDR_W:0]    end_row   = {1'b0, first} + {1'b0, rows};
    wire [31:0]        all_beats = {{(32-ADDR_W){1'b0}}, rows} * {{(32-BEATS_W){1'b0}}, beats};
    wire               last_beat = beat_q == last_beat_q;
    wire               last_row  = rows_remaining_q == @{ addr_w }@'d1;

    // Beats become rows, the first of a row lowest; the last one goes straight on.
    wire [ROW_W-1:0]   row_in       = content_q | ({{(ROW_W-BEAT_W){1'b0}}, read_data_i} << (beat_q * BEAT_W));
    wire               row_complete = state_q == IN && read_valid_i && last_beat;
<%- for memory in memories %>
    assign @{ memory.name }@_write_valid_o   = row_complete && memory_q == @{ memory.symbol }@;
    assign @{ memory.name }@_write_address_o = row_q;
    assign @{ memory.name }@_write_data_o    = row_in[@{ memory.bits - 1 }@:0];
<%- endfor %>
    reg                write_ready;
    always @* begin : write_choice
        case (memory_q)
<%- for memory in memories %>
            @{ memory.symbol }@: write_ready = @{ memory.name }@_write_ready_i;
<%- endfor %>
            default: write_ready = 1'b0;
        endcase
    end
    // What comes when nothing is asked for is of a transfer that was stopped.
    assign read_ready_o = state_q != IN || !last_beat || write_ready;
    wire   in_taken     = state_q == IN && read_valid_i && read_ready_o;

    // Rows become beats.
    reg                read_taken;
    reg [ROW_W-1:0]    row_out;
    always @* begin : read_choice
        case (memory_q)
<%- for memory in memories %>
<%- if memory.stored %>
            @{ memory.symbol }@: begin
                read_taken = @{ memory.name }@_read_ready_i;
                row_out    = <% if memory.pad != 0 %>{@{ memory.pad }@'d0, @{ memory.name }@_read_data_i}<% else %>@{ memory.name }@_read_data_i<% endif %>;
            end
<%- endif %>
<%- endfor %>
            default: begin
                read_taken = 1'b0;
                row_out    = {ROW_W{1'b0}};
            end
        endcase
    end
<%- for memory in memories %>
<%- if memory.stored %>
    assign @{ memory.name }@_read_valid_o   = state_q == ASK && memory_q == @{ memory.symbol }@;
    assign @{ memory.name }@_read_address_o = row_q;
<%- endif %>
<%- endfor %>
    assign write_valid_o = state_q == OUT;
    assign write_data_o  = content_q[BEAT_W-1:0];
    wire   out_taken     = write_valid_o && write_ready_i;

    assign command_valid_o   = state_q == ORDER;
    assign command_write_o   = store_q;
    assign command_address_o = address_q;
    assign command_bytes_o   = bytes_q;
    assign done_ready_o      = 1'b1;
    wire   failed            = done_valid_i && done_response_i != 2'd0;
    wire   settled           = !weight_busy_i;

    // The bus may say that it is done before the last row has found its memory.
    reg done_seen_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) done_seen_q <= 1'b0;
        else done_seen_q <= !idle && (done_seen_q || done_valid_i);
    end

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            state_q        <= IDLE;
            wait_q         <= {LATENCY{1'b0}};
            done_q         <= 1'b0;
            fetched_q      <= 1'b0;
            out_of_range_q <= 1'b0;
            fault_q        <= 8'd0;
        end else begin
            done_q         <= 1'b0;
            fetched_q      <= 1'b0;
            out_of_range_q <= accept && end_row > limit;
            wait_q         <= {wait_q[LATENCY-2:0], state_q == ASK && read_taken};
            if (failed) fault_q <= @{ fault("done_response_i") }@;
            else if (weight_error_i) fault_q <= 8'd@{ programming }@;
            case (state_q)
                IDLE: if (accept && end_row <= limit) state_q <= ORDER;
                ORDER: if (command_ready_i) state_q <= store_q ? ASK : IN;
                IN: if (in_taken && last_beat && last_row) state_q <= END;
                ASK: if (read_taken) state_q <= WAIT;
                WAIT: if (wait_q[LATENCY-1]) state_q <= OUT;
                OUT: if (out_taken && last_beat) state_q <= last_row ? END : ASK;
                default: if ((done_seen_q || done_valid_i) && settled && !failed && fault_q == 8'd0) begin
                    state_q   <= IDLE;
                    done_q    <= !fetch_q;
                    fetched_q <= fetch_q;
                end
            endcase
        end
    end

    always @(posedge clk_i) begin
        if (accept) begin
            fetch_q          <= fetch_valid_i;
            store_q          <= !fetch_valid_i && !load_valid_i;
            memory_q         <= memory;
            row_q            <= first;
            rows_remaining_q <= rows;
            last_beat_q      <= beats - 1'b1;
            beat_q           <= {BEATS_W{1'b0}};
            content_q        <= {ROW_W{1'b0}};
            address_q        <= (of_data ? data_base_i : program_base_i) + {{(BUS_W-32){1'b0}}, address_offset};
            bytes_q          <= all_beats << @{ shift }@;
        end else if (in_taken || out_taken) begin
            beat_q <= last_beat ? {BEATS_W{1'b0}} : beat_q + 1'b1;
            if (last_beat) begin
                row_q            <= row_q + 1'b1;
                rows_remaining_q <= rows_remaining_q - 1'b1;
            end
            if (in_taken) content_q <= last_beat ? {ROW_W{1'b0}} : row_in;
            else content_q <= content_q >> BEAT_W;
        end else if (wait_q[LATENCY-1]) content_q <= row_out;
        if (failed) fault_address_q <= done_address_i[31:0];
    end

    assign transfer_done_o    = done_q;
    assign fetch_done_o       = fetched_q;
    assign out_of_range_o     = out_of_range_q;
    assign out_of_range_row_o = row_q;
    assign fault_o            = fault_q;
    assign fault_address_o    = fault_address_q;
    wire unused = &{1'b0, read_last_i, done_address_i};

endmodule
