// yosys' three-operand adder, bit by bit, in the library's full adder; with a constant operand gates are smaller.
(* techmap_celltype = "$fa" *)
module _tech_fa (A, B, C, X, Y);
  parameter WIDTH = 1;
  (* force_downto *) input [WIDTH-1:0] A, B, C;
  (* force_downto *) output [WIDTH-1:0] X, Y;
  parameter _TECHMAP_CONSTMSK_A_ = 0;
  parameter _TECHMAP_CONSTMSK_B_ = 0;
  parameter _TECHMAP_CONSTMSK_C_ = 0;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : gen_bit
      if (_TECHMAP_CONSTMSK_A_[i] || _TECHMAP_CONSTMSK_B_[i] || _TECHMAP_CONSTMSK_C_[i]) begin : gen_gates
        assign Y[i] = A[i] ^ B[i] ^ C[i];
        assign X[i] = (A[i] & B[i]) | (C[i] & (A[i] ^ B[i]));
      end else begin : gen_cell
        wire sum, carry;
        assign Y[i] = @{sum_sign}@sum;
        assign X[i] = @{carry_sign}@carry;
        @{adder.cell}@ u_fa (.@{adder.inputs[0]}@(A[i]), .@{adder.inputs[1]}@(B[i]), .@{adder.inputs[2]}@(C[i]),
          .@{adder.sum.0}@(sum), .@{adder.carry.0}@(carry));
      end
    end
  endgenerate
endmodule
