@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N        = @{ n }@;
    localparam MASK_W   = @{ mask_w }@;
    localparam WORD_W   = @{ word_w }@;
    localparam STORED_W = @{ stored_w }@;
    localparam ADDR_W   = @{ addr_w }@;
    localparam LANE_W   = @{ lane_w }@;
    localparam ROW_W    = @{ row_w }@;
    localparam SPAN_W   = LANE_W + 1;  // rows of a record, 0 ..= N and one more by a fault; lanes twice over
    localparam LATENCY  = @{ latency }@;
    localparam DEPTH    = @{ depth }@;
    localparam ROOM_W   = @{ room_w }@;
    localparam COUNT_W  = @{ count_w }@;
    localparam [SPAN_W-1:0] LANES = @{ lane_w + 1 }@'d@{ n }@;

@{ shell.declare("answer oldest stored word corrected detected") }@

    // Words of a record, one a cycle, as long as the buffer will have room for them: the memory cannot wait.
    reg                active_q;
    reg                head_q;
    reg  [LANE_W-1:0]  left_q;
    reg  [ADDR_W-1:0]  address_q;
    reg  [ROOM_W-1:0]  room_q;
    wire               ask  = active_q && room_q != {ROOM_W{1'b0}};
    wire               ending = !head_q && left_q == {LANE_W{1'b0}};
    wire               take = record_valid_i && record_ready_o;
    assign record_ready_o = !active_q || (ask && ending);
    assign word_enable_o  = ask;
    assign word_address_o = address_q;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) active_q <= 1'b0;
        else if (take) active_q <= 1'b1;
        else if (ask && ending) active_q <= 1'b0;
    end

    always @(posedge clk_i) begin
        if (take) begin
            address_q <= record_address_i;
            left_q    <= record_masks_i;
            head_q    <= 1'b1;
        end else if (ask) begin
            address_q <= address_q + 1'b1;
            head_q    <= 1'b0;
            if (!head_q) left_q <= left_q - 1'b1;
        end
    end

    wire shift = oldest_valid && oldest_ready;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) room_q <= DEPTH[ROOM_W-1:0];
        else if (ask && !shift) room_q <= room_q - 1'b1;
        else if (shift && !ask) room_q <= room_q + 1'b1;
    end

    reg [LATENCY-1:0] wait_valid_q;
    reg [LATENCY-1:0] wait_head_q;
    reg [LATENCY-1:0] wait_end_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) wait_valid_q <= {LATENCY{1'b0}};
        else wait_valid_q <= <% if latency == 1 %>ask<% else %>{wait_valid_q[LATENCY-2:0], ask}<% endif %>;
    end
    always @(posedge clk_i) begin
        wait_head_q <= <% if latency == 1 %>head_q<% else %>{wait_head_q[LATENCY-2:0], head_q}<% endif %>;
        wait_end_q  <= <% if latency == 1 %>ending<% else %>{wait_end_q[LATENCY-2:0], ending}<% endif %>;
    end
    assign answer_valid = wait_valid_q[LATENCY-1];
    assign answer_data  = {wait_head_q[LATENCY-1], wait_end_q[LATENCY-1], word_data_i};

    // Stage 1: the word<% if secded %>, its error corrected<% endif %>.
    reg               read_valid_q;
    reg               read_head_q;
    reg               read_end_q;
    reg  [WORD_W-1:0] read_word_q;
    wire              read_free;
<%- if secded %>
    assign stored = oldest_data[STORED_W-1:0];
<%- else %>
    wire [WORD_W-1:0] word = oldest_data[STORED_W-1:0];
<%- endif %>
    assign oldest_ready = read_free;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) read_valid_q <= 1'b0;
        else if (read_free) read_valid_q <= oldest_valid;
    end
    always @(posedge clk_i) begin
        if (shift) begin
            read_head_q <= oldest_data[STORED_W+1];
            read_end_q  <= oldest_data[STORED_W];
            read_word_q <= word;
        end
    end

    // A pointer or an offset to a lane that does not exist, which only a fault can make, counts on into the
    // next row.
    reg  [LANE_W-1:0] item_q;  // number of the item in its record
<%- if block %>
    wire              read_block = read_word_q[WORD_W-1];
    wire [LANE_W-1:0] field_lane = read_block ? {LANE_W{1'b0}} : read_word_q[N +: LANE_W];
    wire [LANE_W-1:0] field_row  = read_block ? item_q : read_word_q[N+LANE_W +: LANE_W];
    wire [N-1:0]      counted    = read_word_q[N-1:0] | {N{read_block}};
<%- else %>
    wire [LANE_W-1:0] field_lane = read_word_q[N +: LANE_W];
    wire [LANE_W-1:0] field_row  = read_word_q[N+LANE_W +: LANE_W];
    wire [N-1:0]      counted    = read_word_q[N-1:0];
<%- endif %>
    wire [LANE_W-1:0] point_lane = read_word_q[LANE_W-1:0];
    wire [ROW_W-1:0]  point_row  = read_word_q[LANE_W +: ROW_W];
    wire              point_past = {1'b0, point_lane} >= LANES;
    wire              field_past = {1'b0, field_lane} >= LANES;
    reg  [SPAN_W-1:0] ones;
    integer i;
    always @* begin
        ones = {SPAN_W{1'b0}};
        for (i = 0; i < N; i = i + 1) ones = ones + {{(SPAN_W-1){1'b0}}, counted[i]};
    end

    // Stage 2: an item and the place of its first value, counted from the record's pointer.
    reg               first_q;
    reg               place_valid_q;
    reg               place_first_q;
    reg               place_end_q;
    reg  [MASK_W-1:0] place_mask_q;
<%- if block %>
    reg               place_block_q;
<%- endif %>
    reg  [LANE_W-1:0] place_lane_q;
    reg  [SPAN_W-1:0] place_row_q;
    reg  [SPAN_W-1:0] place_ones_q;
    reg  [LANE_W-1:0] point_lane_q;
    reg  [ROW_W-1:0]  point_row_q;
    wire              place_free;
    wire              move = read_valid_q && place_free;
    assign read_free = !read_valid_q || place_free;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) place_valid_q <= 1'b0;
        else if (place_free) place_valid_q <= read_valid_q && !read_head_q;
    end
    always @(posedge clk_i) begin
        if (move) begin
            first_q       <= read_head_q;
            item_q        <= read_head_q ? {LANE_W{1'b0}} : item_q + 1'b1;
            place_first_q <= first_q;
            place_end_q   <= read_end_q;
<%- if block %>
            place_block_q <= read_block;
            place_mask_q  <= {read_word_q[MASK_W-1:N] & {(MASK_W-N){read_block}}, read_word_q[N-1:0]};
<%- else %>
            place_mask_q  <= read_word_q[N-1:0];
<%- endif %>
            place_lane_q  <= field_past ? field_lane - LANES[LANE_W-1:0] : field_lane;
            place_row_q   <= {1'b0, field_row} + {{LANE_W{1'b0}}, field_past};
            place_ones_q  <= ones;
        end
    end

    // The record's pointer stays until its last item has gone to stage 3: the next is no earlier in stage 2.
    always @(posedge clk_i) begin
        if (move && read_head_q) begin
            point_lane_q <= point_past ? point_lane - LANES[LANE_W-1:0] : point_lane;
            point_row_q  <= point_past ? point_row + 1'b1 : point_row;
        end
    end

    // Stage 3: an item waits until it is known whether the next one begins where it ends.
    reg               give_valid_q;
    reg               give_end_q;
    reg  [MASK_W-1:0] give_mask_q;
<%- if block %>
    reg               give_block_q;
<%- endif %>
    reg  [LANE_W-1:0] next_lane_q;
    reg  [SPAN_W-1:0] next_row_q;
    reg               base_valid_q;
    reg  [LANE_W-1:0] base_lane_q;
    reg  [ROW_W-1:0]  base_row_q;
    wire [LANE_W-1:0] due_lane  = next_lane_q & {LANE_W{!place_first_q}};
    wire [SPAN_W-1:0] due_row   = next_row_q & {SPAN_W{!place_first_q}};
    wire              misplaced = place_lane_q != due_lane || place_row_q != due_row;
    wire              starts    = place_first_q || misplaced;
    wire              leave     = weight_valid_o && weight_ready_i;
    wire              free      = (!give_valid_q || leave) && (!starts || !base_valid_q || base_ready_i);
    wire              enter     = place_valid_q && free;
    assign place_free     = !place_valid_q || free;
    assign weight_valid_o = give_valid_q && (give_end_q || place_valid_q);
    assign weight_last_o  = give_end_q || starts;
    assign weight_data_o  = give_mask_q;
<%- if block %>
    assign weight_block_o = give_block_q;
<%- endif %>
    assign base_valid_o   = base_valid_q;
    assign base_lane_o    = base_lane_q;
    assign base_row_o     = base_row_q;

    // Sums of places: lanes go over into the next row once at most, rows wrap as addresses do.
    wire [SPAN_W-1:0]       next_lane = {1'b0, place_lane_q} + place_ones_q;
    wire                    next_past = next_lane >= LANES;
    wire [SPAN_W-1:0]       base_lane = {1'b0, place_lane_q} + {1'b0, point_lane_q};
    wire                    base_past = base_lane >= LANES;
    wire [ROW_W+SPAN_W-1:0] from_row  = {{SPAN_W{1'b0}}, point_row_q} + {{(ROW_W+SPAN_W-1){1'b0}}, base_past};
    /* verilator lint_off UNUSEDSIGNAL */
    wire [SPAN_W-1:0]       next_left = next_past ? next_lane - LANES : next_lane;  // below N: its top bit is zero
    wire [SPAN_W-1:0]       base_left = base_past ? base_lane - LANES : base_lane;  // below N: its top bit is zero
    wire [ROW_W+SPAN_W-1:0] base_row  = from_row + {{ROW_W{1'b0}}, place_row_q};  // its upper bits wrap
    /* verilator lint_on UNUSEDSIGNAL */

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            give_valid_q <= 1'b0;
            base_valid_q <= 1'b0;
        end else begin
            if (enter || leave) give_valid_q <= enter;
            if (enter && starts) base_valid_q <= 1'b1;
            else if (base_ready_i) base_valid_q <= 1'b0;
        end
    end
    always @(posedge clk_i) begin
        if (enter) begin
            give_end_q   <= place_end_q;
            give_mask_q  <= place_mask_q;
<%- if block %>
            give_block_q <= place_block_q;
<%- endif %>
            next_lane_q  <= next_left[LANE_W-1:0];
            next_row_q   <= place_row_q + {{LANE_W{1'b0}}, next_past};
        end
        if (enter && starts) begin
            base_lane_q <= base_left[LANE_W-1:0];
            base_row_q  <= base_row[ROW_W-1:0];
        end
    end

    // Events, counted a cycle later.
    reg               misplaced_q;
    reg [COUNT_W-1:0] misplaced_count_q;
<%- if secded %>
    reg               corrected_q;
    reg               detected_q;
    reg [COUNT_W-1:0] corrected_count_q;
    reg [COUNT_W-1:0] detected_count_q;
<%- endif %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            misplaced_q       <= 1'b0;
            misplaced_count_q <= {COUNT_W{1'b0}};
<%- if secded %>
            corrected_q       <= 1'b0;
            detected_q        <= 1'b0;
            corrected_count_q <= {COUNT_W{1'b0}};
            detected_count_q  <= {COUNT_W{1'b0}};
<%- endif %>
        end else begin
            misplaced_q       <= enter && misplaced;
            misplaced_count_q <= clear_i ? {COUNT_W{1'b0}} : misplaced_count_q + {{(COUNT_W-1){1'b0}}, misplaced_q};
<%- if secded %>
            corrected_q       <= shift && corrected;
            detected_q        <= shift && detected;
            corrected_count_q <= clear_i ? {COUNT_W{1'b0}} : corrected_count_q + {{(COUNT_W-1){1'b0}}, corrected_q};
            detected_count_q  <= clear_i ? {COUNT_W{1'b0}} : detected_count_q + {{(COUNT_W-1){1'b0}}, detected_q};
<%- endif %>
        end
    end
    assign misplaced_count_o = misplaced_count_q;
<%- if secded %>
    assign corrected_count_o = corrected_count_q;
    assign detected_count_o  = detected_count_q;
<%- endif %>

@{ shell.instances }@

endmodule
