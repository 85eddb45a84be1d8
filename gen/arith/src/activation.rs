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
    /// Its table, of what it lacks to ReLU at |x| = j/16, Q.12; `None` where it needs none.
    pub lack: Option<fn() -> &'static [u16; 65]>,
    /// The greatest number that it gives, in Q.10; `None` where it follows x for ever.
    pub most: Option<i64>,
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
        lack: None,
        most: None,
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
        lack: None,
        most: None,
        number: |x| x.max(0),
        real: |x| x.max(0.0),
    };
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    Gelu = Facts {
        word: "gelu",
        name: "GELU",
        form: "by tanh",
        checkpoint_names: &["gelu_new", "gelu_pytorch_tanh", "gelu_fast"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: Some(Activation::GeluErf),
        places: 0.764,
        lack: Some(|| &GELU),
        most: None,
        number: |x| less(&GELU, x),
        real: |x| x / 2.0 * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
    };
    /// `x/2·(1 + erf(x/√2))`.
    GeluErf = Facts {
        word: "gelu_erf",
        name: "GELU",
        form: "by the error function",
        checkpoint_names: &["gelu"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: Some(Activation::Gelu),
        places: 0.768,
        lack: Some(|| &GELU_ERF),
        most: None,
        number: |x| less(&GELU_ERF, x),
        real: |x| x / 2.0 * (1.0 + tables::erf(x * FRAC_1_SQRT_2)),
    };
    /// `min(max(x, 0), 6)`.
    Relu6 = Facts {
        word: "relu6",
        name: "ReLU6",
        form: "",
        checkpoint_names: &["relu6"],
        domain: Domain::Numbers,
        latency: 2,
        other_form: None,
        places: 0.0,
        lack: None,
        most: Some(SIX),
        number: |x| x.clamp(0, SIX),
        real: |x| x.clamp(0.0, 6.0),
    };
}

/// In Q.10.
const SIX: i64 = 6 << NUMBER_FRACTION_BITS;

static GELU: LazyLock<[u16; 65]> = LazyLock::new(|| tables::lack_to_relu(Activation::Gelu.facts().real));
static GELU_ERF: LazyLock<[u16; 65]> = LazyLock::new(|| tables::lack_to_relu(Activation::GeluErf.facts().real));

/// `max(x, 0)` less a table of |x| with straight lines between its entries (`arithmetic.md`), which is zero
/// from 4 on.
fn less(table: &[u16; 65], x: i64) -> i64 {
    let a = x.unsigned_abs();
    let lack = if a < 4096 {
        let (j, r) = ((a >> 6) as usize, (a & 63) as i64);
        let (here, next) = (i64::from(table[j]), i64::from(table[j + 1]));
        here + (((next - here) * r + 32) >> 6)
    } else {
        0
    };
    x.max(0) - rhu(lack, 2)
}

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
