@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam ADDR_W  = @{ addr_w }@;
    localparam COUNT_W = @{ count_w }@;   // of instructions
    localparam LATENCY = @{ latency }@;   // cycles from an address of the program memory to the instruction
    localparam UNITS   = @{ units.len() }@;
    localparam [31:0] BYTES = 32'd@{ program_bytes }@;  // of the program memory

    // Why a program is stopped.
<%- for fault in faults %>
    localparam [7:0] @{ "{:<18}"|format(fault.0) }@ = 8'd@{ fault.1 }@;
<%- endfor %>

    // Opcodes.
<%- for kind in kinds %>
    localparam [7:0] @{ "{:<23}"|format(kind.symbol) }@ = 8'h@{ kind.opcode }@;
<%- endfor %>

    // Their bits that mean something.
<%- for kind in kinds %>
    localparam [511:0] USED_@{ kind.name.to_uppercase() }@ = {
        @{ kind.used[..8].join(", ") }@,
        @{ kind.used[8..].join(", ") }@
    };
<%- endfor %>

@{ shell.declare("exit_layer repeat_count") }@

    localparam [3:0]
        IDLE    = 4'd0,   // no program runs
        FETCH   = 4'd1,   // the program is asked for
        FILL    = 4'd2,   // and comes
        READ    = 4'd3,   // an instruction is read
        WAIT    = 4'd4,   // and comes
        CHECK   = 4'd5,   // is it one?
        ISSUE   = 4'd6,   // what it waits for is awaited, and it is issued
        DECIDE  = 4'd7,   // the entropy is computed
        FINISH  = 4'd8,   // the units finish what they have begun
        STOP    = 4'd9,   // the units are reset, the bus is given back
        STOPPED = 4'd10;
    reg [3:0] state_q;

    // The instruction, decoded.
    reg  [511:0] words_q;
    wire [7:0]   opcode = words_q[7:0];
<%- for kind in kinds %>
    wire         is_@{ "{:<20}"|format(kind.name) }@ = opcode == @{ kind.symbol }@;
<%- for field in kind.fields %>
    assign @{ kind.name }@_@{ field.name }@@{ field.suffix }@ = words_q[@{ field.range }@];
<%- endfor %>
<%- endfor %>

    // Legal: of a kind that there is, zero where it has no field, no count of zero, every choice one that
    // means something, no number beyond what the design has.
    wire [511:0] stray = words_q & ~(
<%- for kind in kinds %>
        ({512{is_@{ kind.name }@}} & USED_@{ kind.name.to_uppercase() }@)<% if !loop.last %> |<% endif %>
<%- endfor %>
    );
    wire legal = stray == 512'd0
<%- for kind in kinds %>
<%- for rule in kind.rules %>
        && !(is_@{ kind.name }@ && @{ rule }@)
<%- endfor %>
<%- endfor %>
        && (<% for kind in kinds %>is_@{ kind.name }@<% if !loop.last %><% if loop.index0 == 5 %>
            || <% else %> || <% endif %><% endif %><% endfor %>);
    reg  legal_q;

    reg                units_on_q;   // the reset of all units, a tree: nothing else hangs on it
    reg                units_off_q;  // the same for what is within

    // Unfinished instructions of each unit, 3 at most.
    wire [UNITS-1:0]   issued;
    wire [UNITS-1:0]   finished = {
<%- for unit in units.iter().rev() %>
        @{ unit.name }@_done_i<% if !loop.last %>,<% endif %>
<%- endfor %>
    };
    wire [2*UNITS-1:0] unfinished;
    wire [UNITS-1:0]   idle;
    wire [UNITS-1:0]   awaited;
    genvar u;
    generate
        for (u = 0; u < UNITS; u = u + 1) begin : gen_unit
            reg  [1:0] unfinished_q;
            wire [1:0] most = words_q[8+2*u +: 2];
            always @(posedge clk_i or negedge rst_ni) begin
                if (!rst_ni) unfinished_q <= 2'd0;
                else if (units_off_q) unfinished_q <= 2'd0;
                else if (issued[u] && !finished[u]) unfinished_q <= unfinished_q + 2'd1;
                else if (finished[u] && !issued[u]) unfinished_q <= unfinished_q - 2'd1;
            end
            assign unfinished[2*u +: 2] = unfinished_q;
            assign idle[u]    = unfinished_q == 2'd0;
            assign awaited[u] = most == 2'd3 || unfinished_q <= most;
        end
    endgenerate
    wire ready_to_issue = state_q == ISSUE && &awaited;
<%- for unit in units %>
    wire room_@{ unit.name }@ = unfinished[@{ 2 * loop.index0 + 1 }@:@{ 2 * loop.index0 }@] != 2'd3;
<%- for name in unit.kinds %>
    assign @{ name }@_valid_o = ready_to_issue && is_@{ name }@ && room_@{ unit.name }@;
<%- endfor %>
    assign issued[@{ loop.index0 }@] = <% for name in unit.kinds %>(@{ name }@_valid_o && @{ name }@_ready_i)<% if !loop.last %> || <% endif %><% endfor %>;
<%- endfor %>
    assign exit_valid_o     = ready_to_issue && is_exit;
    assign decision_ready_o = state_q == DECIDE;

    // Program, loop, end.
    reg  [COUNT_W-1:0] pc_q;
    reg  [COUNT_W-1:0] count_q;
    reg                loop_q;
    reg  [COUNT_W-1:0] loop_first_q;
    reg  [15:0]        loop_remaining_q;
    reg  [7:0]         iteration_q;
    reg                early_q;
    reg  [LATENCY-1:0] wait_q;
    reg                done_q;
    reg                issued_q;
    reg                ended_q;
    reg                exited_q;
    reg                failed_q;
    reg  [7:0]         error_q;
    reg  [31:0]        error_address_q;
    reg  [7:0]         exit_layer_q;
    wire               runs      = state_q != IDLE && state_q != STOP && state_q != STOPPED;
    wire               size_bad  = program_length_i == 32'd0 || program_length_i > BYTES
                                || program_length_i[5:0] != 6'd0;
    wire               past_end  = pc_q == count_q;
    wire               sequenced = <% for name in sequenced %>is_@{ name }@<% if !loop.last %> || <% endif %><% endfor %>;
    wire               issue     = (|issued) || (ready_to_issue && sequenced) || (exit_valid_o && exit_ready_i);
    wire               bad_loop  = ready_to_issue && ((is_repeat && loop_q) || (is_end && !loop_q));
    wire               again     = loop_remaining_q != 16'd1;

    // The watchdog counts cycles in which nothing moves.
    reg  [31:0] watchdog_q;
    wire        moves   = progress_i || issue || (|finished) || (decision_valid_i && decision_ready_o);
    wire        starved = watchdog_limit_i != 32'd0 && watchdog_q >= watchdog_limit_i;
    always @(posedge clk_i) watchdog_q <= !runs || moves ? 32'd0 : watchdog_q + 32'd1;

    // What stops a program, the first of these where several come at once.
    wire       bus_bad = bus_fault_i != 8'd0;
    wire       fails   = runs && (out_of_range_i || bus_bad || starved || bad_loop
                         || (state_q == FETCH && size_bad) || (state_q == READ && past_end)
                         || (state_q == ISSUE && !legal_q));
    wire [7:0] fault   = out_of_range_i ? FAULT_ADDRESS : bus_bad ? bus_fault_i : starved ? FAULT_WATCHDOG
                       : bad_loop ? FAULT_LOOP : state_q == FETCH ? FAULT_PROGRAM_SIZE
                       : state_q == READ ? FAULT_PROGRAM_END : FAULT_INSTRUCTION;

    wire       stops     = (soft_reset_i && runs) || fails;
    wire       units_off = stops || (units_off_q && state_q != IDLE);

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            state_q    <= IDLE;
            units_on_q  <= 1'b0;
            units_off_q <= 1'b1;
            done_q     <= 1'b0;
            issued_q   <= 1'b0;
            ended_q    <= 1'b0;
            exited_q   <= 1'b0;
            failed_q   <= 1'b0;
            error_q    <= 8'd0;
            loop_q     <= 1'b0;
            wait_q     <= {LATENCY{1'b0}};
        end else begin
            issued_q    <= 1'b0;
            ended_q     <= 1'b0;
            exited_q    <= 1'b0;
            failed_q    <= 1'b0;
            units_on_q  <= !units_off;
            units_off_q <= units_off;
            wait_q      <= {wait_q[LATENCY-2:0], state_q == READ && program_ready_i && !past_end};
            if (soft_reset_i && runs) begin
                state_q  <= STOP;
            end else if (fails) begin
                state_q  <= STOP;
                error_q  <= fault;
                failed_q <= 1'b1;
            end else begin
                case (state_q)
                    IDLE: if (start_i) begin
                        state_q <= FETCH;
                        done_q  <= 1'b0;
                        error_q <= 8'd0;
                        loop_q  <= 1'b0;
                    end
                    FETCH: if (fetch_ready_i) state_q <= FILL;
                    FILL: if (fetch_done_i) state_q <= READ;
                    READ: if (program_ready_i) state_q <= WAIT;
                    WAIT: if (wait_q[LATENCY-1]) state_q <= CHECK;
                    CHECK: state_q <= ISSUE;
                    ISSUE: if (issue) begin
                        issued_q <= 1'b1;
                        state_q  <= is_exit ? DECIDE : is_halt ? FINISH : READ;
                        if (is_repeat) loop_q <= 1'b1;
                        else if (is_end) loop_q <= again;
                    end
                    DECIDE: if (decision_valid_i) state_q <= decision_exit_i ? FINISH : READ;
                    FINISH: if (&idle) begin
                        state_q  <= IDLE;
                        done_q   <= 1'b1;
                        ended_q  <= 1'b1;
                        exited_q <= early_q;
                    end
                    STOP: if (drained_i) state_q <= STOPPED;
                    default: state_q <= IDLE;
                endcase
            end
        end
    end

    always @(posedge clk_i) begin
        if (wait_q[LATENCY-1]) words_q <= program_data_i;
        legal_q <= legal;
        if (state_q == FETCH) begin
            count_q     <= program_length_i[6 +: COUNT_W];
            early_q     <= 1'b0;
            iteration_q <= 8'd0;
        end else if (state_q == ISSUE && issue) begin
            if (is_repeat) begin
                loop_first_q     <= pc_q + 1'b1;
                loop_remaining_q <= repeat_count;
                iteration_q      <= 8'd0;
            end else if (is_end) begin
                loop_remaining_q <= loop_remaining_q - 16'd1;
                iteration_q      <= again ? iteration_q + 8'd1 : 8'd0;
            end
        end else if (state_q == DECIDE && decision_valid_i && decision_exit_i) early_q <= 1'b1;
    end

    // What software sees of the last program. A new one begins with zeros.
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            pc_q            <= {COUNT_W{1'b0}};
            error_address_q <= 32'd0;
            exit_layer_q    <= 8'd0;
        end else begin
            if (state_q == IDLE && start_i) begin
                pc_q            <= {COUNT_W{1'b0}};
                error_address_q <= 32'd0;
                exit_layer_q    <= 8'd0;
            end
            if (state_q == ISSUE && issue) pc_q <= is_end && again ? loop_first_q : is_halt ? pc_q : pc_q + 1'b1;
            if (fails) error_address_q <= out_of_range_i ? {{(32-ADDR_W){1'b0}}, out_of_range_row_i}
                                        : bus_bad ? bus_fault_address_i : 32'd0;
            if (state_q == DECIDE && decision_valid_i && decision_exit_i) exit_layer_q <= exit_layer + iteration_q;
        end
    end

    assign fetch_valid_o     = state_q == FETCH && !size_bad;
    assign fetch_rows_o      = {{(ADDR_W-COUNT_W){1'b0}}, program_length_i[6 +: COUNT_W]};
    assign program_valid_o   = state_q == READ && !past_end;
    assign program_address_o = {{(ADDR_W-COUNT_W){1'b0}}, pc_q};
    assign units_rst_no      = units_on_q;
    assign abort_o           = state_q == STOP || state_q == STOPPED;
    assign busy_o            = state_q != IDLE;
    assign done_o            = done_q;
    assign error_code_o      = error_q;
    assign error_address_o   = error_address_q;
    assign program_counter_o = {{(32-COUNT_W){1'b0}}, pc_q};
    assign exit_layer_o      = exit_layer_q;
    assign issued_o          = issued_q;
<%- for unit in units %>
    assign @{ "{:<17}"|format(format!("{}_busy_o", unit.name)) }@ = !idle[@{ loop.index0 }@];
<%- endfor %>
    assign ended_o           = ended_q;
    assign exited_o          = exited_q;
    assign failed_o          = failed_q;

endmodule
