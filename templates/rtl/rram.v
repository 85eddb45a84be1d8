@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    // Names of image and fault map: their files are named <name>.<tile>.hex.
    parameter IMAGE  = "";
    parameter FAULTS = "";
    localparam WIDTH   = @{ width }@;
<%- if cell_w > 1 %>
    localparam CELL_W  = @{ cell_w }@;
    localparam CELLS   = @{ cells }@;  // of a word
<%- endif %>
    localparam LATENCY = @{ latency }@;
    localparam STEP_W  = @{ step_w }@;
    // Steps of a programming: look, wait until no read is on its way, read the word, program it, read it back
    // from every copy.
    localparam [STEP_W-1:0] READ    = @{ step_w }@'d@{ 1 + latency }@;
    localparam [STEP_W-1:0] PULSE   = @{ step_w }@'d@{ 1 + 2 * latency }@;
    localparam [STEP_W-1:0] VERIFY  = @{ step_w }@'d@{ 1 + 2 * latency + write_cycles }@;
    localparam [STEP_W-1:0] COMPARE = @{ step_w }@'d@{ 1 + 3 * latency + write_cycles }@;
    localparam [STEP_W-1:0] LAST    = @{ step_w }@'d@{ 3 * latency + write_cycles + rounds }@;
    localparam [2:0] LOCKED = 3'd1, OUTSIDE = 3'd2, WORN = 3'd3, DIFFERS = 3'd4;

@{ shell.declare("get get_address get_all put put_address_q levels stored wear") }@

    reg                busy_q;
    reg [STEP_W-1:0]   step_q;
    reg                locked_q;
    reg [WIDTH-1:0]    data_q;
    reg                differs_q;
    reg                done_q;
    reg [2:0]          error_q;
    wire               take    = program_valid_i && program_ready_o;
    wire               look    = busy_q && step_q == @{ step_w }@'d0;
    wire               outside = @{ outside }@;
<%- if limit > 0 %>

    // Words of a block that are programmed one after the other count once: no word is programmed more often
    // than the block counts. An entry holds the count and the last word.
    localparam BLOCK_W = @{ block_w }@;
    localparam COUNT_W = @{ count_w }@;
    wire [BLOCK_W-1:0] place = put_address_q<% if !is_block %>[BLOCK_W-1:0]<% endif %>;
    wire [COUNT_W-1:0] count = wear_read_data[BLOCK_W +: COUNT_W];
    wire               again = count == @{ count_w }@'d0 || place <= wear_read_data[BLOCK_W-1:0];
    wire               worn  = again && count == @{ count_w }@'d@{ limit }@;
    assign wear_address      = @{ block }@;
    assign wear_write_data   = {again ? count + @{ count_w }@'d1 : count, place};
    assign wear_write_enable = look && !locked_q && !outside && !worn;
<%- else %>
    wire               worn  = 1'b0;  // nobody knows how often a cell can be programmed
<%- endif %>
    wire [2:0] refusal = locked_q ? LOCKED : outside ? OUTSIDE : worn ? WORN : 3'd0;
    wire       compare = busy_q && step_q >= COMPARE;
    wire       differs = differs_q || compare && stored != levels;

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            busy_q <= 1'b0;
            done_q <= 1'b0;
        end else begin
            done_q <= (look && refusal != 3'd0) || (busy_q && step_q == LAST);
            if (take) busy_q <= 1'b1;
            else if ((look && refusal != 3'd0) || step_q == LAST) busy_q <= 1'b0;
        end
    end

    always @(posedge clk_i) begin
        step_q <= take ? @{ step_w }@'d0 : step_q + @{ step_w }@'d1;
        if (take) begin
            locked_q  <= lock_i;
            put_address_q <= program_address_i;
            data_q    <= program_data_i;
        end
        differs_q <= !look && differs;
        error_q   <= look ? refusal : differs ? DIFFERS : 3'd0;
    end

    assign program_ready_o = !busy_q;
    assign program_done_o  = done_q;
    assign program_error_o = done_q ? error_q : 3'd0;
    assign busy_o          = busy_q;

    // Nothing but the programming reads while it lasts: reads in between give zeros and are flagged.
    wire own = busy_q && (step_q == READ || (step_q >= VERIFY && step_q < VERIFY + @{ step_w }@'d@{ rounds }@));
    assign get         = busy_q ? own : read_enable_i;
    assign get_address = busy_q ? put_address_q : read_address_i;
<%- if all %>
    assign get_all     = busy_q && step_q == READ;
<%- endif %>
    assign put         = busy_q && step_q >= PULSE && step_q < VERIFY;

    reg [LATENCY-1:0] refused_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) refused_q <= {LATENCY{1'b0}};
        else refused_q <= @{ refused }@;
    end
    assign read_error_o = refused_q[LATENCY-1];

    // Cells: which bits of a word share one, and the level that stands for them.
    wire [WIDTH-1:0] word;
<%- if cell_w == 1 %>
    assign levels = data_q;
    assign word   = stored;
<%- else %>
    wire [CELLS*CELL_W-1:0] padded = @{ padded }@;
    wire [CELLS*CELL_W-1:0] placed;
    genvar c, k;
    generate
        for (c = 0; c < CELLS; c = c + 1) begin : gen_cell
            for (k = 0; k < CELL_W; k = k + 1) begin : gen_bit
                assign placed[c*CELL_W + k] = padded[@{ place }@];
<%- if gray %>
                // A level has the parity of its bits from this one up, and a bit that of its level and the
                // next.
                assign levels[c*CELL_W + k] = ^placed[c*CELL_W + k +: CELL_W - k];
<%- else %>
                assign levels[c*CELL_W + k] = placed[c*CELL_W + k];
<%- endif %>
                if (@{ place }@ < WIDTH) begin : gen_used
<%- if gray %>
                    if (k < CELL_W - 1) begin : gen_below
                        assign word[@{ place }@] = ^stored[c*CELL_W + k +: 2];
                    end else begin : gen_top
                        assign word[@{ place }@] = stored[c*CELL_W + k];
                    end
<%- else %>
                    assign word[@{ place }@] = stored[c*CELL_W + k];
<%- endif %>
                end
            end
        end
    endgenerate
<%- endif %>
    assign read_data_o = word & {WIDTH{!refused_q[LATENCY-1]}};

@{ shell.instances }@

endmodule
