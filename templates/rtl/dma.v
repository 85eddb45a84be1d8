@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ADDR_W   = @{ addr_w }@;
    localparam DATA_W   = @{ data_w }@;
    localparam BYTES    = DATA_W / 8;     // of a beat
    localparam BYTE_W   = @{ byte_w }@;
    localparam OFFSET_W = 12 - BYTE_W;    // beats of 4 KB
    localparam BEATS_W  = 33 - BYTE_W;    // beats of a command
    localparam SPAN_W   = OFFSET_W + 1;   // beats of a burst
    localparam OPEN_W   = @{ open_w }@;
    localparam COUNT_W  = @{ count_w }@;
    localparam BEAT_W   = DATA_W + BYTES + 1;
    localparam [SPAN_W-1:0] BURST = @{ burst }@;
    localparam [OPEN_W-1:0] OPEN  = @{ open }@;

    localparam [1:0] IDLE  = 2'd0;
    localparam [1:0] CHECK = 2'd1;
    localparam [1:0] RUN   = 2'd2;
    localparam [1:0] DONE  = 2'd3;

@{ shell.declare("taken given pushed shown") }@

    // Beats of the burst that begins so many beats after a boundary of 4 KB, if the command is long enough.
    function [SPAN_W-1:0] span(input [OFFSET_W-1:0] offset);
        reg [SPAN_W-1:0] left;
        begin
            left = {1'b1, {OFFSET_W{1'b0}}} - {1'b0, offset};
            span = left < BURST ? left : BURST;
        end
    endfunction

    // One command at a time.
    reg  [1:0]        state_q;
    reg               ready_q;
    reg               write_q;
    reg  [31:0]       bytes_q;
    reg  [ADDR_W-1:0] address_q;  // where the next burst begins
    reg               stop_q;     // aborted or failed: no burst is begun, no stream moves
    wire              take = command_valid_i && ready_q;

    // Of what is asked for, all must be there: the last byte no higher than addresses go.
    wire [32:0] end_low = {1'b0, address_q[31:0]} + {1'b0, bytes_q};
    wire        wraps   = end_low[32] && end_low[31:0] != 32'd0<% if addr_w > 32 %> && address_q[ADDR_W-1:32] == {(ADDR_W-32){1'b1}}<% endif %>;
    wire        refused = wraps || address_q[BYTE_W-1:0] != {BYTE_W{1'b0}};
    wire        partial = bytes_q[BYTE_W-1:0] != {BYTE_W{1'b0}};
    wire [BEATS_W-1:0] beats = {1'b0, bytes_q[31:BYTE_W]} + {{(BEATS_W-1){1'b0}}, partial};

    // Bursts: begun when their address is offered, open until they are answered.
    reg                more_q;     // not all bursts are begun
    reg  [BEATS_W-1:0] left_q;     // beats of those that are not
    reg  [SPAN_W-1:0]  span_q;     // beats of the next, if as many are left
    reg  [OPEN_W-1:0]  open_q;
    reg                aw_valid_q;
    reg                ar_valid_q;
    reg  [ADDR_W-1:0]  burst_address_q;
    reg  [7:0]         burst_length_q;  // beats less one
    wire               channel_free = write_q ? !aw_valid_q || m_axi_awready : !ar_valid_q || m_axi_arready;
    wire               begins   = state_q == RUN && more_q && !stop_q && open_q != OPEN && channel_free;
    wire [BEATS_W:0]   after    = {1'b0, left_q} - {{(BEATS_W+1-SPAN_W){1'b0}}, span_q};
    wire               is_last  = after[BEATS_W] || after[BEATS_W-1:0] == {BEATS_W{1'b0}};
    wire [SPAN_W-1:0]  length   = is_last ? left_q[SPAN_W-1:0] : span_q;
    /* verilator lint_off UNUSEDSIGNAL */
    wire [SPAN_W-1:0]  length_less_one = length - 1'b1;  // below 256: its upper bits are zero
    /* verilator lint_on UNUSEDSIGNAL */
    wire [OFFSET_W:0]  next_offset = {1'b0, address_q[11:BYTE_W]} + span_q;
    wire               answered;
    wire               finished = (stop_q || !more_q) && open_q == {OPEN_W{1'b0}} && !read_valid_o;

    reg [1:0] state_d;
    always @* begin
        case (state_q)
            IDLE:    state_d = take ? CHECK : IDLE;
            CHECK:   state_d = refused ? DONE : RUN;
            RUN:     state_d = finished ? DONE : RUN;
            default: state_d = done_ready_i ? IDLE : DONE;
        endcase
    end

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            state_q    <= IDLE;
            ready_q    <= 1'b0;
            aw_valid_q <= 1'b0;
            ar_valid_q <= 1'b0;
            open_q     <= {OPEN_W{1'b0}};
        end else begin
            state_q <= state_d;
            ready_q <= state_d == IDLE && !abort_i;
            if (begins && write_q) aw_valid_q <= 1'b1;
            else if (m_axi_awready) aw_valid_q <= 1'b0;
            if (begins && !write_q) ar_valid_q <= 1'b1;
            else if (m_axi_arready) ar_valid_q <= 1'b0;
            if (begins && !answered) open_q <= open_q + 1'b1;
            else if (answered && !begins) open_q <= open_q - 1'b1;
        end
    end

    always @(posedge clk_i) begin
        if (take) begin
            write_q   <= command_write_i;
            bytes_q   <= command_bytes_i;
            address_q <= command_address_i;
        end
        if (state_q == CHECK) begin
            more_q <= bytes_q != 32'd0;
            left_q <= beats;
            span_q <= span(address_q[11:BYTE_W]);
        end
        if (begins) begin
            more_q               <= !is_last;
            left_q               <= after[BEATS_W-1:0];
            span_q               <= span(next_offset[OFFSET_W-1:0]);
            address_q[11:BYTE_W] <= next_offset[OFFSET_W-1:0];
            if (next_offset[OFFSET_W]) address_q[ADDR_W-1:12] <= address_q[ADDR_W-1:12] + 1'b1;
            burst_address_q      <= address_q;
            burst_length_q       <= length_less_one[7:0];
        end
    end

    assign command_ready_o = ready_q;
    assign busy_o          = state_q != IDLE;

    assign m_axi_awvalid = aw_valid_q;
    assign m_axi_arvalid = ar_valid_q;
    assign m_axi_awaddr  = burst_address_q;
    assign m_axi_araddr  = burst_address_q;
    assign m_axi_awlen   = burst_length_q;
    assign m_axi_arlen   = burst_length_q;
    assign m_axi_awsize  = @{ byte_w }@;
    assign m_axi_arsize  = @{ byte_w }@;
    assign m_axi_awburst = 2'b01;    // incrementing
    assign m_axi_arburst = 2'b01;
    assign m_axi_awcache = 4'b0011;  // normal, not cacheable, bufferable
    assign m_axi_arcache = 4'b0011;
    assign m_axi_awprot  = 3'b000;
    assign m_axi_arprot  = 3'b000;

    // Data follow the same bursts: a beat at a time, none of a write before its address is offered. Where a
    // burst ends is counted here, for reads as for writes.
    wire                unused_rlast = m_axi_rlast;
    reg  [BEATS_W-1:0]  data_left_q;
    reg  [OFFSET_W-1:0] data_offset_q;
    reg  [SPAN_W-1:0]   data_span_q;  // beats left of this burst, if the command is long enough
    reg  [OPEN_W-1:0]   due_q;        // bursts of a write that were begun and whose data have not all come
    wire                data_last  = data_left_q == {{(BEATS_W-1){1'b0}}, 1'b1};
    wire                data_end   = data_last || data_span_q == {{(SPAN_W-1){1'b0}}, 1'b1};
    wire                due        = due_q != {OPEN_W{1'b0}};
    wire                read_beat  = m_axi_rvalid && m_axi_rready;
    wire                write_beat = pushed_valid && pushed_ready;
    wire                beat       = write_q ? write_beat : read_beat;
    wire [OFFSET_W-1:0] data_next  = data_offset_q + 1'b1;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) due_q <= {OPEN_W{1'b0}};
        else if (begins && write_q && !(write_beat && data_end)) due_q <= due_q + 1'b1;
        else if (write_beat && data_end && !(begins && write_q)) due_q <= due_q - 1'b1;
    end
    always @(posedge clk_i) begin
        if (state_q == CHECK) begin
            data_left_q   <= beats;
            data_offset_q <= address_q[11:BYTE_W];
            data_span_q   <= span(address_q[11:BYTE_W]);
        end else if (beat) begin
            data_left_q   <= data_left_q - 1'b1;
            data_offset_q <= data_next;
            data_span_q   <= data_end ? span(data_next) : data_span_q - 1'b1;
        end
    end

    // Read: a beat with an error, and all after it, are dropped.
    assign m_axi_rready = taken_ready || stop_q;
    assign taken_valid  = m_axi_rvalid && !stop_q && !m_axi_rresp[1];
    assign taken_data   = {data_last, m_axi_rdata};
    assign read_last_o  = given[DATA_W];
    assign read_data_o  = given[DATA_W-1:0];

    // Write: what is left of the bursts of a command that stopped goes out with no byte of it strobed.
    wire [BYTES-1:0] tail = ~({BYTES{1'b1}} << bytes_q[BYTE_W-1:0]);
    wire [BYTES-1:0] strobe = data_last && partial ? tail : {BYTES{1'b1}};
    assign write_ready_o = due && !stop_q && pushed_ready;
    assign pushed_valid  = due && (stop_q || write_valid_i);
    assign pushed_data   = {data_end, strobe & {BYTES{!stop_q}}, write_data_i};
    assign m_axi_wlast   = shown[BEAT_W-1];
    assign m_axi_wstrb   = shown[DATA_W +: BYTES];
    assign m_axi_wdata   = shown[DATA_W-1:0];
    assign m_axi_bready  = 1'b1;

    // Answers come in the order of the bursts; of those that failed the first is told.
    reg               failed_q;
    reg  [1:0]        response_q;
    reg  [ADDR_W-1:0] answer_address_q;  // of the burst that is to be answered next, or that failed
    wire [1:0]        answer = write_q ? m_axi_bresp : m_axi_rresp;
    wire              fails  = (write_q ? m_axi_bvalid : read_beat) && answer[1];
    wire [OFFSET_W:0] answer_offset = {1'b0, answer_address_q[11:BYTE_W]} + span(answer_address_q[11:BYTE_W]);
    assign answered = write_q ? m_axi_bvalid : read_beat && data_end;

    always @(posedge clk_i) begin
        if (take) stop_q <= abort_i;
        else if (state_q == RUN || state_q == CHECK) stop_q <= stop_q || abort_i || (state_q == RUN && fails);
        if (state_q == CHECK) begin
            failed_q         <= 1'b0;
            response_q       <= {1'b0, refused};
            answer_address_q <= address_q;
        end else if (!failed_q && fails) begin
            failed_q   <= 1'b1;
            response_q <= answer;
        end else if (!failed_q && answered) begin
            answer_address_q[11:BYTE_W] <= answer_offset[OFFSET_W-1:0];
            if (answer_offset[OFFSET_W]) answer_address_q[ADDR_W-1:12] <= answer_address_q[ADDR_W-1:12] + 1'b1;
        end
    end

    assign done_valid_o    = state_q == DONE;
    assign done_response_o = response_q;
    assign done_address_o  = answer_address_q;

    // Bytes, counted a cycle later.
    reg                read_count_en_q;
    reg  [BYTE_W:0]    written_q;
    reg  [COUNT_W-1:0] read_count_q;
    reg  [COUNT_W-1:0] written_count_q;
    wire [BYTE_W:0]    strobed = data_last && partial ? {1'b0, bytes_q[BYTE_W-1:0]} : {1'b1, {BYTE_W{1'b0}}};
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            read_count_en_q <= 1'b0;
            written_q       <= {(BYTE_W+1){1'b0}};
            read_count_q    <= {COUNT_W{1'b0}};
            written_count_q <= {COUNT_W{1'b0}};
        end else begin
            read_count_en_q <= read_beat;
            written_q       <= strobed & {(BYTE_W+1){write_beat && !stop_q}};
            read_count_q    <= clear_i ? {COUNT_W{1'b0}} :
                               read_count_q + {{(COUNT_W-BYTE_W-1){1'b0}}, read_count_en_q, {BYTE_W{1'b0}}};
            written_count_q <= clear_i ? {COUNT_W{1'b0}} :
                               written_count_q + {{(COUNT_W-BYTE_W-1){1'b0}}, written_q};
        end
    end
    assign read_count_o    = read_count_q;
    assign written_count_o = written_count_q;

@{ shell.instances }@

endmodule
