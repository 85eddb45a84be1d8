// The port keeps to AXI4-Lite: responses hold under stall, none comes without its request, each request has
// one, in order and with the data that its address then had, and none is later than its master lets it be.
module csr_axi (
    input wire        clk_i,
    input wire        rst_ni,
    input wire        awvalid_i,
    input wire [7:0]  awaddr_i,
    input wire        wvalid_i,
    input wire [31:0] wdata_i,
    input wire [3:0]  wstrb_i,
    input wire        bready_i,
    input wire        arvalid_i,
    input wire [7:0]  araddr_i,
    input wire        rready_i,
    input wire [2:0]  prot_i,
    input wire        busy_i,
    input wire        done_i,
    input wire [7:0]  error_code_i,
    input wire [31:0] status_i,
    input wire        event_done_i,
    input wire        event_error_i,
    input wire [31:0] count_i
);

    // What the block keeps while it waits: induction has to be told.
    (* hierconn *) wire [5:0]  \u_csr.aw_address_q ;
    (* hierconn *) wire [31:0] \u_csr.w_data_q ;
    (* hierconn *) wire [3:0]  \u_csr.w_strobe_q ;
    (* hierconn *) wire [5:0]  \u_csr.ar_address_q ;
    (* hierconn *) wire        \u_csr.interrupt_cause_done_q ;
    (* hierconn *) wire [31:0] \u_csr.count_cycles_q ;
    (* hierconn *) wire [31:0] \u_csr.program_length_q ;

    localparam [7:0] CONTROL = 8'h20;
    localparam [7:0] CAUSE   = 8'h30;
    localparam [7:0] ENABLE  = 8'h34;
    localparam [7:0] LENGTH  = 8'h48;
    localparam [7:0] COUNTER = 8'h80;
    localparam [7:0] CYCLES  = 8'h84;

    wire        awready, wready, bvalid, arready, rvalid;
    wire [1:0]  bresp, rresp;
    wire [31:0] rdata;
    wire        enable_done, enable_error, start, soft_reset, snapshot, clear, interrupt;
    wire [31:0] base, length, watchdog;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_csr u_csr (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .s_axil_awvalid(awvalid_i), .s_axil_awready(awready), .s_axil_awaddr(awaddr_i), .s_axil_awprot(prot_i),
        .s_axil_wvalid(wvalid_i), .s_axil_wready(wready), .s_axil_wdata(wdata_i), .s_axil_wstrb(wstrb_i),
        .s_axil_bvalid(bvalid), .s_axil_bready(bready_i), .s_axil_bresp(bresp),
        .s_axil_arvalid(arvalid_i), .s_axil_arready(arready), .s_axil_araddr(araddr_i), .s_axil_arprot(prot_i),
        .s_axil_rvalid(rvalid), .s_axil_rready(rready_i), .s_axil_rdata(rdata), .s_axil_rresp(rresp),
        .interrupt_enable_done_o(enable_done), .interrupt_enable_error_o(enable_error),
        .program_base_o(base), .program_length_o(length), .watchdog_limit_o(watchdog),
        .control_start_o(start), .control_soft_reset_o(soft_reset),
        .counters_snapshot_o(snapshot), .counters_clear_o(clear), .interrupt_o(interrupt),
        .status_busy_i(busy_i), .status_done_i(done_i), .status_error_code_i(error_code_i),
        .error_address_i(status_i), .program_counter_i(status_i),
        .interrupt_cause_done_i(event_done_i), .interrupt_cause_error_i(event_error_i),
        .count_cycles_i(count_i), .count_array_busy_i(count_i), .count_vectors_i(count_i), .count_held_i(count_i),
        .count_axi_read_i(count_i), .count_axi_written_i(count_i)
    );

    // What a master owes: a request stays until it is taken.
    reg        aw_stalled_q = 1'b0, w_stalled_q = 1'b0, ar_stalled_q = 1'b0;
    reg [7:0]  awaddr_q, araddr_q;
    reg [35:0] w_q;
    always @(posedge clk_i) begin
        aw_stalled_q <= rst_ni && awvalid_i && !awready;
        w_stalled_q  <= rst_ni && wvalid_i && !wready;
        ar_stalled_q <= rst_ni && arvalid_i && !arready;
        awaddr_q <= awaddr_i;
        araddr_q <= araddr_i;
        w_q      <= {wstrb_i, wdata_i};
    end
    always @* begin
        if (aw_stalled_q) assume (awvalid_i && awaddr_i == awaddr_q);
        if (w_stalled_q) assume (wvalid_i && {wstrb_i, wdata_i} == w_q);
        if (ar_stalled_q) assume (arvalid_i && araddr_i == araddr_q);
        if (!rst_ni) assume (!awvalid_i && !wvalid_i && !arvalid_i);
    end

    // Responses hold.
    hold #(.WIDTH(2)) u_b (.clk_i(clk_i), .rst_ni(rst_ni), .valid_i(bvalid), .ready_i(bready_i), .data_i(bresp));
    hold #(.WIDTH(34)) u_r (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(rvalid), .ready_i(rready_i), .data_i({rresp, rdata})
    );

    // Requests without a response yet: never fewer than none, and no more than one that waits after another.
    wire aw_taken = awvalid_i && awready;
    wire w_taken  = wvalid_i && wready;
    wire ar_taken = arvalid_i && arready;
    wire b_taken  = bvalid && bready_i;
    wire r_taken  = rvalid && rready_i;
    reg [1:0] aw_open_q = 2'd0, w_open_q = 2'd0, ar_open_q = 2'd0;
    always @(posedge clk_i) if (rst_ni) begin
        aw_open_q <= aw_open_q + {1'b0, aw_taken} - {1'b0, b_taken};
        w_open_q  <= w_open_q + {1'b0, w_taken} - {1'b0, b_taken};
        ar_open_q <= ar_open_q + {1'b0, ar_taken} - {1'b0, r_taken};
    end
    always @* if (rst_ni) begin
        assert (aw_open_q == {1'b0, !awready} + {1'b0, bvalid});
        assert (w_open_q == {1'b0, !wready} + {1'b0, bvalid});
        assert (ar_open_q == {1'b0, !arready} + {1'b0, rvalid});
    end

    // A response comes in the cycle after both halves of a write, or the address of a read, are there and the
    // response before is gone.
    reg b_due_q = 1'b0, r_due_q = 1'b0;
    always @(posedge clk_i) begin
        b_due_q <= rst_ni && !awready && !wready && (!bvalid || bready_i);
        r_due_q <= rst_ni && !arready && (!rvalid || rready_i);
    end
    always @* if (rst_ni) begin
        if (b_due_q) assert (bvalid && awready && wready);
        if (r_due_q) assert (rvalid && arready);
        assert (!bresp[0] && !rresp[0]);
    end

    // The write that is done, as its master sent it.
    reg [7:0]  address_q;
    reg [31:0] data_q;
    reg [3:0]  strobe_q;
    always @(posedge clk_i) begin
        if (aw_taken) address_q <= awaddr_i;
        if (w_taken) {strobe_q, data_q} <= {wstrb_i, wdata_i};
    end
    wire [31:0] mask = {{8{strobe_q[3]}}, {8{strobe_q[2]}}, {8{strobe_q[1]}}, {8{strobe_q[0]}}};
    wire [31:0] ones = data_q & mask;
    wire [7:0]  address = {address_q[7:2], 2'b00};
    wire        written = !awready && !wready && (!bvalid || bready_i);
    wire        known = address == CONTROL || address == CAUSE || address == ENABLE || address == 8'h40 ||
                        address == LENGTH || address == 8'h4c || address == COUNTER;
    always @* if (rst_ni) begin
        if (!awready) assert (\u_csr.aw_address_q == address_q[7:2]);
        if (!wready) assert ({\u_csr.w_strobe_q , \u_csr.w_data_q } == {strobe_q, data_q});
    end

    // Causes and commands by their rules, and a setting by bytes. Its port shows what it was when a program
    // started.
    reg        cause_q = 1'b0, start_q = 1'b0, snapshot_q = 1'b0, known_q = 1'b0, up_q = 1'b0;
    reg [31:0] length_q = 32'd0, taken_q = 32'd0, counter_q = 32'd0;
    always @(posedge clk_i) begin
        up_q       <= rst_ni;
        known_q    <= known;
        start_q    <= rst_ni && written && address == CONTROL && ones[0];
        snapshot_q <= rst_ni && written && address == COUNTER && ones[0];
        if (!rst_ni) begin
            cause_q   <= 1'b0;
            length_q  <= 32'd0;
            taken_q   <= 32'd0;
            counter_q <= 32'd0;
        end else begin
            cause_q <= event_done_i || (cause_q && !(written && address == CAUSE && ones[0]));
            if (written && address == LENGTH) length_q <= (length_q & ~mask) | ones;
            if (start_q && !busy_i) taken_q <= length_q;
            if (snapshot_q) counter_q <= count_i;
        end
    end
    always @* if (rst_ni && up_q) begin
        assert (start == start_q && snapshot == snapshot_q && length == taken_q);
        assert (\u_csr.interrupt_cause_done_q == cause_q && \u_csr.count_cycles_q == counter_q);
        assert (\u_csr.program_length_q == length_q);
        if (cause_q && enable_done) assert (interrupt);
        if (b_due_q) assert (bresp[1] == !known_q);
    end

    // No command lasts: two writes cannot follow each other in two cycles.
    reg start_before_q = 1'b0;
    always @(posedge clk_i) start_before_q <= rst_ni && start;
    always @* if (rst_ni && start_before_q) assert (!start);

    // A read gives what was there when its response was made.
    reg [7:0]  read_q, expected_q;
    reg [31:0] value_q;
    always @(posedge clk_i) begin
        if (ar_taken) read_q <= araddr_i;
        expected_q <= {read_q[7:2], 2'b00};
        value_q    <= {read_q[7:2], 2'b00} == LENGTH ? length_q : counter_q;
    end
    always @* if (rst_ni) begin
        if (!arready) assert (\u_csr.ar_address_q == read_q[7:2]);
        if (r_due_q && (expected_q == LENGTH || expected_q == CYCLES)) assert (rresp == 2'b00 && rdata == value_q);
        if (r_due_q && expected_q == 8'hfc) assert (rresp == 2'b10 && rdata == 32'd0);
    end

endmodule
