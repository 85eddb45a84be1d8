// Multiplier k of a block takes the k-th set bit of its mask, counted from its first possible place.
module block_select_contract #(
    parameter N        = 16,
    parameter NONZEROS = 8,
    parameter BLOCK    = 16,
    parameter SELECT_W = 4
) (
    input wire [N/NONZEROS*BLOCK-1:0] mask_i
);

    wire [N*SELECT_W-1:0]   select;
    wire [N/NONZEROS-1:0]   error;
    alb_block_select u_select (.mask_i(mask_i), .select_o(select), .error_o(error));

    reg [N*SELECT_W-1:0]    expected;
    reg [N/NONZEROS-1:0]    wrong;
    integer b, i, k, count;
    always @* begin
        expected = {(N*SELECT_W){1'b1}};  // no place
        for (b = 0; b < N / NONZEROS; b = b + 1) begin
            count = 0;
            for (i = 0; i < BLOCK; i = i + 1) begin
                for (k = 0; k < NONZEROS && k <= i; k = k + 1)
                    if (mask_i[b*BLOCK+i] && count == k && i - k <= BLOCK - NONZEROS)
                        expected[(b*NONZEROS+k)*SELECT_W +: SELECT_W] = i - k;
                if (mask_i[b*BLOCK+i]) count = count + 1;
            end
            wrong[b] = count != NONZEROS;
        end
    end

    always @* begin
        assert (select == expected);
        assert (error == wrong);
    end

endmodule
