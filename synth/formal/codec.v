// The two halves of the codec by themselves, and joined through the memory between them.
module bitmask_encoder_holds #(
    parameter N      = 2,
    parameter ROW_W  = 4
) (
    input wire              clk_i,
    input wire              rst_ni,
    input wire              base_valid_i,
    input wire [ROW_W-1:0]  base_row_i,
    input wire              vector_valid_i,
    input wire [8*N-1:0]    vector_data_i,
    input wire              vector_last_i,
    input wire              mask_ready_i
);

    wire         base_ready, vector_ready;
    wire         mask_valid, mask_last;
    wire [N-1:0] mask;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_bitmask_encoder u_encoder (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .base_valid_i(base_valid_i), .base_ready_o(base_ready), .base_row_i(base_row_i),
        .vector_valid_i(vector_valid_i), .vector_ready_o(vector_ready), .vector_data_i(vector_data_i),
        .vector_last_i(vector_last_i),
        .mask_valid_o(mask_valid), .mask_ready_i(mask_ready_i), .mask_data_o(mask), .mask_last_o(mask_last),
        .value_enable_o(), .value_address_o(), .value_data_o()
    );
    hold #(.WIDTH(N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(mask_valid), .ready_i(mask_ready_i), .data_i({mask_last, mask})
    );

endmodule

module bitmask_decoder_holds #(
    parameter N      = 2,
    parameter ROW_W  = 4,
    parameter LANE_W = 1
) (
    input wire              clk_i,
    input wire              rst_ni,
    input wire              base_valid_i,
    input wire [ROW_W-1:0]  base_row_i,
    input wire [LANE_W-1:0] base_lane_i,
    input wire              mask_valid_i,
    input wire [N-1:0]      mask_data_i,
    input wire              mask_last_i,
    input wire [8*N-1:0]    value_data_i,
    input wire              vector_ready_i
);

    wire           base_ready, mask_ready;
    wire           vector_valid, vector_last;
    wire [8*N-1:0] vector;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));
    alb_bitmask_decoder_weight u_decoder (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .base_valid_i(base_valid_i), .base_ready_o(base_ready), .base_row_i(base_row_i), .base_lane_i(base_lane_i),
        .mask_valid_i(mask_valid_i), .mask_ready_o(mask_ready), .mask_data_i(mask_data_i), .mask_last_i(mask_last_i),
        .value_enable_o(), .value_address_o(), .value_data_i(value_data_i),
        .vector_valid_o(vector_valid), .vector_ready_i(vector_ready_i), .vector_data_o(vector),
        .vector_last_o(vector_last)
    );
    hold #(.WIDTH(8 * N + 1)) u_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(vector_valid), .ready_i(vector_ready_i),
        .data_i({vector_last, vector})
    );

endmodule

// Encoder, memory, decoder: the vectors of a segment come back, the negative zero of AdaptivFloat as the
// positive one, whichever row it begins at. The decoder begins when the encoder has written the segment's
// last row: a cycle after its last mask.
module codec_contract #(
    parameter N      = 2,
    parameter ROW_W  = 4,
    parameter LANE_W = 1,
    parameter LENGTH = 2
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire [ROW_W-1:0] base_row_i,
    input wire             vector_valid_i,
    input wire [8*N-1:0]   vector_data_i,
    input wire             vector_ready_i,
    input wire             mark_i
);

    wire             vector_ready;
    wire             mask_valid, mask_last;
    wire [N-1:0]     mask;
    wire             write, read;
    wire [ROW_W-1:0] write_row, read_row;
    wire [8*N-1:0]   written;
    reg  [8*N-1:0]   answer_q;
    wire             sent_ready;
    wire             back_valid, back_last;
    wire [8*N-1:0]   back;
    wire [5:0]       level;
    reset_once u_reset (.clk_i(clk_i), .rst_ni(rst_ni));

    // Both sides begin at the same row.
    reg             started_q = 1'b0;
    reg [ROW_W-1:0] row_q;
    always @(posedge clk_i) begin
        started_q <= 1'b1;
        row_q     <= base_row_i;
    end
    always @* if (started_q) assume (base_row_i == row_q);

    // One segment goes in, its masks are kept, and come out when it has ended.
    reg [2:0]          entered_q;
    reg [2:0]          kept_q;
    reg [2:0]          sent_q;
    reg [LENGTH*N-1:0] masks_q;
    reg                ended_q, written_q;
    wire               enter = vector_valid_i && vector_ready && entered_q != LENGTH;
    wire               send  = written_q && sent_q != LENGTH;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            entered_q <= 3'd0;
            kept_q    <= 3'd0;
            sent_q    <= 3'd0;
            ended_q   <= 1'b0;
            written_q <= 1'b0;
        end else begin
            if (enter) entered_q <= entered_q + 3'd1;
            if (mask_valid) kept_q <= kept_q + 3'd1;
            if (send && sent_ready) sent_q <= sent_q + 3'd1;
            if (mask_valid && mask_last) ended_q <= 1'b1;
            written_q <= ended_q;
        end
    end
    always @(posedge clk_i) if (mask_valid) masks_q[kept_q*N +: N] <= mask;

    alb_bitmask_encoder u_encoder (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .base_valid_i(1'b1), .base_ready_o(), .base_row_i(base_row_i),
        .vector_valid_i(vector_valid_i && entered_q != LENGTH), .vector_ready_o(vector_ready),
        .vector_data_i(vector_data_i), .vector_last_i(entered_q == LENGTH - 1),
        .mask_valid_o(mask_valid), .mask_ready_i(1'b1), .mask_data_o(mask), .mask_last_o(mask_last),
        .value_enable_o(write), .value_address_o(write_row), .value_data_o(written)
    );
    alb_bitmask_decoder_weight u_decoder (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .base_valid_i(1'b1), .base_ready_o(), .base_row_i(base_row_i), .base_lane_i({LANE_W{1'b0}}),
        .mask_valid_i(send), .mask_ready_o(sent_ready), .mask_data_i(masks_q[sent_q*N +: N]),
        .mask_last_i(sent_q == LENGTH - 1),
        .value_enable_o(read), .value_address_o(read_row), .value_data_i(answer_q),
        .vector_valid_o(back_valid), .vector_ready_i(vector_ready_i), .vector_data_o(back), .vector_last_o(back_last)
    );

    reg [8*N-1:0] memory [0:(1<<ROW_W)-1];
    always @(posedge clk_i) begin
        if (read) answer_q <= memory[read_row];
        if (write) memory[write_row] <= written;
    end

    wire [8*N-1:0] canonical;
    genvar b;
    generate
        for (b = 0; b < N; b = b + 1) begin : gen_lane
            assign canonical[8*b +: 8] = vector_data_i[8*b +: 7] == 7'd0 ? 8'd0 : vector_data_i[8*b +: 8];
        end
    endgenerate

    in_order #(.WIDTH(8 * N)) u_order (
        .clk_i(clk_i), .rst_ni(rst_ni), .mark_i(mark_i),
        .enter_i(enter), .entering_i(canonical),
        .leave_i(back_valid && vector_ready_i), .leaving_i(back), .level_o(level)
    );

endmodule
