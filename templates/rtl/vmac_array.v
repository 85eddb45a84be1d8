@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N         = @{ n }@;
    localparam CHOICES   = @{ choices }@;  // activations that a lane may choose from
    localparam OP_W      = @{ op_w }@;
    localparam OPERAND_W = @{ operand_w }@;
<%- if decoded %>
    localparam EXPONENT_W = @{ exponent_w }@;
    localparam SIGNIFICAND_W = @{ significand_w }@;
<%- endif %>
    localparam ACC_W     = @{ acc_w }@;
    localparam LANE_W    = @{ lane_w }@;
<%- if zero_skip %>
    localparam ADD       = @{ pipeline }@;  // cycles after its vector that a row is added
<%- endif %>

@{ shell.declare("load place skip sign exponent significand activation") }@

    genvar j;
    generate
        for (j = 0; j < N; j = j + 1) begin : gen_load
<%- if columns %>
            assign load[j]  = load_valid_i && !load_columns_i && load_lane_i == j[LANE_W-1:0];
            assign place[j] = load_valid_i && load_columns_i && load_lane_i == j[LANE_W-1:0];
<%- else %>
            assign load[j] = load_valid_i && load_lane_i == j[LANE_W-1:0];
<%- endif %>
        end
    endgenerate
<%- if zero_skip %>

    // A vector of zeros adds nothing: the operand registers, and with them all multipliers, hold still, and
    // the lanes pass the addend on.
    wire [CHOICES-1:0] nonzero;
    wire               zero = nonzero == {CHOICES{1'b0}};
    wire               take = vector_valid_i && !zero;
    reg  [ADD-1:0]     skip_q;
    assign held_o = vector_valid_i && zero;
    assign skip   = skip_q[ADD-1];

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) skip_q <= {ADD{1'b0}};
<%- if pipeline == 1 %>
        else skip_q <= held_o;
<%- else %>
        else skip_q <= {skip_q[ADD-2:0], held_o};
<%- endif %>
    end
<%- endif %>

    genvar i;
    generate
        for (i = 0; i < CHOICES; i = i + 1) begin : gen_operand
<%- if !decoded %>
            wire [OP_W-1:0]      code = vector_data_i[i*OP_W +: OP_W];
<%- endif %>
            reg  [OPERAND_W-1:0] operand_q;
<%- if zero_skip %>
<%- if decoded %>
            assign nonzero[i] = significand[i*SIGNIFICAND_W+SIGNIFICAND_W-1];  // the hidden bit
<%- else if signed_zero %>
            assign nonzero[i] = code[OP_W-2:0] != {(OP_W-1){1'b0}};
<%- else %>
            assign nonzero[i] = code != {OP_W{1'b0}};
<%- endif %>
<%- endif %>
<%- if decoded %>
            wire [OPERAND_W-1:0] operand = {
                sign[i], exponent[i*EXPONENT_W +: EXPONENT_W], significand[i*SIGNIFICAND_W +: SIGNIFICAND_W]
            };
<%- else %>
            wire [OPERAND_W-1:0] operand = code;
<%- endif %>
            always @(posedge clk_i) begin
<%- if zero_skip %>
                if (take) operand_q <= operand;
<%- else %>
                if (vector_valid_i) operand_q <= operand;
<%- endif %>
            end
            assign activation[i*OPERAND_W +: OPERAND_W] = operand_q;
        end
    endgenerate

@{ shell.instances }@

endmodule
