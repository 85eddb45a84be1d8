// For all time: what is offered holds on every channel and stream, no burst leaves its 4 KB or is longer than
// it may be, and none is open but those that the master counts. The memory answers no more than was asked of
// it.
module dma_holds #(
    parameter BURST = 1,
    parameter OPEN  = 1
) (
    input wire        clk_i,
    input wire        rst_ni,
    input wire        command_valid_i,
    input wire        command_write_i,
    input wire [31:0] command_address_i,
    input wire [31:0] command_bytes_i,
    input wire        write_valid_i,
    input wire [31:0] write_data_i,
    input wire        read_ready_i,
    input wire        done_ready_i,
    input wire        abort_i,
    input wire        awready_i,
    input wire        wready_i,
    input wire        bvalid_i,
    input wire [1:0]  bresp_i,
    input wire        arready_i,
    input wire        rvalid_i,
    input wire [31:0] rdata_i,
    input wire [1:0]  rresp_i
);

    // What the block keeps: induction has to be told.
    (* hierconn *) wire [1:0]  \u_dma.state_q ;
    (* hierconn *) wire        \u_dma.write_q ;
    (* hierconn *) wire        \u_dma.more_q ;
    (* hierconn *) wire [30:0] \u_dma.left_q ;
    (* hierconn *) wire [10:0] \u_dma.span_q ;
    (* hierconn *) wire [31:0] \u_dma.address_q ;
    (* hierconn *) wire [4:0]  \u_dma.open_q ;
    (* hierconn *) wire        \u_dma.answered ;

    wire        awvalid, arvalid, wvalid, wlast, bready, rready, read_valid, read_last, done_valid;
    wire [31:0] awaddr, araddr, wdata, read_data, done_address;
    wire [7:0]  awlen, arlen;
    wire [3:0]  wstrb;
    wire [1:0]  response;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_dma u_dma (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .m_axi_awvalid(awvalid), .m_axi_awready(awready_i), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen),
        .m_axi_awsize(), .m_axi_awburst(), .m_axi_awcache(), .m_axi_awprot(),
        .m_axi_wvalid(wvalid), .m_axi_wready(wready_i), .m_axi_wdata(wdata), .m_axi_wstrb(wstrb), .m_axi_wlast(wlast),
        .m_axi_bvalid(bvalid_i), .m_axi_bready(bready), .m_axi_bresp(bresp_i),
        .m_axi_arvalid(arvalid), .m_axi_arready(arready_i), .m_axi_araddr(araddr), .m_axi_arlen(arlen),
        .m_axi_arsize(), .m_axi_arburst(), .m_axi_arcache(), .m_axi_arprot(),
        .m_axi_rvalid(rvalid_i), .m_axi_rready(rready), .m_axi_rdata(rdata_i), .m_axi_rresp(rresp_i), .m_axi_rlast(1'b0),
        .abort_i(abort_i),
        .command_valid_i(command_valid_i), .command_ready_o(), .command_write_i(command_write_i),
        .command_address_i(command_address_i), .command_bytes_i(command_bytes_i),
        .write_valid_i(write_valid_i), .write_ready_o(), .write_data_i(write_data_i),
        .read_valid_o(read_valid), .read_ready_i(read_ready_i), .read_data_o(read_data), .read_last_o(read_last),
        .done_valid_o(done_valid), .done_ready_i(done_ready_i), .done_response_o(response),
        .done_address_o(done_address),
        .busy_o(), .clear_i(1'b0), .read_count_o(), .written_count_o()
    );

    hold #(.WIDTH(40)) u_aw (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(awvalid), .ready_i(awready_i), .data_i({awaddr, awlen})
    );
    hold #(.WIDTH(40)) u_ar (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(arvalid), .ready_i(arready_i), .data_i({araddr, arlen})
    );
    hold #(.WIDTH(37)) u_w (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(wvalid), .ready_i(wready_i), .data_i({wlast, wstrb, wdata})
    );
    hold #(.WIDTH(33)) u_read (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(read_valid), .ready_i(read_ready_i), .data_i({read_last, read_data})
    );
    hold #(.WIDTH(34)) u_done (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(done_valid), .ready_i(done_ready_i), .data_i({response, done_address})
    );

    // Bursts whose address was taken and that are not answered: the memory answers no others.
    reg [4:0] aw_open_q = 5'd0, ar_open_q = 5'd0;
    wire      b_taken = \u_dma.answered && \u_dma.write_q ;
    wire      r_ends  = \u_dma.answered && !\u_dma.write_q ;
    always @(posedge clk_i) if (rst_ni) begin
        aw_open_q <= aw_open_q + {4'd0, awvalid && awready_i} - {4'd0, b_taken};
        ar_open_q <= ar_open_q + {4'd0, arvalid && arready_i} - {4'd0, r_ends};
    end
    always @* begin
        if (bvalid_i) assume (aw_open_q != 5'd0);
        if (rvalid_i) assume (ar_open_q != 5'd0);
    end

    wire run = \u_dma.state_q == 2'd2;
    always @* if (rst_ni) begin
        assert (\u_dma.open_q == aw_open_q + ar_open_q + {4'd0, awvalid} + {4'd0, arvalid});
        assert (\u_dma.open_q <= OPEN && aw_open_q <= OPEN && ar_open_q <= OPEN);
        assert (!awvalid && aw_open_q == 5'd0 || run && \u_dma.write_q );
        assert (!arvalid && ar_open_q == 5'd0 || run && !\u_dma.write_q );
        if (run) begin
            assert (\u_dma.more_q == (\u_dma.left_q != 31'd0) || !\u_dma.more_q );
            assert (\u_dma.address_q [1:0] == 2'b00);
            assert (\u_dma.span_q != 11'd0 && \u_dma.span_q <= BURST);
            assert ({2'b0, \u_dma.address_q [11:2]} + {1'b0, \u_dma.span_q } <= 12'd1024);
        end
        if (awvalid) assert (awaddr[1:0] == 2'b00 && {1'b0, awaddr[11:2]} + {3'd0, awlen} < 11'd1024 && awlen < BURST);
        if (arvalid) assert (araddr[1:0] == 2'b00 && {1'b0, araddr[11:2]} + {3'd0, arlen} < 11'd1024 && arlen < BURST);
    end

endmodule

// A command of a few beats: its data are of its bursts, WLAST at the end of each, none before the address is
// offered; its response is that of the first that failed, and comes when all are answered; its reader gets
// the beats before that, last with the last.
module dma_command #(
    parameter BEATS = 4,
    parameter WRITE = 0
) (
    input wire        clk_i,
    input wire        rst_ni,
    input wire        command_valid_i,
    input wire        command_write_i,
    input wire [31:0] command_address_i,
    input wire [31:0] command_bytes_i,
    input wire        write_valid_i,
    input wire [31:0] write_data_i,
    input wire        read_ready_i,
    input wire        done_ready_i,
    input wire        abort_i,
    input wire        awready_i,
    input wire        wready_i,
    input wire        bvalid_i,
    input wire [1:0]  bresp_i,
    input wire        arready_i,
    input wire        rvalid_i,
    input wire [31:0] rdata_i,
    input wire [1:0]  rresp_i
);

    wire        command_ready, awvalid, arvalid, wvalid, wlast, bready, rready, write_ready, read_valid, read_last;
    wire        done_valid, busy;
    wire [31:0] awaddr, araddr, wdata, read_data, done_address;
    wire [7:0]  awlen, arlen;
    wire [3:0]  wstrb;
    wire [1:0]  response;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_dma u_dma (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .m_axi_awvalid(awvalid), .m_axi_awready(awready_i), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen),
        .m_axi_awsize(), .m_axi_awburst(), .m_axi_awcache(), .m_axi_awprot(),
        .m_axi_wvalid(wvalid), .m_axi_wready(wready_i), .m_axi_wdata(wdata), .m_axi_wstrb(wstrb), .m_axi_wlast(wlast),
        .m_axi_bvalid(bvalid_i), .m_axi_bready(bready), .m_axi_bresp(bresp_i),
        .m_axi_arvalid(arvalid), .m_axi_arready(arready_i), .m_axi_araddr(araddr), .m_axi_arlen(arlen),
        .m_axi_arsize(), .m_axi_arburst(), .m_axi_arcache(), .m_axi_arprot(),
        .m_axi_rvalid(rvalid_i), .m_axi_rready(rready), .m_axi_rdata(rdata_i), .m_axi_rresp(rresp_i), .m_axi_rlast(1'b0),
        .abort_i(abort_i),
        .command_valid_i(command_valid_i), .command_ready_o(command_ready), .command_write_i(command_write_i),
        .command_address_i(command_address_i), .command_bytes_i(command_bytes_i),
        .write_valid_i(write_valid_i), .write_ready_o(write_ready), .write_data_i(write_data_i),
        .read_valid_o(read_valid), .read_ready_i(read_ready_i), .read_data_o(read_data), .read_last_o(read_last),
        .done_valid_o(done_valid), .done_ready_i(done_ready_i), .done_response_o(response),
        .done_address_o(done_address),
        .busy_o(busy), .clear_i(1'b0), .read_count_o(), .written_count_o()
    );

    // The command, and what of it was asked for.
    wire        taken = command_valid_i && command_ready;
    reg         write_q, aborted_q;
    reg [31:0]  address_q, bytes_q;
    wire [30:0] beats = {1'b0, bytes_q[31:2]} + {30'd0, |bytes_q[1:0]};
    wire [32:0] range = {1'b0, address_q} + {1'b0, bytes_q};
    wire        refused = address_q[1:0] != 2'b00 || range > 33'h1_0000_0000;
    reg         once_q = 1'b0;
    always @(posedge clk_i) once_q <= once_q || taken;
    always @* if (command_valid_i) begin
        assume (!once_q && command_write_i == WRITE && command_bytes_i <= 4 * BEATS);
        assume (command_address_i[31:5] == 27'h7f);  // the last bytes before a boundary
    end

    reg         aw_stalled_q = 1'b0, ar_stalled_q = 1'b0;
    wire        aw_new = awvalid && !aw_stalled_q, ar_new = arvalid && !ar_stalled_q;
    wire        w_taken = wvalid && wready_i, b_taken = bvalid_i && bready, r_taken = rvalid_i && rready;
    reg [3:0]   announced_q;  // beats of bursts whose address was offered
    reg [3:0]  owed_q;       // beats of bursts whose address was taken, and that have not moved
    reg [3:0]  moved_q;      // beats that moved
    reg [3:0]   open_q;       // bursts that were offered and are not answered
    reg [3:0]   ended_q;      // writes whose data have all moved, and that are not answered
    reg [3:0]  given_q;      // beats that a reader got
    reg [3:0]  good_q;       // beats that were read before any failed
    reg [1:0]   failed_q;     // the first failure
    reg [31:0]  failed_at_q;  // where its burst began
    // The bursts that lack data or answers, the oldest first.
    reg [36*3-1:0] list_q;
    reg [2:0]      listed_q;
    reg [3:0]      beat_q;
    reg [2:0]      sent_q;    // of those, the writes whose data have moved
    wire [3:0]     length  = list_q[36*sent_q +: 4];
    wire           ends    = write_q ? w_taken && beat_q == length : r_taken && beat_q == length;
    wire           retires = write_q ? b_taken : ends;
    wire [1:0]     answer  = write_q ? bresp_i : rresp_i;
    wire           fails   = (write_q ? b_taken : r_taken) && answer[1] && failed_q == 2'b00;

    always @(posedge clk_i) begin
        aw_stalled_q <= rst_ni && awvalid && !awready_i;
        ar_stalled_q <= rst_ni && arvalid && !arready_i;
        if (taken) begin
            write_q   <= command_write_i;
            address_q <= command_address_i;
            bytes_q   <= command_bytes_i;
        end
        if (taken || !rst_ni) begin
            announced_q <= 4'd0;
            owed_q      <= 4'd0;
            moved_q     <= 4'd0;
            open_q      <= 4'd0;
            ended_q     <= 4'd0;
            given_q     <= 4'd0;
            good_q      <= 4'd0;
            failed_q    <= 2'b00;
            listed_q    <= 3'd0;
            sent_q      <= 3'd0;
            beat_q      <= 4'd0;
            aborted_q   <= abort_i;
        end else begin
            aborted_q   <= aborted_q || abort_i;
            announced_q <= announced_q + (aw_new ? awlen[3:0] + 4'd1 : 4'd0) + (ar_new ? arlen[3:0] + 4'd1 : 4'd0);
            owed_q      <= owed_q + (awvalid && awready_i ? awlen[3:0] + 4'd1 : 4'd0) +
                           (arvalid && arready_i ? arlen[3:0] + 4'd1 : 4'd0) - {3'd0, w_taken} - {3'd0, r_taken};
            moved_q     <= moved_q + {3'd0, w_taken} + {3'd0, r_taken};
            open_q      <= open_q + {3'd0, aw_new} + {3'd0, ar_new} - {3'd0, retires};
            ended_q     <= ended_q + {3'd0, write_q && ends} - {3'd0, b_taken};
            given_q     <= given_q + {3'd0, read_valid && read_ready_i};
            good_q      <= good_q + {3'd0, r_taken && !answer[1] && failed_q == 2'b00};
            if (fails) begin
                failed_q    <= answer;
                failed_at_q <= list_q[35:4];
            end
            beat_q <= ends ? 4'd0 : beat_q + {3'd0, write_q ? w_taken : r_taken};
            sent_q <= sent_q + {2'd0, write_q && ends} - {2'd0, b_taken};
            if (aw_new || ar_new) begin
                if (retires) list_q <= list_q >> 36;
                list_q[36*(listed_q - {2'd0, retires}) +: 36] <= aw_new ? {awaddr, awlen[3:0]} : {araddr, arlen[3:0]};
            end else if (retires) begin
                list_q <= list_q >> 36;
            end
            listed_q <= listed_q + {2'd0, aw_new || ar_new} - {2'd0, retires};
        end
    end

    // The memory answers what it was asked: data of reads whose address was taken, writes whose data have
    // come.
    wire addressed = !awvalid || open_q > 4'd1;
    always @* begin
        if (rvalid_i) assume (busy && !write_q && owed_q != 4'd0);
        if (bvalid_i) assume (busy && write_q && ended_q != 4'd0 && addressed);
    end

    // No burst is begun from the second cycle after an abort or a failure on.
    reg abort_q = 1'b0, abort_before_q = 1'b0, failed_before_q = 1'b0, up_q = 1'b0;
    always @(posedge clk_i) begin
        up_q            <= rst_ni;
        abort_q         <= rst_ni && abort_i;
        abort_before_q  <= abort_q;
        failed_before_q <= rst_ni && !taken && failed_q != 2'b00;
    end
    always @* if (rst_ni && up_q) begin
        if (wvalid) assert (write_q && announced_q > moved_q);
        if (wvalid) assert (wlast == (beat_q == length));
        if (awvalid || arvalid) assert (busy && (awvalid ? write_q : !write_q) && !refused);
        if (aw_new || ar_new) assert ((awvalid ? awaddr : araddr) == address_q + {26'd0, announced_q, 2'b00});
        if (busy) assert (announced_q <= beats);
        if (aw_new || ar_new) assert (!abort_before_q && !failed_before_q);
        if (wvalid && failed_q == 2'b00 && !aborted_q)
            assert (wstrb == (moved_q + 4'd1 == beats && bytes_q[1:0] != 2'b00 ? 4'hf >> (3'd4 - bytes_q[1:0]) : 4'hf));
        if (read_valid) assert (given_q < good_q && read_last == (given_q + 4'd1 == beats));
        if (done_valid) begin
            assert (!awvalid && !arvalid && !wvalid && !read_valid && open_q == 4'd0 && moved_q == announced_q);
            assert (response == (refused ? 2'd1 : failed_q));
            if (refused) assert (done_address == address_q && announced_q == 4'd0);
            if (failed_q != 2'b00) assert (done_address == failed_at_q);
            if (!refused && failed_q == 2'b00 && !aborted_q) assert (announced_q == beats);
            if (!write_q && !aborted_q) assert (given_q == good_q);
        end
    end

endmodule
