// Any word with one bit flipped comes back, with a word of it; with two it comes as it is, and is detected.
module secded_contract #(
    parameter DATA_W  = 5,
    parameter CHECK_W = 4
) (
    input wire [DATA_W-1:0]         data_i,
    input wire [DATA_W+CHECK_W:0]   flips_i
);

    localparam WORD_W = DATA_W + CHECK_W + 1;

    // Data bit i has the i-th number from 3 on that is no power of two as its column, check bit j has 2^j.
    reg [CHECK_W-1:0] check;
    reg [1:0]         flipped;  // bits, at most three
    integer i, column;
    always @* begin
        check  = {CHECK_W{1'b0}};
        column = 3;
        for (i = 0; i < DATA_W; i = i + 1) begin
            if (data_i[i]) check = check ^ column[CHECK_W-1:0];
            column = column + 1;
            if ((column & (column - 1)) == 0) column = column + 1;
        end
        flipped = 2'd0;
        for (i = 0; i < WORD_W; i = i + 1) if (flips_i[i] && flipped != 2'd3) flipped = flipped + 2'd1;
    end
    wire [WORD_W-1:0] sent = {^{check, data_i}, check, data_i};
    wire [WORD_W-1:0] word = sent ^ flips_i;

    wire [DATA_W-1:0] data;
    wire              corrected, detected;
    alb_secded u_secded (.word_i(word), .data_o(data), .corrected_o(corrected), .detected_o(detected));

    always @* begin
        assume (flipped != 2'd3);
        assert (corrected == (flipped == 2'd1));
        assert (detected == (flipped == 2'd2));
        assert (data == (flipped == 2'd2 ? word[DATA_W-1:0] : data_i));
    end

endmodule
