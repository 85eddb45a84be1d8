//! The leaves as they are emitted, in Verilator, against the arithmetic that they stand for. Their kernels
//! are simulated in Rust beside them; this is the Verilog.

#![allow(clippy::unwrap_used)]

use alberti_arith::{Activation, Format, Limit, exp2n, log2u, requantize, rsqrt, wrap};
use alberti_harness::{Build, Model, Port, PortSpec, Rng, Seed};
use alberti_rtl::leaves::{
    self, Exp2Interpolate, Exp2Segment, Leaf, Log2Octave, RsqrtInterpolate, RsqrtNormalise, RsqrtSegment, SLOPE_BITS,
    middle_bits,
};

/// A leaf's Verilog, simulated; ports in the order of the leaf's own.
struct Simulated {
    model: Model,
    inputs: Vec<(Port, u32)>,
    outputs: Vec<Port>,
}

impl Simulated {
    fn new(leaf: &dyn Leaf) -> Self {
        let name = leaf.module_name();
        let text = leaves::render(leaf, "").unwrap_or_else(|error| panic!("{error}"));
        let ports = leaf.ports().unwrap_or_else(|error| panic!("{error}"));
        let specs = ports.iter().map(|port| match port.input {
            true => PortSpec::input(&port.name, port.width),
            false => PortSpec::output(&port.name, port.width),
        });
        let build = Build::new(&name, [(format!("{name}.v"), text)]).ports(specs);
        let model = build.compile().and_then(|library| library.model(1)).unwrap_or_else(|error| panic!("{error}"));
        let find = |name: &str| model.port(name).expect("the leaf has its ports");
        let inputs = ports.iter().filter(|port| port.input).map(|port| (find(&port.name), port.width)).collect();
        let outputs = ports.iter().filter(|port| !port.input).map(|port| find(&port.name)).collect();
        Self { model, inputs, outputs }
    }

    fn evaluate(&mut self, inputs: &[u64]) -> Vec<u64> {
        assert_eq!(inputs.len(), self.inputs.len(), "one value for each input");
        for (&(port, width), &value) in self.inputs.iter().zip(inputs) {
            assert!(value >> width == 0, "{value:#x} has more than {width} bits");
            self.model.set(port, value);
        }
        self.model.settle().expect("combinational logic settles");
        self.outputs.iter().map(|&port| self.model.get(port)).collect()
    }
}

fn unsigned(value: i64, width: u32) -> u64 {
    value as u64 & (u64::MAX >> (64 - width))
}

/// Sums with the shifts that they are interesting at: every boundary between codes, and random pairs.
fn pairs(bits: u32, rng: &mut Rng) -> Vec<(i64, i32)> {
    let mut pairs = Vec::new();
    for p in 0..bits {
        let power = 1i64 << p;
        for sum in [power, power / 32 * 33, power / 32 * 35, power / 32 * 61, power / 32 * 63, power / 64 * 127] {
            for sum in [sum - 1, sum, sum + 1].into_iter().flat_map(|sum| [sum, -sum]).map(|sum| wrap(sum, bits)) {
                pairs.extend((-64..64).map(|shift| (sum, shift)));
            }
        }
    }
    for _ in 0..50_000 {
        let width = 1 + rng.below(bits.into()) as u32;
        let shift = if rng.chance(0.5) { width as i32 - rng.below(18) as i32 } else { rng.below(128) as i32 - 64 };
        pairs.push((wrap(rng.bits(width) as i64, width), shift.clamp(-64, 63)));
    }
    pairs
}

#[test]
fn decode_in_verilog_gives_the_significand_of_every_code() {
    let mut leaf = Simulated::new(&*leaves::float_decode());
    for code in 0..256u64 {
        let [sign, exponent, significand] = leaf.evaluate(&[code])[..] else { panic!("three outputs") };
        let magnitude = (significand << exponent) as i64;
        let value = if sign == 1 { -magnitude } else { magnitude };
        assert_eq!(value, Format::AF8_3.significand(code as u16), "code {code:#04x}");
    }
}

#[test]
fn normalise_and_round_in_verilog_are_requantize() {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    // Scores, shares of softmax, the sums of accelerator4, pu4 and pu16, and the widest.
    for bits in [16, 24, 34, 35, 37, 48] {
        let leaf = leaves::float_normalise(bits).expect("the leaf has this width");
        let (mut normalise, mut round) = (Simulated::new(&*leaf), Simulated::new(&*leaves::float_round()));
        for (sum, shift) in pairs(bits, &mut seed.rng("leaves.float")) {
            let mut parts = normalise.evaluate(&[unsigned(sum, bits)]);
            parts.push(unsigned(shift.into(), 7));
            let code = round.evaluate(&parts)[0] as u16;
            assert_eq!(
                code,
                requantize(Format::AF8_3, sum, shift),
                "sum {sum} of {bits} bits, shift {shift}, seed {seed}"
            );
        }
    }
}

#[test]
fn shift_and_round_in_verilog_are_requantize() {
    let seed = Seed::from_env().expect("ALBERTI_SEED holds a number");
    let (mut to8, mut to16) = (
        Simulated::new(&*leaves::fixed_round(8).expect("the leaf has this width")),
        Simulated::new(&*leaves::fixed_round(16).unwrap()),
    );
    // The narrowest, the sums of pu8_q3_5, pu16_q3_13 and the widest.
    for bits in [24, 28, 43, 48] {
        let mut shifter = Simulated::new(&*leaves::fixed_shift(bits).expect("the leaf has this width"));
        for (sum, shift) in pairs(bits, &mut seed.rng("leaves.fixed")) {
            let parts = shifter.evaluate(&[unsigned(sum, bits), unsigned(shift.into(), 7)]);
            let codes = [to8.evaluate(&parts)[0] as u16, to16.evaluate(&parts)[0] as u16];
            let expected = [Format::Q3_5, Format::Q3_13].map(|format| requantize(format, sum, shift));
            assert_eq!(codes, expected, "sum {sum} of {bits} bits, shift {shift}, seed {seed}");
        }
    }
}

#[test]
fn powers_in_verilog_are_exp2n_at_every_fraction() {
    let (mut segment, mut interpolate) = (Simulated::new(&Exp2Segment::new()), Simulated::new(&Exp2Interpolate::new()));
    for fraction in 0..1024 {
        let [base, step] = segment.evaluate(&[fraction >> 5])[..] else { panic!("two outputs") };
        let power = interpolate.evaluate(&[base, step, fraction & 31]);
        assert_eq!(power, [u64::from(exp2n(fraction as u32))], "fraction {fraction}");
    }
}

#[test]
fn logarithms_in_verilog_are_log2u_at_every_mantissa() {
    let mut octave = Simulated::new(&Log2Octave::new());
    for mantissa in 0..4096u64 {
        assert_eq!(octave.evaluate(&[mantissa]), [(log2u(4096 + mantissa) + 3 * 1024) as u64], "mantissa {mantissa}");
    }
}

/// Every mantissa, and every pair of bits that a number can begin with.
#[test]
fn roots_in_verilog_are_rsqrt_at_every_mantissa() {
    let mut normalise = Simulated::new(&RsqrtNormalise::new());
    let (mut segment, mut interpolate) =
        (Simulated::new(&RsqrtSegment::new()), Simulated::new(&RsqrtInterpolate::new()));
    let mut check = |v: u64| {
        let [pair, mantissa] = normalise.evaluate(&[v])[..] else { panic!("two outputs") };
        let [base, step] = segment.evaluate(&[mantissa >> 9])[..] else { panic!("two outputs") };
        let root = interpolate.evaluate(&[base, step, mantissa & 511])[0];
        assert_eq!((root as u16, pair as i32 - 7), rsqrt(v), "{v}");
    };
    (1..1 << 16).for_each(&mut check);
    for p in 16..56 {
        let power = 1u64 << p;
        [power - 1, power, power + 1, power / 2 * 3 - 1, power / 2 * 3].into_iter().for_each(&mut check);
    }
}

#[test]
fn lines_in_verilog_are_what_each_function_lacks_at_every_magnitude() {
    for &function in Activation::ALL {
        let Some((lack, leaf)) = function.facts().lack.zip(leaves::activation_line(function)) else { continue };
        let mut line = Simulated::new(&*leaf);
        for magnitude in 0..1u64 << lack.reach_bits() {
            let seen = magnitude >> lack.ignored;
            let parts = line.evaluate(&[seen >> 6]);
            let (middle, slope) = (wrap(parts[0] as i64, middle_bits(lack)), wrap(parts[1] as i64, SLOPE_BITS));
            let taken = 32 * middle + 31 + slope * ((seen & 63) as i64 - 32);
            for x in [magnitude as i64, -(magnitude as i64)] {
                let expected = match lack.limit {
                    Limit::Relu => (256 * x.max(0) + taken) >> 8,
                    Limit::Sign => x.signum() * ((256 * 1024 + taken) >> 8),
                };
                assert_eq!(expected, function.number(x), "{function} of {x}");
            }
        }
    }
}
