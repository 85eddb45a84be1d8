//! Combinational leaves: what is fixed in width, described once in rust-hdl, simulated in Rust and emitted as
//! Verilog.
//!
//! | module | what it computes |
//! |---|---|
//! | `alb_af8_3_decode` | code → sign, exponent, significand |
//! | `alb_af8_3_normalise_<A>` | sum of A bits → sign, exponent, leading bits, guard, sticky |
//! | `alb_af8_3_round` | these and a shift → code |
//! | `alb_fixed_shift_<A>` | sum of A bits and a shift → 16-bit integer part, guard, overflow |
//! | `alb_fixed_round_<W>` | these → code of W bits |
//! | `alb_exp2_segment`, `_interpolate` | fraction in Q.10 → 2^(−fraction) in Q1.15 |
//! | `alb_log2_octave` | mantissa in Q.12 → log2(1 + mantissa) in Q.10 |
//! | `alb_rsqrt_normalise`, `_segment`, `_interpolate` | number of 56 bits to its reciprocal square root |
//! | `alb_gelu_line`, `alb_tanh_line` and so on | segment of a magnitude → middle and slope of the function's line |
//!
//! The first and second of the pairs compose to [`alberti_arith::requantize`], with a register between them
//! in the accelerator.

mod activation_line;
mod emit;
mod exp2;
mod fixed_round;
mod fixed_shift;
mod float_decode;
mod float_normalise;
mod float_round;
mod log2;
mod rsqrt;
#[cfg(test)]
mod test_support;

pub use activation_line::{ActivationLine, SLOPE_BITS, middle_bits};
pub use exp2::{Exp2Interpolate, Exp2Segment};
pub use fixed_round::FixedRound;
pub use fixed_shift::FixedShift;
pub use float_decode::FloatDecode;
pub use float_normalise::FloatNormalise;
pub use float_round::FloatRound;
pub use log2::Log2Octave;
pub use rsqrt::{RsqrtInterpolate, RsqrtNormalise, RsqrtSegment};

use alberti_arith::Activation;
use rust_hdl_core::bits::Bits;
use rust_hdl_core::block::Block;
use std::fmt;

/// A combinational module with a rust-hdl kernel.
///
/// Its fields are its ports, in order, its locals and its constants; `update` is its only statement of
/// behaviour.
pub trait Leaf: Block {
    /// The Verilog module's name.
    fn module_name(&self) -> String;

    /// What the module computes, in a sentence or two, with its rounding and saturation.
    fn summary(&self) -> String;

    /// Const generics that the kernel names in offsets and loop bounds.
    fn parameters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Simulates the kernel in Rust: inputs in port order, each within its width, to outputs in port order.
    ///
    /// # Panics
    /// When the number of inputs is wrong or one does not fit its port.
    fn evaluate(&mut self, inputs: &[u64]) -> Vec<u64>;
}

/// A port of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafPort {
    /// The name with its suffix `_i` or `_o`.
    pub name: String,
    /// Whether it is an input.
    pub input: bool,
    /// Width in bits.
    pub width: u32,
}

impl dyn Leaf + '_ {
    /// The ports, inputs first.
    ///
    /// # Errors
    /// As [`body`](#method.body).
    pub fn ports(&self) -> Result<Vec<LeafPort>, LeafError> {
        Ok(emit::elaborate(self)?.ports)
    }

    /// The names and widths of the locals that the body declares.
    ///
    /// # Errors
    /// As [`body`](#method.body).
    pub fn locals(&self) -> Result<Vec<(String, usize)>, LeafError> {
        Ok(emit::elaborate(self)?.locals)
    }

    /// The module's inside: declarations and one `always @*` block, not indented.
    ///
    /// # Errors
    /// When rust-hdl's checks fail, widths disagree, something is read before it is assigned or left
    /// unassigned.
    pub fn body(&self) -> Result<String, LeafError> {
        Ok(emit::elaborate(self)?.body)
    }
}

/// The whole module in Verilog-2005 below `header`, whose lines become comments.
///
/// # Errors
/// When the kernel does not pass its checks.
pub fn render(leaf: &dyn Leaf, header: &str) -> Result<String, LeafError> {
    let parts = emit::elaborate(leaf)?;
    let ranges = parts.ports.iter().map(|p| emit::range(p.width as usize).len()).max().unwrap_or(0);
    let port = |p: &LeafPort| {
        let direction = if p.input { "input  wire" } else { "output reg " };
        format!("    {direction} {:ranges$}{}", emit::range(p.width as usize), p.name)
    };
    let ports: Vec<_> = parts.ports.iter().map(port).collect();
    let mut text = String::new();
    for line in header.lines() {
        text += format!("// {line}").trim_end();
        text.push('\n');
    }
    text += &format!("module {} (\n{}\n);\n\n", leaf.module_name(), ports.join(",\n"));
    for line in parts.body.lines() {
        text += format!("    {line}").trim_end();
        text.push('\n');
    }
    text += "\nendmodule\n";
    Ok(text)
}

/// Why a leaf cannot be made or rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafError {
    leaf: String,
    message: String,
}

impl fmt::Display for LeafError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.leaf, self.message)
    }
}

impl std::error::Error for LeafError {}

/// Makes a leaf of a width known at run time: one instance of the kernel for each width.
macro_rules! of_width {
    ($name:literal, $kernel:ident, $width:expr, [$($bits:literal)*]) => {
        match $width {
            $($bits => Ok(Box::new($kernel::<$bits>::new()) as Box<dyn Leaf>),)*
            other => Err(LeafError {
                leaf: $name.into(),
                message: format!("{other} bits: {}", concat!("one of", $(" ", $bits,)*)),
            }),
        }
    };
}

/// The widths of an accumulator.
macro_rules! of_accumulator {
    ($name:literal, $kernel:ident, $width:expr $(, $more:literal)*) => {
        of_width!($name, $kernel, $width, [$($more)* 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48])
    };
}

/// `alb_af8_3_decode`.
#[must_use]
pub fn float_decode() -> Box<dyn Leaf> {
    Box::new(FloatDecode::new())
}

/// `alb_af8_3_normalise_<sum_bits>`.
///
/// # Errors
/// When `sum_bits` is neither 16 nor within 24..=48.
pub fn float_normalise(sum_bits: u32) -> Result<Box<dyn Leaf>, LeafError> {
    of_accumulator!("alb_af8_3_normalise", FloatNormalise, sum_bits, 16)
}

/// `alb_af8_3_round`.
#[must_use]
pub fn float_round() -> Box<dyn Leaf> {
    Box::new(FloatRound::new())
}

/// `alb_fixed_shift_<sum_bits>`.
///
/// # Errors
/// When `sum_bits` is not within 24..=48.
pub fn fixed_shift(sum_bits: u32) -> Result<Box<dyn Leaf>, LeafError> {
    of_accumulator!("alb_fixed_shift", FixedShift, sum_bits)
}

/// `alb_fixed_round_<code_bits>`.
///
/// # Errors
/// When `code_bits` is neither 8 nor 16.
pub fn fixed_round(code_bits: u32) -> Result<Box<dyn Leaf>, LeafError> {
    of_width!("alb_fixed_round", FixedRound, code_bits, [8 16])
}

/// `alb_exp2_segment`.
#[must_use]
pub fn exp2_segment() -> Box<dyn Leaf> {
    Box::new(Exp2Segment::new())
}

/// `alb_exp2_interpolate`.
#[must_use]
pub fn exp2_interpolate() -> Box<dyn Leaf> {
    Box::new(Exp2Interpolate::new())
}

/// `alb_log2_octave`.
#[must_use]
pub fn log2_octave() -> Box<dyn Leaf> {
    Box::new(Log2Octave::new())
}

/// The lines of a function that has a table: `alb_gelu_line`, and so on by its word.
///
/// # Panics
/// When no leaf has the widths of its table, which a test excludes.
#[must_use]
pub fn activation_line(function: Activation) -> Option<Box<dyn Leaf>> {
    activation_line::of(function)
}

/// How a number enters and leaves a signal.
trait Value {
    fn from_number(value: u64) -> Self;
    fn number(self) -> u64;
}

impl Value for bool {
    fn from_number(value: u64) -> Self {
        assert!(value < 2, "{value} does not fit in a bit");
        value == 1
    }

    fn number(self) -> u64 {
        self.into()
    }
}

impl<const N: usize> Value for Bits<N> {
    fn from_number(value: u64) -> Self {
        assert!(N >= 64 || value >> N == 0, "{value} does not fit in {N} bits");
        value.into()
    }

    fn number(self) -> u64 {
        self.into()
    }
}

/// [`Leaf::evaluate`] for the named ports.
macro_rules! evaluate {
    ($($input:ident)* => $($output:ident)*) => {
        fn evaluate(&mut self, inputs: &[u64]) -> Vec<u64> {
            let [$($input),*] = *inputs else {
                panic!("{} takes {} inputs", self.module_name(), stringify!($($input)*));
            };
            $(self.$input.next = $crate::leaves::Value::from_number($input);)*
            let settled = rust_hdl_core::simulate::simulate(self, 8);
            assert!(settled, "{} does not settle", self.module_name());
            vec![$($crate::leaves::Value::number(self.$output.val())),*]
        }
    };
}
use evaluate;

/// A comment of the kernel that is carried into the Verilog.
macro_rules! comment {
    ($text:literal) => {};
}
use comment;
