//! Kernels that are rendered, and kernels that are refused.

use super::*;
use crate::leaves::{comment, evaluate, render};
use alberti_arith::Activation;
use rust_hdl_core::prelude::*;

macro_rules! leaf {
    ($name:ident { $($local:ident: $width:literal),* } $($update:tt)*) => {
        #[derive(LogicBlock, Default)]
        struct $name {
            a_i: Signal<In, Bits<8>>,
            b_i: Signal<In, Bits<8>>,
            y_o: Signal<Out, Bits<9>>,
            $($local: Signal<Local, Bits<$width>>,)*
        }

        impl Logic for $name {
            $($update)*
        }

        impl Leaf for $name {
            fn module_name(&self) -> String {
                "alb_example".into()
            }

            fn summary(&self) -> String {
                String::new()
            }

            evaluate!(a_i b_i => y_o);
        }
    };
}

leaf!(Widening { sum: 8 } #[hdl_gen] fn update(&mut self) {
    self.sum.next = self.a_i.val() + self.b_i.val();
    self.y_o.next = bit_cast::<9, 8>(self.a_i.val() + self.b_i.val());
});
leaf!(Stored { sum: 8 } #[hdl_gen] fn update(&mut self) {
    comment!("The carry is lost before it is widened.");
    self.sum.next = self.a_i.val() + self.b_i.val();
    self.y_o.next = bit_cast::<9, 8>(self.sum.val());
});
leaf!(Latch {} #[hdl_gen] fn update(&mut self) {
    if self.a_i.val().any() {
        self.y_o.next = 5.into();
    }
});
leaf!(Halfway { x: 9 } #[hdl_gen] fn update(&mut self) {
    if self.a_i.val().any() {
        self.x.next = 5.into();
    }
    self.y_o.next = self.x.val();
    self.x.next = 0.into();
});
leaf!(Precedence {} #[hdl_gen] fn update(&mut self) {
    if self.a_i.val() & 12 == self.b_i.val() {
        self.y_o.next = 1.into();
    } else {
        self.y_o.next = (bit_cast::<9, 8>(self.a_i.val()) << 4) | bit_cast::<9, 8>(self.b_i.val());
    }
});

fn text<T: Leaf + Default>() -> Result<String, String> {
    let mut leaf = T::default();
    leaf.connect_all();
    render(&leaf, "An example.\n").map_err(|error| error.to_string())
}

#[test]
fn an_expression_that_verilog_would_widen_is_refused() {
    let message = text::<Widening>().expect_err("refused");
    assert_eq!(message, "alb_example: `a_i + b_i` is cast: store it in a local of its own width first");
}

#[test]
fn a_module_is_rendered_as_an_engineer_would_write_it() {
    let expected = "\
// An example.
module alb_example (
    input  wire [7:0] a_i,
    input  wire [7:0] b_i,
    output reg  [8:0] y_o
);

    reg [7:0] sum;

    always @* begin
        // The carry is lost before it is widened.
        sum = a_i + b_i;
        y_o = {1'b0, sum};
    end

endmodule
";
    assert_eq!(text::<Stored>().as_deref(), Ok(expected));
    let mut leaf = Stored::default();
    leaf.connect_all();
    assert_eq!(leaf.evaluate(&[200, 100]), [44]);
}

#[test]
fn an_output_that_is_not_assigned_on_every_path_is_refused() {
    assert_eq!(
        text::<Latch>().expect_err("refused"),
        "alb_example: `y_o` is not assigned on every path: it would be a latch"
    );
}

#[test]
fn a_local_that_is_read_before_every_path_has_assigned_it_is_refused() {
    assert_eq!(text::<Halfway>().expect_err("refused"), "alb_example: `x` is read where it may not have been assigned");
}

#[test]
fn precedence_is_that_of_rust_and_fields_that_meet_are_no_concatenation() {
    let text = text::<Precedence>().expect("rendered");
    assert!(text.contains("if ((a_i & 8'd12) == b_i) begin"), "{text}");
    assert!(text.contains("y_o = ({1'b0, a_i} << 4) | {1'b0, b_i};"), "{text}");
}

#[test]
fn a_width_outside_the_supported_ones_is_named() {
    let message = crate::leaves::float_normalise(49).map(drop).expect_err("refused").to_string();
    assert!(message.starts_with("alb_af8_3_normalise: 49 bits: one of 16 24 25"), "{message}");
}

#[test]
fn every_leaf_of_every_width_passes_its_checks() {
    use crate::leaves::{activation_line, fixed_round, fixed_shift, float_decode, float_normalise, float_round};
    let mut leaves = vec![float_decode(), float_round()];
    leaves.extend(Activation::ALL.iter().filter_map(|&function| activation_line(function)));
    leaves.extend([8, 16].map(|w| fixed_round(w).expect("rendered")));
    leaves.extend((24..=48).flat_map(|a| [float_normalise(a).expect("rendered"), fixed_shift(a).expect("rendered")]));
    for leaf in leaves {
        let ports = leaf.ports().expect("rendered");
        let body = leaf.body().expect("rendered");
        assert!(ports.iter().all(|p| p.name.ends_with(if p.input { "_i" } else { "_o" })), "{ports:?}");
        assert!(!body.contains('$') && body.lines().all(|line| line.len() <= 110), "{}", leaf.module_name());
    }
}
