//! What fields hold.

/// What a field holds.
pub trait Value: Copy {
    /// Whether it is a number in two's complement.
    const SIGNED: bool = false;
    /// Whether zero is illegal.
    const NONZERO: bool = false;
    /// The values that mean something, by name; empty where all do.
    const CHOICES: &'static [(&'static str, u32)] = &[];
    /// The least that is legal: zero, one of what is counted, the first choice.
    const LEAST: Self;

    /// Its bits, sign-extended to 32.
    fn to_bits(self) -> u32;

    /// What bits of a field of so many stand for, unless they stand for nothing.
    fn from_bits(bits: u32, width: u32) -> Option<Self>;
}

impl Value for u32 {
    const LEAST: Self = 0;

    fn to_bits(self) -> u32 {
        self
    }

    fn from_bits(bits: u32, _: u32) -> Option<Self> {
        Some(bits)
    }
}

impl Value for i32 {
    const SIGNED: bool = true;
    const LEAST: Self = 0;

    fn to_bits(self) -> u32 {
        self as u32
    }

    fn from_bits(bits: u32, width: u32) -> Option<Self> {
        Some(sign_extend(bits, width))
    }
}

impl Value for bool {
    const LEAST: Self = false;

    fn to_bits(self) -> u32 {
        self.into()
    }

    fn from_bits(bits: u32, _: u32) -> Option<Self> {
        Some(bits != 0)
    }
}

pub(crate) fn sign_extend(bits: u32, width: u32) -> i32 {
    (bits << (32 - width)) as i32 >> (32 - width)
}

/// How many there are: one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u32);

impl Count {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Value for Count {
    const NONZERO: bool = true;
    const LEAST: Self = Self(1);

    fn to_bits(self) -> u32 {
        self.0
    }

    fn from_bits(bits: u32, _: u32) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }
}

/// An enumeration whose names and bits stand once.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$each])* $variant),+ }

        impl $name {
            /// All of them, in the order of their bits.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl Value for $name {
            const CHOICES: &'static [(&'static str, u32)] = &[$(($word, Self::$variant as u32)),+];
            const LEAST: Self = Self::ALL[0];

            fn to_bits(self) -> u32 {
                self as u32
            }

            fn from_bits(bits: u32, _: u32) -> Option<Self> {
                Self::ALL.get(bits as usize).copied()
            }
        }
    )+};
}

choices! {
    /// Where a weight tile comes from.
    Source {
        /// Records of the weight memory, at addresses that the instruction steps through.
        Records = "records",
        /// Records of the weight memory, at addresses that the index memory lists: rows of a table that are
        /// gathered.
        Listed = "listed",
        /// Rows of the activation memory, each the weights of a lane.
        Rows = "rows",
        /// Rows of the activation memory, each the weights of one position of all lanes: the tile is
        /// transposed.
        Columns = "columns",
    }

    /// A memory that external memory is exchanged with.
    Memory {
        /// n codes a row.
        Activation = "activation",
        /// n numbers of 16 bits a row.
        Wide = "wide",
        /// n columns' parameters a row, 40 bits each.
        Parameter = "parameter",
        /// Addresses of records, 32 bits a row.
        Index = "index",
        /// n packed codes a row.
        WeightValues = "weight_values",
        /// A pointer or a mask a row.
        WeightMasks = "weight_masks",
    }

    /// What external addresses count from.
    Base {
        /// The register `program_base`.
        Program = "program",
        /// The register `data_base`.
        Data = "data",
    }
}
