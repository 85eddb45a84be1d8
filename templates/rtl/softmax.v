<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N        = @{ n }@;
    localparam SCORE_W  = 16;
    localparam CODE_W   = 8;
    localparam MASK_W   = 8;
    localparam LENGTH_W = @{ length_w }@;  // numbers the elements of a row
    localparam VALID_W  = @{ length_w + 1 }@;  // counts them
    localparam SUM_W    = @{ sum_w }@;  // S of the longest row, Q.15
    localparam PLACE_W  = 5;  // a segment of an octave, and a place in it
    localparam BASE_W   = 21;
    localparam STEP_W   = 10;
    localparam POWER_W  = 16;  // Q1.15
    localparam SHARE_W  = POWER_W + 1;  // and the bit that it rounds by
    localparam SIGNIF_W = 24;  // what the normaliser takes
    localparam REFER_W  = 19;  // 4X + L, Q.10
    localparam LOG_W    = 11;
    localparam ALIGNED_EXPONENT_W = 6;
    localparam ALIGNED_MANTISSA_W = 4;
    localparam MANT_W   = 12;
    localparam COUNT_W  = @{ count_w }@;
<%- if !running %>
    localparam SHIFT_W  = 5;  // octaves down to nothing
<%- endif %>
<%- if row_buffer %>
    localparam FADE_W   = 4;  // octaves down to a power of 1 at most, which has the code of zero
<%- endif %>
<%- if running %>
    localparam OCTAVE_W = 9;  // whole octaves, kept with 128 added to them: 0 to 256
    localparam KEY_W    = 9;
<%- else %>
    localparam KEY_W    = SCORE_W;
<%- endif %>
<%- if row_buffer %>
    localparam WORD_W   = N * SCORE_W + N + 1;
    localparam WORDS    = @{ words }@;  // two of the longest rows
    localparam ADDRESS_W = @{ address_w }@;
    localparam USED_W   = @{ used_w }@;
    localparam [1:0] ROWS = @{ rows }@;  // whose sums wait for their shares to be asked for
<%- endif %>

@{ shell.declare("sum_store out_store maximum reference sum out lane mantissa_q log significand code_scale aligned code") }@

    // The row that comes in: elements from the next vector on, minus 1, and how many of them take part.
    reg                  row_open_q;
    reg                  first_q;
    reg  [LENGTH_W-1:0]  left_q;
    reg  [VALID_W-1:0]   valid_left_q;
    wire                 take = score_valid_i && score_ready_o;
    wire                 open = row_valid_i && row_ready_o;
<%- if row_buffer %>
    wire                 gather     = take;
    wire [LENGTH_W-1:0]  left       = left_q;
    wire [VALID_W-1:0]   valid_left = valid_left_q;
<%- else %>
    reg                  share_pass_q;
    reg  [LENGTH_W-1:0]  share_left_q;
    reg  [VALID_W-1:0]   share_valid_left_q;
    wire                 gather     = take && !share_pass_q;
    wire [LENGTH_W-1:0]  left       = share_pass_q ? share_left_q : left_q;
    wire [VALID_W-1:0]   valid_left = share_pass_q ? share_valid_left_q : valid_left_q;
<%- endif %>
    wire                 last  = left < N[LENGTH_W-1:0];
    wire                 close = gather && last;

    function [VALID_W-1:0] fewer;  // by a vector
        input [VALID_W-1:0] count;
        fewer = count < N[VALID_W-1:0] ? {VALID_W{1'b0}} : count - N[VALID_W-1:0];
    endfunction

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) row_open_q <= 1'b0;
        else row_open_q <= open || (row_open_q && !close);
    end
    always @(posedge clk_i) begin
        if (open) begin
            left_q       <= row_length_i;
            valid_left_q <= row_count_i;
        end else if (gather) begin
            left_q       <= left_q - N[LENGTH_W-1:0];
            valid_left_q <= fewer(valid_left_q);
        end
        if (open || gather) first_q <= open;
    end
<%- if row_buffer %>
    assign row_ready_o = !row_open_q || close;
<%- else %>

    // Passes of neighbouring rows alternate, so that what the shares of a row are taken from is found while
    // the next row is summed: the sum of row 0; then of each row i the sum, and the shares of row i - 1; at
    // last the shares of the last.
    reg                  share_open_q;  // a row whose shares are not all asked for
    reg                  summed_q;      // the row that came in waits for it
    reg                  row_last_q;
    reg  [LENGTH_W-1:0]  length_q;
    reg  [VALID_W-1:0]   valid_q;
    wire                 share_close = take && share_pass_q && last;
    wire                 advance     = share_open_q ? share_close && summed_q : close;
    assign row_ready_o = advance || (!row_open_q && !summed_q);

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            share_pass_q <= 1'b0;
            share_open_q <= 1'b0;
            summed_q     <= 1'b0;
        end else begin
            if (close || share_close) share_pass_q <= advance ? row_last_q : close;
            share_open_q <= advance || (share_open_q && !share_close);
            summed_q     <= (close && share_open_q) || (summed_q && !advance);
        end
    end
    always @(posedge clk_i) begin
        if (open) begin
            row_last_q <= row_last_i;
            length_q   <= row_length_i;
            valid_q    <= row_count_i;
        end
        if (advance) begin
            share_left_q       <= length_q;
            share_valid_left_q <= valid_q;
        end else if (take && share_pass_q) begin
            share_left_q       <= share_left_q - N[LENGTH_W-1:0];
            share_valid_left_q <= fewer(share_valid_left_q);
        end
    end
<%- endif %>

    reg [N-1:0] lanes;
    integer l;
    always @* begin
        for (l = 0; l < N; l = l + 1) lanes[l] = l[VALID_W-1:0] < valid_left;
    end

    // Lengths decide; an end that the scores announce anywhere else is counted, a cycle later.
    <% call length_errors::count("take && score_last_i != last") %><% endcall %>
<% for store in stores %><% let s = store.name %>
    // @{ store.comment }@
    // The oldest vector stands in the memory's output register.
    reg  [USED_W-1:0] @{ s }@_used_q;
    reg               @{ s }@_valid_q;
    wire              @{ s }@_room = @{ s }@_used_q != WORDS[USED_W-1:0];
    wire              @{ s }@_take;
    assign @{ s }@_read = @{ s }@_used_q != {USED_W{1'b0}} && (!@{ s }@_valid_q || @{ s }@_take);

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            @{ s }@_used_q  <= {USED_W{1'b0}};
            @{ s }@_valid_q <= 1'b0;
            @{ s }@_head_q  <= {ADDRESS_W{1'b0}};
            @{ s }@_tail_q  <= {ADDRESS_W{1'b0}};
        end else begin
            if (@{ s }@_write && !@{ s }@_read) @{ s }@_used_q <= @{ s }@_used_q + 1'b1;
            else if (@{ s }@_read && !@{ s }@_write) @{ s }@_used_q <= @{ s }@_used_q - 1'b1;
            if (@{ s }@_read || @{ s }@_take) @{ s }@_valid_q <= @{ s }@_read;
            if (@{ s }@_read)
                @{ s }@_head_q <= @{ s }@_head_q == @{ last_word }@ ? {ADDRESS_W{1'b0}} : @{ s }@_head_q + 1'b1;
            if (@{ s }@_write)
                @{ s }@_tail_q <= @{ s }@_tail_q == @{ last_word }@ ? {ADDRESS_W{1'b0}} : @{ s }@_tail_q + 1'b1;
        end
    end
<% endfor %>
<%- if row_buffer %>
    // Rows whose sum has begun and whose shares have not all been asked for.
    reg  [1:0] rows_q;
    wire       rows_free = rows_q != ROWS;
    wire       sum_take;
    wire       sum_first;
    wire       sum_last;
    wire       out_take;
    wire       out_last = out_store_word[WORD_W-1];
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) rows_q <= 2'd0;
        else if (sum_take && sum_first && !(out_take && out_last)) rows_q <= rows_q + 1'b1;
        else if (out_take && out_last && !(sum_take && sum_first)) rows_q <= rows_q - 1'b1;
    end
<% if running %>
    // Scores are summed as they come in, and wait for their row's sum.
    wire [N*SCORE_W-1:0] sum_scores = score_data_i;
    wire [N-1:0]         sum_lanes  = lanes;
    assign score_ready_o = row_open_q && out_store_room && (!first_q || rows_free);
    assign sum_take      = take;
    assign sum_first     = first_q;
    assign sum_last      = last;
<% else %>
    // Rows whose maximum has begun and whose scores have not all been summed.
    reg  [1:0] maxima_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) maxima_q <= 2'd0;
        else if (take && first_q && !(sum_take && sum_last)) maxima_q <= maxima_q + 1'b1;
        else if (sum_take && sum_last && !(take && first_q)) maxima_q <= maxima_q - 1'b1;
    end

    // Scores wait for their row's maximum, are summed, and wait for their row's sum.
    reg                  sum_first_q;
    wire [N*SCORE_W-1:0] sum_scores = sum_store_word[N*SCORE_W-1:0];
    wire [N-1:0]         sum_lanes  = sum_store_word[N*SCORE_W +: N];
    assign score_ready_o   = row_open_q && sum_store_room && (!first_q || maxima_q != ROWS);
    assign sum_store_write = take;
    assign sum_store_data  = {last, lanes, score_data_i};
    assign sum_take        = sum_store_valid_q && maximum_valid && out_store_room && (!sum_first_q || rows_free);
    assign sum_store_take  = sum_take;
    assign sum_first       = sum_first_q;
    assign sum_last        = sum_store_word[WORD_W-1];
    assign maximum_taken   = sum_take && sum_last;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) sum_first_q <= 1'b1;
        else if (sum_take) sum_first_q <= sum_last;
    end
<% endif %>
    assign out_store_write = sum_take;
    assign out_store_data  = {sum_last, sum_lanes, sum_scores};
<% else %>
    // Both passes share the lanes.
    wire lane_free;
    wire lane_take = take;
    assign score_ready_o   = lane_free && (share_pass_q ? reference_valid : row_open_q);
    assign reference_taken = share_close;
<% endif %>
    // The largest of a vector, as a tree; lanes that do not take part hold the lowest key there is.
<%- if running %>
    // A key is a score in whole octaves, and whether anything is above them.
    reg [(2*N-1)*KEY_W-1:0] keys;
    integer k;
    always @* begin
        for (k = 0; k < N; k = k + 1)
            keys[(N-1+k)*KEY_W +: KEY_W] = {KEY_W{@{ keyed_lanes }@[k]}}
                & {!@{ keyed_scores }@[k*SCORE_W+15], @{ keyed_scores }@[k*SCORE_W+8 +: 7], |@{ keyed_scores }@[k*SCORE_W +: 8]};
        for (k = N - 2; k >= 0; k = k - 1)
            keys[k*KEY_W +: KEY_W] = keys[(2*k+1)*KEY_W +: KEY_W] > keys[(2*k+2)*KEY_W +: KEY_W]
                ? keys[(2*k+1)*KEY_W +: KEY_W] : keys[(2*k+2)*KEY_W +: KEY_W];
    end

    reg [OCTAVE_W-1:0] top_q;
    always @(posedge clk_i) begin
        if (@{ keyed_take }@) top_q <= {1'b0, keys[8:1]} + {8'd0, keys[0]};
    end
<%- else %>
    // Groups of @{ group }@ lanes first, a cycle later the groups and the row before them.
    localparam GROUP  = @{ group }@;
    localparam GROUPS = @{ groups }@;
    reg [(2*GROUP-1)*KEY_W-1:0]  keys;
    reg [GROUPS*KEY_W-1:0]       tops;
    reg [GROUPS*KEY_W-1:0]       tops_q;
    reg [(2*GROUPS-1)*KEY_W-1:0] highest;
    integer b, k;
    always @* begin
        for (b = 0; b < GROUPS; b = b + 1) begin
            for (k = 0; k < GROUP; k = k + 1)
                keys[(GROUP-1+k)*KEY_W +: KEY_W] = b * GROUP + k < N
                    ? {KEY_W{lanes[(b*GROUP+k)%N]}} & (score_data_i[(b*GROUP+k)%N*SCORE_W +: SCORE_W] ^ 16'h8000)
                    : {KEY_W{1'b0}};
            for (k = GROUP - 2; k >= 0; k = k - 1)
                keys[k*KEY_W +: KEY_W] = keys[(2*k+1)*KEY_W +: KEY_W] > keys[(2*k+2)*KEY_W +: KEY_W]
                    ? keys[(2*k+1)*KEY_W +: KEY_W] : keys[(2*k+2)*KEY_W +: KEY_W];
            tops[b*KEY_W +: KEY_W] = keys[0 +: KEY_W];
        end
    end

    integer h;
    always @* begin
        for (h = 0; h < GROUPS; h = h + 1) highest[(GROUPS-1+h)*KEY_W +: KEY_W] = tops_q[h*KEY_W +: KEY_W];
        for (h = GROUPS - 2; h >= 0; h = h - 1)
            highest[h*KEY_W +: KEY_W] = highest[(2*h+1)*KEY_W +: KEY_W] > highest[(2*h+2)*KEY_W +: KEY_W]
                ? highest[(2*h+1)*KEY_W +: KEY_W] : highest[(2*h+2)*KEY_W +: KEY_W];
    end

    reg             tops_valid_q;
    reg             tops_first_q;
    reg             tops_last_q;
    reg             maximum_done_q;
    reg [KEY_W-1:0] maximum_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            tops_valid_q   <= 1'b0;
            maximum_done_q <= 1'b0;
        end else begin
            tops_valid_q   <= take;
            maximum_done_q <= tops_valid_q && tops_last_q;
        end
    end
    always @(posedge clk_i) begin
        tops_q       <= tops;
        tops_first_q <= first_q;
        tops_last_q  <= last;
        if (tops_valid_q && (tops_first_q || highest[0 +: KEY_W] > maximum_q)) maximum_q <= highest[0 +: KEY_W];
    end
    assign maximum_done = maximum_done_q;
    assign maximum_new  = maximum_q ^ 16'h8000;
<%- endif %>

    genvar g;
<%- if running %>
    wire [OCTAVE_W-1:0] octave_offset;
<%- endif %>
<% for path in paths %><% let p = path.name %>
    // @{ path.comment }@
<%- if !row_buffer %>
    wire [REFER_W-1:0] lane_reference = reference & {REFER_W{share_pass_q}};
<%- else if *p == "out" %>
    wire [N*SCORE_W-1:0] out_scores = out_store_word[N*SCORE_W-1:0];
    wire [N-1:0]         out_lanes  = out_store_word[N*SCORE_W +: N];
<%- endif %>
    wire [N*@{ path.symbol }@_W-1:0] @{ p }@_octave;
    wire [N*PLACE_W-1:0]  @{ p }@_place;
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_@{ p }@_distance
            wire [SCORE_W-1:0] score = @{ path.scores }@[g*SCORE_W +: SCORE_W];
            wire [SCORE_W:0]   distance = @{ path.reference }@ - {score[SCORE_W-1], score};
            assign @{ p }@_segment[g*PLACE_W +: PLACE_W] = distance[7:3];
            assign @{ p }@_place[g*PLACE_W +: PLACE_W]   = {distance[2:0], @{ path.low }@};
<%- if path.distance_w == 9 %>
            assign @{ p }@_octave[g*@{ path.symbol }@_W +: @{ path.symbol }@_W] = @{ path.lanes }@[g] ? distance[16:8] : 9'h0ff;
<%- else if path.distance_w == 4 %>
            assign @{ p }@_octave[g*@{ path.symbol }@_W +: @{ path.symbol }@_W] = distance[11:8] | {4{!@{ path.lanes }@[g] || distance[16:12] != 5'd0}};
<%- else %>
            assign @{ p }@_octave[g*@{ path.symbol }@_W +: @{ path.symbol }@_W] = distance[12:8] | {5{!@{ path.lanes }@[g] || distance[16:13] != 4'd0}};
<%- endif %>
        end
    endgenerate

    reg                      @{ p }@_valid_q;
    reg                      @{ p }@_last_q;
    reg [N*@{ path.symbol }@_W-1:0] @{ p }@_octave_q;
    always @(posedge clk_i) begin
<%- if *p == "sum" %>
        @{ p }@_last_q   <= sum_last;
        @{ p }@_octave_q <= @{ p }@_octave;
        @{ p }@_base_q   <= @{ p }@_base;
        @{ p }@_step_q   <= @{ p }@_step;
        @{ p }@_place_q  <= @{ p }@_place;
<%- else %>
        if (@{ p }@_take) begin
            @{ p }@_last_q   <= @{ path.last }@;
            @{ p }@_octave_q <= @{ p }@_octave;
            @{ p }@_base_q   <= @{ p }@_base;
            @{ p }@_step_q   <= @{ p }@_step;
            @{ p }@_place_q  <= @{ p }@_place;
        end
<%- endif %>
    end

    wire [N*SHARE_W-1:0] @{ p }@_shifted;
    generate
        for (g = 0; g < N; g = g + 1) begin : gen_@{ p }@_shift
<%- if path.distance_w == 9 %>
            wire [OCTAVE_W-1:0] octave = @{ p }@_octave_q[g*OCTAVE_W +: OCTAVE_W] + octave_offset;
            assign @{ p }@_shifted[g*SHARE_W +: SHARE_W] =
                ({@{ p }@_power[g*POWER_W +: POWER_W], 1'b0} >> octave[4:0]) & {SHARE_W{octave[8:5] == 4'd0}};
<%- else %>
            assign @{ p }@_shifted[g*SHARE_W +: SHARE_W] =
                {@{ p }@_power[g*POWER_W +: POWER_W], 1'b0} >> @{ p }@_octave_q[g*@{ path.symbol }@_W +: @{ path.symbol }@_W];
<%- endif %>
        end
    endgenerate
<% endfor %>
<%- if row_buffer %>
    // Sums never wait: a vector is added three cycles after it is taken.
    reg                  moving_first_q;
    reg                  shifted_valid_q;
    reg                  shifted_first_q;
    reg                  shifted_last_q;
    reg  [N*SHARE_W-1:0] shifted_q;
<%- if running %>
    wire                 sum_move = sum_valid_q;
<%- endif %>
    wire                 add      = shifted_valid_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            sum_valid_q     <= 1'b0;
            shifted_valid_q <= 1'b0;
        end else begin
            sum_valid_q     <= sum_take;
            shifted_valid_q <= sum_valid_q;
        end
    end
    always @(posedge clk_i) begin
        moving_first_q    <= sum_first;
        shifted_first_q <= moving_first_q;
        shifted_last_q  <= sum_last_q;
        shifted_q       <= sum_shifted;
    end
<%- else %>
    // Vectors of both kinds move on as the shares before them do.
    reg                  lane_sum_q;
    reg                  lane_first_q;
    reg                  shifted_valid_q;
    reg                  shifted_sum_q;
    reg                  shifted_first_q;
    reg                  shifted_last_q;
    reg  [N*SHARE_W-1:0] shifted_q;
    wire                 share_taken;
    wire                 shifted_free = !shifted_valid_q || shifted_sum_q || share_taken;
    wire                 lane_move    = lane_valid_q && shifted_free;
    wire                 sum_move     = lane_move;  // a sum has gone on with its octave when shares move it
    wire                 add          = shifted_valid_q && shifted_sum_q;
    assign lane_free = !lane_valid_q || shifted_free;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            lane_valid_q    <= 1'b0;
            shifted_valid_q <= 1'b0;
        end else begin
            if (lane_free) lane_valid_q <= take;
            if (shifted_free) shifted_valid_q <= lane_valid_q;
        end
    end
    always @(posedge clk_i) begin
        if (take) begin
            lane_sum_q   <= !share_pass_q;
            lane_first_q <= first_q;
        end
        if (lane_move) begin
            shifted_sum_q   <= lane_sum_q;
            shifted_first_q <= lane_first_q;
            shifted_last_q  <= lane_last_q;
            shifted_q       <= lane_shifted;
        end
    end
<%- endif %>
<% if running %>
    // The octave of the maximum so far: a vector is shifted by its distance from it, and the sum by what it
    // rises.
    reg  [OCTAVE_W-1:0] octave_q;
    reg  [4:0]          rise_q;
    wire [OCTAVE_W-1:0] octave_before = @{ moving_first }@ ? {OCTAVE_W{1'b0}} : octave_q;
    wire                higher        = top_q > octave_before;
    wire [OCTAVE_W-1:0] octave_next   = higher ? top_q : octave_before;
    wire [OCTAVE_W-1:0] rise          = top_q - octave_before;
<%- if row_buffer %>
    assign octave_offset = octave_next - 9'd128;
<%- else %>
    assign octave_offset = (octave_next - 9'd128) & {OCTAVE_W{lane_sum_q}};
<%- endif %>
    always @(posedge clk_i) begin
        if (sum_move) begin
            octave_q <= octave_next;
            rise_q   <= (rise[4:0] | {5{rise[8:5] != 4'd0}}) & {5{higher}};
        end
    end
<% endif %>
    // S: the powers of a vector as a tree whose adders take the rounding bits for carries; the branches
    // first.
    localparam CUT = @{ cut }@;  // nodes CUT to 2 CUT are the branches, 0 is the root
    reg  [(2*N-1-CUT)*SUM_W-1:0] nodes;
    reg  [(CUT+1)*SUM_W-1:0]     branches_q;
    reg  [CUT:0]                 carries_q;
    reg                          branches_valid_q;
    reg                          branches_first_q;
    reg                          branches_last_q;
    integer a;
    always @* begin
        for (a = 0; a < N; a = a + 1)
            nodes[(N-1-CUT+a)*SUM_W +: SUM_W] = {{(SUM_W-POWER_W){1'b0}}, shifted_q[a*SHARE_W+1 +: POWER_W]};
        for (a = N - 2; a >= CUT; a = a - 1)
            nodes[(a-CUT)*SUM_W +: SUM_W] = nodes[(2*a+1-CUT)*SUM_W +: SUM_W] + nodes[(2*a+2-CUT)*SUM_W +: SUM_W]
                + {{(SUM_W-1){1'b0}}, shifted_q[(a+1)*SHARE_W]};
    end

    integer c;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) branches_valid_q <= 1'b0;
        else branches_valid_q <= add;
    end
    always @(posedge clk_i) begin
        branches_first_q <= shifted_first_q;
        branches_last_q  <= shifted_last_q;
        branches_q       <= nodes[0 +: (CUT+1)*SUM_W];
        for (c = 0; c <= CUT; c = c + 1) carries_q[c] <= shifted_q[c*SHARE_W];
    end

    reg [(2*CUT+1)*SUM_W-1:0] trunk;
    reg [SUM_W-1:0]           sum_q;
    reg                       sum_done_q;
    integer                   r;
    always @* begin
        trunk[CUT*SUM_W +: (CUT+1)*SUM_W] = branches_q;
        for (r = CUT - 1; r >= 0; r = r - 1)
            trunk[r*SUM_W +: SUM_W] = trunk[(2*r+1)*SUM_W +: SUM_W] + trunk[(2*r+2)*SUM_W +: SUM_W]
                + {{(SUM_W-1){1'b0}}, carries_q[r+1]};
    end
<%- if running %>
    reg  [4:0]       risen_q;
    always @(posedge clk_i) risen_q <= rise_q;
    wire [SUM_W-1:0] sum_before = (sum_q >> risen_q) & {SUM_W{!branches_first_q}};
<%- else %>
    wire [SUM_W-1:0] sum_before = sum_q & {SUM_W{!branches_first_q}};
<%- endif %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) sum_done_q <= 1'b0;
        else sum_done_q <= branches_valid_q && branches_last_q;
    end
    always @(posedge clk_i) begin
        if (branches_valid_q)
            sum_q <= sum_before + trunk[0 +: SUM_W] + {{(SUM_W-1){1'b0}}, carries_q[0]};
    end

    // L = log2 S, once a row: the 12 bits below the leading one, their logarithm, then the whole octaves
    // above.
    reg  [SUM_W-1:0]    head;
    reg  [4:0]          zeros;
    integer             z;
    always @* begin
        head  = sum_q;
        zeros = 5'd0;
        for (z = 4; z >= 0; z = z - 1) begin
            if ((head >> (SUM_W - (1 << z))) == {SUM_W{1'b0}}) begin
                head     = head << (1 << z);
                zeros[z] = 1'b1;
            end
        end
    end

    reg               head_done_q;
    reg               log_done_q;
    reg [8:0]         head_octave_q;
    reg [8:0]         log_octave_q;
    reg [LOG_W-1:0]   log_q;
<%- if running %>
    reg [OCTAVE_W-1:0] branches_octave_q;
    reg [OCTAVE_W-1:0] total_octave_q;  // the sum's: the next row's may be under way
    always @(posedge clk_i) begin
        branches_octave_q <= octave_q;
        total_octave_q    <= branches_octave_q;
    end
<%- endif %>
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            head_done_q <= 1'b0;
            log_done_q  <= 1'b0;
        end else begin
            head_done_q <= sum_done_q;
            log_done_q  <= head_done_q;
        end
    end
    always @(posedge clk_i) begin
        mantissa_q    <= head[SUM_W-2 -: MANT_W];
        head_octave_q <= @{ octave_base }@ - {4'd0, zeros};
        log_octave_q  <= head_octave_q;
        log_q         <= log;
    end
<%- if !running %>

    // X walks beside its row's last vector.
    reg  [6*SCORE_W-1:0] walking_q;
    always @(posedge clk_i) walking_q <= {walking_q[5*SCORE_W-1:0], maximum};
    wire [SCORE_W-1:0]   log_maximum = walking_q[5*SCORE_W +: SCORE_W];
<%- endif %>
<%- if running %>
    wire [REFER_W-1:0]   reference_new = {log_octave_q, 10'd0} + {8'd0, log_q};
<%- else %>
    wire [REFER_W-1:0]   reference_new = {log_maximum[15], log_maximum, 2'b00} + {log_octave_q, 10'd0} + {8'd0, log_q};
<%- endif %>
    assign reference_done = log_done_q;
    assign reference_in   = reference_new;
<% if row_buffer %>
    // Shares: a vector leaves the store when its row's reference is there.
    reg                  share_valid_q;
    reg                  share_last_q;
    reg  [N*SHARE_W-1:0] share_q;
    wire                 share_taken;
    wire                 share_free = !share_valid_q || share_taken;
    assign out_take        = out_store_valid_q && reference_valid && (!out_valid_q || share_free);
    assign out_store_take  = out_take;
    assign reference_taken = out_take && out_last;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            out_valid_q   <= 1'b0;
            share_valid_q <= 1'b0;
        end else begin
            if (!out_valid_q || share_free) out_valid_q <= out_take;
            if (share_free) share_valid_q <= out_valid_q;
        end
    end
    always @(posedge clk_i) begin
        if (share_free) begin
            share_last_q <= out_last_q;
            share_q      <= out_shifted;
        end
    end
    wire                 share_valid = share_valid_q;
    wire                 share_last  = share_last_q;
    wire [N*SHARE_W-1:0] share       = share_q;
<%- else %>
    wire                 share_valid = shifted_valid_q && !shifted_sum_q;
    wire                 share_last  = shifted_last_q;
    wire [N*SHARE_W-1:0] share       = shifted_q;
<%- endif %>

    // Masks: rhu(share * mask, 7), the mask in digits of -2 to 2, for one row of the product each.
    reg  masked_valid_q;
    reg  masked_last_q;
    reg  code_valid_q;
    reg  code_last_q;
    wire code_free   = !code_valid_q || code_ready_i;
    wire masked_free = !masked_valid_q || code_free;
    wire masked_move = masked_valid_q && code_free;
    assign mask_ready_o = share_valid && masked_free;
    assign share_taken  = mask_valid_i && mask_ready_o;

    function [17:0] multiple;  // digit = -2 high + middle + low times the factor; a negative one lacks 1
        input [15:0] factor;
        input        high;
        input        middle;
        input        low;
        multiple = (({2'b00, factor} & {18{middle ^ low}})
            | ({1'b0, factor, 1'b0} & {18{high ? !middle && !low : middle && low}})) ^ {18{high}};
    endfunction

    generate
        for (g = 0; g < N; g = g + 1) begin : gen_mask
            wire [MASK_W-1:0]  mask  = mask_data_i[g*MASK_W +: MASK_W];
            wire [POWER_W-1:0] power = share[g*SHARE_W+1 +: POWER_W];
            wire               up    = share[g*SHARE_W];
            wire [17:0] row0 = multiple(power, mask[1], mask[0], 1'b0);
            wire [17:0] row1 = multiple(power, mask[3], mask[2], mask[1]);
            wire [17:0] row2 = multiple(power, mask[5], mask[4], mask[3]);
            // Above 127 there is 128 alone: its digit is 2, not -2 and a carry.
            wire [17:0] row3 = ({2'b00, power} & {18{mask[6] ^ mask[5]}})
                | ({1'b0, power, 1'b0} & {18{mask[7] || (mask[6] && mask[5])}});
            /* verilator lint_off UNUSEDSIGNAL */
            wire [23:0] product;  // never negative; what is below 1 is cut off
            /* verilator lint_on UNUSEDSIGNAL */
            assign product = {{6{row0[17]}}, row0} + {{4{row1[17]}}, row1, 1'b0, mask[1]}
                + {{2{row2[17]}}, row2, 1'b0, mask[3], 2'b00} + {row3, 1'b0, mask[5], 4'b0000}
                + {16'd0, mask & {MASK_W{up}}} + 24'd64;
            reg  [POWER_W-1:0] masked_q;
            always @(posedge clk_i) begin
                if (share_taken) masked_q <= product[22:7];
            end
            assign significand[g*SIGNIF_W +: SIGNIF_W] = {8'd0, masked_q};
        end
    endgenerate

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            masked_valid_q <= 1'b0;
            code_valid_q   <= 1'b0;
        end else begin
            if (masked_free) masked_valid_q <= share_taken;
            if (code_free) code_valid_q <= masked_valid_q;
        end
    end

    assign code_scale = 7'd7;  // Q1.15 at bias -8

@{ shell.instances }@

    reg [N*CODE_W-1:0] code_q;
    always @(posedge clk_i) begin
        if (share_taken) masked_last_q <= share_last;
        if (masked_move) begin
            code_q      <= code;
            code_last_q <= masked_last_q;
        end
    end
    assign code_valid_o = code_valid_q;
    assign code_data_o  = code_q;
    assign code_last_o  = code_last_q;

endmodule
