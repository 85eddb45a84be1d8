// For libraries without an asynchronous reset: the same register, reset at the clock's edge.
module \$_DFF_PN0_ (input D, input C, input R, output Q);
  \$_DFF_P_ _TECHMAP_REPLACE_ (.D(D & R), .C(C), .Q(Q));
endmodule
module \$_DFF_PN1_ (input D, input C, input R, output Q);
  \$_DFF_P_ _TECHMAP_REPLACE_ (.D(D | ~R), .C(C), .Q(Q));
endmodule
