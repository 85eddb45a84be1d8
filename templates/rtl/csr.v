@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ADDR_W = @{ map.address_bits }@;

    // Byte addresses of the registers.
<%- for register in map.registers %>
    localparam [ADDR_W-1:0] @{ "{:<20}"|format(register.name.to_uppercase()) }@ = @{ map.address_bits }@'h@{ "{:02x}"|format(register.offset) }@;
<%- endfor %>

    // What an address says below a word, and who asks, makes no difference.
    wire unused_bits = ^{s_axil_awaddr[1:0], s_axil_awprot, s_axil_araddr[1:0], s_axil_arprot};

    // A write waits for its address and its data, in any order, and until the response before is taken.
    reg              aw_full_q;
    reg              w_full_q;
    reg              b_valid_q;
    reg [ADDR_W-1:2] aw_address_q;
    reg [31:0]       w_data_q;
    reg [3:0]        w_strobe_q;
    reg              b_error_q;
    wire             write = aw_full_q && w_full_q && (!b_valid_q || s_axil_bready);

    // Registers that take writes; of their bits those are written whose byte has its strobe.
    wire [ADDR_W-1:0] write_address = {aw_address_q, 2'b00};
<%- for name in writable %>
    wire              @{ "{:<25}"|format(format!("write_{name}")) }@ = write && write_address == @{ name.to_uppercase() }@;
<%- endfor %>
    wire              write_known = |{
<%- for name in writable %>
        write_@{ name }@<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [31:0]       mask = {{8{w_strobe_q[3]}}, {8{w_strobe_q[2]}}, {8{w_strobe_q[1]}}, {8{w_strobe_q[0]}}};
    wire [31:0]       ones = w_data_q & mask;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            aw_full_q <= 1'b0;
            w_full_q  <= 1'b0;
            b_valid_q <= 1'b0;
        end else begin
            aw_full_q <= aw_full_q ? !write : s_axil_awvalid;
            w_full_q  <= w_full_q ? !write : s_axil_wvalid;
            b_valid_q <= write || (b_valid_q && !s_axil_bready);
        end
    end

    always @(posedge clk_i) begin
        if (!aw_full_q) aw_address_q <= s_axil_awaddr[ADDR_W-1:2];
        if (!w_full_q) begin
            w_data_q   <= s_axil_wdata;
            w_strobe_q <= s_axil_wstrb;
        end
        if (write) b_error_q <= !write_known;
    end

    assign s_axil_awready = !aw_full_q;
    assign s_axil_wready  = !w_full_q;
    assign s_axil_bvalid  = b_valid_q;
    assign s_axil_bresp   = {b_error_q, 1'b0};

    // Settings stay until they are written.
<%- for (_, fields) in settings %>
<%- for field in fields %>
    reg @{ "{:<6}"|format(field.range) }@ @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for (_, fields) in settings %>
<%- for field in fields %>
            @{ field.stem }@_q <= @{ field.bits }@'h@{ "{:x}"|format(field.reset) }@;
<%- endfor %>
<%- endfor %>
        end else begin
<%- for (register, fields) in settings %>
            if (write_@{ register }@) begin
<%- for field in fields %>
                @{ field.stem }@_q <= (@{ field.stem }@_q & ~mask@{ field.slice }@) | ones@{ field.slice }@;
<%- endfor %>
            end
<%- endfor %>
        end
    end

    // Commands are high for one cycle.
<%- for (_, fields) in pulses %>
<%- for field in fields %>
    reg @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for (_, fields) in pulses %>
<%- for field in fields %>
            @{ field.stem }@_q <= 1'b0;
<%- endfor %>
<%- endfor %>
        end else begin
<%- for (register, fields) in pulses %>
<%- for field in fields %>
            @{ field.stem }@_q <= write_@{ register }@ && ones@{ field.slice }@;
<%- endfor %>
<%- endfor %>
        end
    end

    // Ones clear a cause; an event of the same cycle is not lost.
<%- for (_, fields) in events %>
<%- for field in fields %>
    reg @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for (_, fields) in events %>
<%- for field in fields %>
            @{ field.stem }@_q <= 1'b0;
<%- endfor %>
<%- endfor %>
        end else begin
<%- for (register, fields) in events %>
<%- for field in fields %>
            if (@{ field.stem }@_i) @{ field.stem }@_q <= 1'b1;
            else if (write_@{ register }@ && ones@{ field.slice }@) @{ field.stem }@_q <= 1'b0;
<%- endfor %>
<%- endfor %>
        end
    end

    // Counters as they stood at the last snapshot, all of one cycle.
<%- for (_, fields) in counters %>
<%- for field in fields %>
    reg @{ "{:<6}"|format(field.range) }@ @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for (_, fields) in counters %>
<%- for field in fields %>
            @{ field.stem }@_q <= @{ field.bits }@'d0;
<%- endfor %>
<%- endfor %>
        end else if (@{ snapshot }@_q) begin
<%- for (_, fields) in counters %>
<%- for field in fields %>
            @{ field.stem }@_q <= @{ field.stem }@_i;
<%- endfor %>
<%- endfor %>
        end
    end

    // What a program uses stays as it was when it was started, whatever is written while it runs.
<%- for (_, fields) in program %>
<%- for field in fields %>
    reg @{ "{:<6}"|format(field.range) }@ @{ field.stem }@_taken_q;
<%- endfor %>
<%- endfor %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
<%- for (_, fields) in program %>
<%- for field in fields %>
            @{ field.stem }@_taken_q <= @{ field.bits }@'h@{ "{:x}"|format(field.reset) }@;
<%- endfor %>
<%- endfor %>
        end else if (@{ start }@_q && !@{ busy }@_i) begin
<%- for (_, fields) in program %>
<%- for field in fields %>
            @{ field.stem }@_taken_q <= @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
        end
    end
<% for (_, fields) in shown.iter().chain(pulses) %>
<%- for field in fields %>
    assign @{ field.stem }@_o = @{ field.stem }@_q;
<%- endfor %>
<%- endfor %>
<%- for (_, fields) in program %>
<%- for field in fields %>
    assign @{ field.stem }@_o = @{ field.stem }@_taken_q;
<%- endfor %>
<%- endfor %>
    assign interrupt_o = @{ interrupts.join("\n                      || ") }@;

    // A read waits until the response before is taken.
    reg              ar_full_q;
    reg              r_valid_q;
    reg [ADDR_W-1:2] ar_address_q;
    reg [31:0]       r_data_q;
    reg              r_error_q;
    wire             read = ar_full_q && (!r_valid_q || s_axil_rready);

    reg [31:0] read_data;
    reg        read_known;
    always @* begin
        read_known = 1'b1;
        case ({ar_address_q, 2'b00})
<%- for (name, value) in reads %>
            @{ name.to_uppercase() }@: read_data = @{ value }@;
<%- endfor %>
            default: begin
                read_data  = 32'd0;
                read_known = 1'b0;
            end
        endcase
    end

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            ar_full_q <= 1'b0;
            r_valid_q <= 1'b0;
        end else begin
            ar_full_q <= ar_full_q ? !read : s_axil_arvalid;
            r_valid_q <= read || (r_valid_q && !s_axil_rready);
        end
    end

    always @(posedge clk_i) begin
        if (!ar_full_q) ar_address_q <= s_axil_araddr[ADDR_W-1:2];
        if (read) begin
            r_data_q  <= read_data;
            r_error_q <= !read_known;
        end
    end

    assign s_axil_arready = !ar_full_q;
    assign s_axil_rvalid  = r_valid_q;
    assign s_axil_rdata   = r_data_q;
    assign s_axil_rresp   = {r_error_q, 1'b0};

endmodule
