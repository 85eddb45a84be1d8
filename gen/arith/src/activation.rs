//! The activation functions between sums and results. All that is said of one, here and elsewhere, stands in
//! its entry of one table: a new function is a new entry.

use crate::{rhu, tables};
use std::{
    f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI},
    fmt,
    sync::LazyLock,
};

/// Fraction bits of what functions of [`Domain::Numbers`] take and give.
pub const NUMBER_FRACTION_BITS: u32 = 10;

/// Bits of what they take, the sign among them.
pub const NUMBER_BITS: u32 = 24;

/// What a function takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Sums of any scale, as they are. A column's shift stays what it is.
    Sums,
    /// Numbers in Q14.10: a column's shift leads to them, and one shift of all columns from them to results.
    Numbers,
}

/// What a function comes to far from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// `max(x, 0)`.
    Relu,
    /// 1 with the sign of x.
    Sign,
}

/// A table of what a function lacks to its limit, with straight lines between its entries.
#[derive(Debug)]
pub struct Lack {
    /// What the function comes to where the table ends.
    pub limit: Limit,
    /// The lowest bits of |x|, in Q.10, that the table does not look at.
    pub ignored: u32,
    /// Entry j is what the function lacks where |x|, without the ignored bits, is 64·j; Q.12.
    pub entries: LazyLock<Vec<u16>>,
}

/// Bits of the place in a segment of a table.
const PLACE_BITS: u32 = 6;

impl Lack {
    /// Segments between the entries.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.entries.len() - 1
    }

    /// Bits that number the segments.
    #[must_use]
    pub fn segment_bits(&self) -> u32 {
        usize::BITS - (self.segments() - 1).leading_zeros()
    }

    /// Bits of the magnitudes that these number, in Q.10: beyond, the function is its limit.
    #[must_use]
    pub fn reach_bits(&self) -> u32 {
        self.segment_bits() + PLACE_BITS + self.ignored
    }

    /// What the function lacks at a magnitude, Q.12.
    fn at(&self, magnitude: u64) -> i64 {
        let (table, a) = (&self.entries, magnitude >> self.ignored);
        let (j, r) = ((a >> PLACE_BITS) as usize, (a & 63) as i64);
        let [here, next] = [j, j.saturating_add(1)].map(|j| table.get(j).copied().map(i64::from));
        here.zip(next).map_or(0, |(here, next)| here + (((next - here) * r + 32) >> PLACE_BITS))
    }

    /// The function of a number in Q.10.
    fn number(&self, x: i64) -> i64 {
        let lack = rhu(self.at(x.unsigned_abs()), 2);
        match self.limit {
            Limit::Relu => x.max(0) - lack,
            Limit::Sign => {
                if x < 0 {
                    lack - ONE
                } else {
                    ONE - lack
                }
            }
        }
    }
}

/// In Q.10.
const ONE: i64 = 1 << NUMBER_FRACTION_BITS;

/// What is said of a function.
#[derive(Debug)]
pub struct Facts {
    /// Its word in a design, in messages, and in the names of what is made for it.
    pub word: &'static str,
    /// What a text calls it; forms of one function share it.
    pub name: &'static str,
    /// How its form differs from the other forms; empty where there is one form.
    pub form: &'static str,
    /// What checkpoints call it, the usual name first; empty where no checkpoint can ask for it.
    pub checkpoint_names: &'static [&'static str],
    /// What it takes and gives.
    pub domain: Domain,
    /// Cycles that it takes between the accumulator and the requantiser.
    pub latency: u32,
    /// The form of the same function that may stand in for it.
    pub other_form: Option<Activation>,
    /// What its error against the real function stays below, in last places of Q.10; zero where it is exact.
    pub places: f64,
    /// What the error of its codes of AF<8,3> stays below, in mantissa places: at biases from −6 on, and at
    /// −7.
    pub code_places: [f64; 2],
    /// Its table; `None` where it needs none.
    pub lack: Option<&'static Lack>,
    /// The function in integers: of a sum, or of a number in Q14.10.
    pub number: fn(i64) -> i64,
    /// The real function.
    pub real: fn(f64) -> f64,
}

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = $facts:expr;)+) => {
        /// A function between sums and results.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Activation { $($(#[$doc])* $name,)+ }

        impl Activation {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What is said of it.
            #[must_use]
            pub fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$name => {
                        static FACTS: Facts = $facts;
                        &FACTS
                    })+
                }
            }
        }
    };
}

activations! {
    /// Nothing: what every array has.
    #[default]
    Identity = Facts {
        word: "identity",
        name: "identity",
        form: "",
        checkpoint_names: &[],
        domain: Domain::Sums,
        latency: 0,
        other_form: None,
        places: 0.0,
        code_places: [0.5, 0.5],
        lack: None,
        number: |x| x,
        real: |x| x,
    };
    /// Negative sums become zero: what every array has that has another function.
    Relu = Facts {
        word: "relu",
        name: "ReLU",
        form: "",
        checkpoint_names: &["relu"],
        domain: Domain::Sums,
        latency: 1,
        other_form: None,
        places: 0.0,
        code_places: [0.5, 0.5],
        lack: None,
        number: |x| x.max(0),
        real: |x| x.max(0.0),
    };
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    Gelu = Facts {
        word: "gelu",
        name: "GELU",
        form: "by tanh",
        checkpoint_names: &["gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: Some(Activation::GeluErf),
        places: 0.764,
        code_places: [0.853, 1.53],
        lack: Some(&GELU),
        number: |x| GELU.number(x),
        real: |x| x / 2.0 * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
    };
    /// `x/2·(1 + erf(x/√2))`.
    GeluErf = Facts {
        word: "gelu_erf",
        name: "GELU",
        form: "by the error function",
        checkpoint_names: &["gelu", "gelu_python"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: Some(Activation::Gelu),
        places: 0.768,
        code_places: [0.853, 1.53],
        lack: Some(&GELU_ERF),
        number: |x| GELU_ERF.number(x),
        real: |x| x / 2.0 * (1.0 + tables::erf(x * FRAC_1_SQRT_2)),
    };
    /// The hyperbolic tangent.
    Tanh = Facts {
        word: "tanh",
        name: "tanh",
        form: "",
        checkpoint_names: &["tanh"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: None,
        places: 0.870,
        code_places: [0.63, 0.63],
        lack: Some(&TANH),
        number: |x| TANH.number(x),
        real: f64::tanh,
    };
    /// `x/(1 + e^(−x))`, also known as swish.
    Silu = Facts {
        word: "silu",
        name: "SiLU",
        form: "",
        checkpoint_names: &["silu", "swish"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: None,
        places: 1.270,
        code_places: [1.201, 1.413],
        lack: Some(&SILU),
        number: |x| SILU.number(x),
        real: |x| x / (1.0 + (-x).exp()),
    };
}

static GELU: Lack = Lack {
    limit: Limit::Relu,
    ignored: 0,
    entries: LazyLock::new(|| tables::relu_less(Activation::Gelu.facts().real)),
};
static GELU_ERF: Lack = Lack {
    limit: Limit::Relu,
    ignored: 0,
    entries: LazyLock::new(|| tables::relu_less(Activation::GeluErf.facts().real)),
};
static TANH: Lack = Lack { limit: Limit::Sign, ignored: 0, entries: LazyLock::new(tables::tanh) };
static SILU: Lack = Lack { limit: Limit::Relu, ignored: 1, entries: LazyLock::new(tables::silu) };

impl Activation {
    /// The function of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.word() == word)
    }

    /// The function that checkpoints call so.
    #[must_use]
    pub fn of_checkpoint(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.facts().checkpoint_names.contains(&name))
    }

    /// Every name that [`of_checkpoint`](Self::of_checkpoint) knows.
    pub fn checkpoint_names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().flat_map(|function| function.facts().checkpoint_names).copied()
    }

    /// Its word in a design and in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// Its name and its form: `GELU by tanh`.
    #[must_use]
    pub fn title(self) -> String {
        let Facts { name, form, .. } = self.facts();
        if form.is_empty() { (*name).to_owned() } else { format!("{name} {form}") }
    }

    /// What checkpoints usually call it, if they can ask for it.
    #[must_use]
    pub fn checkpoint_name(self) -> Option<&'static str> {
        self.facts().checkpoint_names.first().copied()
    }

    /// What it takes and gives.
    #[must_use]
    pub fn domain(self) -> Domain {
        self.facts().domain
    }

    /// The function in integers: of a sum, or of a number in Q14.10.
    #[must_use]
    pub fn number(self, x: i64) -> i64 {
        (self.facts().number)(x)
    }

    /// The real function.
    #[must_use]
    pub fn real(self, x: f64) -> f64 {
        (self.facts().real)(x)
    }
}

/// By its word.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The functions that an array has: the identity always, and ReLU where there is another.
///
/// A function's code, in instructions and at ports, is its place among them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActivationSet(u32);

/// A function, and those that come with it.
impl From<Activation> for ActivationSet {
    fn from(function: Activation) -> Self {
        Self::of(function)
    }
}

impl Default for ActivationSet {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl ActivationSet {
    /// The identity alone.
    pub const IDENTITY: Self = Self(1 << Activation::Identity as u32);

    /// A function, and those that come with it.
    #[must_use]
    pub const fn of(function: Activation) -> Self {
        Self::IDENTITY.and(function)
    }

    /// These and a function, with those that come with it.
    #[must_use]
    pub const fn and(self, function: Activation) -> Self {
        match function {
            Activation::Identity => self,
            other => Self(self.0 | 1 << Activation::Relu as u32 | 1 << other as u32),
        }
    }

    /// All of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The functions, by their codes.
    pub fn iter(self) -> impl Iterator<Item = Activation> {
        Activation::ALL.iter().copied().filter(move |&function| self.contains(function))
    }

    /// Whether a function is among them.
    #[must_use]
    pub const fn contains(self, function: Activation) -> bool {
        self.0 >> function as u32 & 1 != 0
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// A function's code, if it is among them.
    #[must_use]
    pub fn code(self, function: Activation) -> Option<u32> {
        self.iter().zip(0..).find_map(|(of, code)| (of == function).then_some(code))
    }

    /// The function of a code.
    #[must_use]
    pub fn at(self, code: u32) -> Option<Activation> {
        self.iter().nth(code as usize)
    }

    /// Bits of a code: none where there is nothing to choose.
    #[must_use]
    pub const fn code_bits(self) -> u32 {
        u32::BITS - (self.count() - 1).leading_zeros()
    }

    /// Those of a domain.
    pub fn of_domain(self, domain: Domain) -> impl Iterator<Item = Activation> {
        self.iter().filter(move |function| function.domain() == domain)
    }

    /// Cycles from sums to what any of them makes of them.
    #[must_use]
    pub fn latency(self) -> u32 {
        self.iter().map(|function| function.facts().latency).max().unwrap_or(0)
    }

    /// What stands for a function here: itself, or its other form.
    #[must_use]
    pub fn serving(self, function: Activation) -> Option<Activation> {
        [Some(function), function.facts().other_form].into_iter().flatten().find(|&of| self.contains(of))
    }

    /// What a design asks for to have them, beside those that come with them: nothing for the identity alone.
    pub fn asked(self) -> impl Iterator<Item = Activation> {
        self.iter().filter(move |&function| {
            function != Activation::Identity && (function != Activation::Relu || self == Self::of(Activation::Relu))
        })
    }
}

/// By their words.
impl fmt::Debug for ActivationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Activation::word)).finish()
    }
}

/// By their words: `identity, relu, gelu`.
impl fmt::Display for ActivationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Activation::word).collect();
        f.write_str(&words.join(", "))
    }
}
