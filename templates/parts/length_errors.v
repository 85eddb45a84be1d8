<%- macro count(wrong) -%>
    reg               wrong_q;
    reg [COUNT_W-1:0] length_error_count_q;
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            wrong_q              <= 1'b0;
            length_error_count_q <= {COUNT_W{1'b0}};
        end else begin
            wrong_q              <= @{ wrong }@;
            length_error_count_q <= clear_i ? {COUNT_W{1'b0}} : length_error_count_q + {{(COUNT_W-1){1'b0}}, wrong_q};
        end
    end
    assign length_error_count_o = length_error_count_q;
<%- endmacro -%>
