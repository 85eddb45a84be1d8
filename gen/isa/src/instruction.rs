//! The instructions themselves.

use crate::{Base, Count, Fault, Field, Kind, Memory, Source, Value, WORDS, Words};

/// A unit that executes instructions while the sequencer issues further ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// The array and what feeds it.
    Matrix,
    /// Softmax.
    Softmax,
    /// Layer norm.
    Layernorm,
    /// Elementwise sums.
    Elementwise,
    /// Transfers to and from external memory.
    Transfer,
}

impl Unit {
    /// All of them, in the order of their wait fields.
    pub const ALL: [Self; 5] = [Self::Matrix, Self::Softmax, Self::Layernorm, Self::Elementwise, Self::Transfer];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Waits::FIELDS[self as usize].name
    }
}

/// How many instructions of each unit may be unfinished when one is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waits([u8; Unit::ALL.len()]);

impl Default for Waits {
    fn default() -> Self {
        Self::NONE
    }
}

impl Waits {
    /// Waits for nothing.
    pub const NONE: Self = Self([3; Unit::ALL.len()]);

    /// Where they stand in the first word.
    pub const FIELDS: [Field; Unit::ALL.len()] = [
        Self::field("matrix", 0),
        Self::field("softmax", 1),
        Self::field("layernorm", 2),
        Self::field("elementwise", 3),
        Self::field("transfer", 4),
    ];

    const fn field(name: &'static str, unit: u32) -> Field {
        let summary = "Issue only when this unit has at most this many unfinished instructions; 3 means do not wait";
        Field { name, summary, word: 0, low: 8 + 2 * unit, bits: 2, signed: false, nonzero: false, choices: &[] }
    }

    /// Also waits until at most `unfinished` (0 to 2) instructions of a unit are unfinished.
    #[must_use]
    pub const fn and(mut self, unit: Unit, unfinished: u8) -> Self {
        let most = &mut self.0[unit as usize];
        if unfinished < *most {
            *most = unfinished;
        }
        self
    }

    /// The number allowed for a unit; `None` where it does not matter.
    #[must_use]
    pub const fn of(self, unit: Unit) -> Option<u8> {
        match self.0[unit as usize] {
            3 => None,
            unfinished => Some(unfinished),
        }
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What it waits for.
    pub waits: Waits,
    /// What it does.
    pub operation: Operation,
}

macro_rules! instructions {
    ($(
        $(#[doc = $doc:literal])+
        $kind:ident = $name:literal, $opcode:literal, $unit:expr, {
            $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty = $word:literal [$low:literal; $bits:literal]),* $(,)?
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct $kind { $($(#[doc = $field_doc])+ pub $field: $type),* }

            impl $kind {
                /// Counts are one, choices their first value, everything else is zero. Instructions are
                /// written as changes to it.
                pub const LEAST: Self = Self { $($field: <$type as Value>::LEAST),* };
            }
        )+

        /// What an instruction does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation { $($(#[doc = $doc])+ $kind($kind)),+ }

        $(impl From<$kind> for Operation {
            fn from(operation: $kind) -> Self {
                Self::$kind(operation)
            }
        })+

        /// Every kind of instruction.
        pub const KINDS: &[Kind] = &[$(Kind {
            name: $name,
            opcode: $opcode,
            unit: $unit,
            summary: &[$($doc),+],
            fields: &[$(Field {
                name: stringify!($field),
                summary: concat!($($field_doc),+),
                word: $word,
                low: $low,
                bits: $bits,
                signed: <$type as Value>::SIGNED,
                nonzero: <$type as Value>::NONZERO,
                choices: <$type as Value>::CHOICES,
            }),*],
        }),+];

        impl Operation {
            /// Its kind.
            #[must_use]
            pub fn kind(&self) -> &'static Kind {
                let opcode = match self { $(Self::$kind(_) => $opcode),+ };
                Kind::of(opcode).expect("every operation has a kind")
            }

            fn values(&self) -> Vec<u32> {
                match self { $(Self::$kind($kind { $($field),* }) => vec![$($field.to_bits()),*]),+ }
            }

            fn of(opcode: u8, words: &Words) -> Option<Self> {
                Some(match opcode {
                    $($opcode => Self::$kind($kind {
                        $($field: <$type as Value>::from_bits(
                            words[$word] >> $low & (u32::MAX >> (32 - $bits)), $bits,
                        )?),*
                    }),)+
                    _ => return None,
                })
            }
        }
    };
}

instructions! {
    /// Waits until all units have finished, then ends the program.
    Halt = "halt", 0x01, None, {}

    /// Multiplies `rows` vectors by `columns` tiles of n outputs each, and sums over `passes` tiles of n
    /// inputs.
    ///
    /// Column j is a job. Its parameters are row `parameter_base + j*parameter_column` of the parameter
    /// memory: bias (32 bits) and shift (8 bits) of each output. Pass k of the job uses one weight tile:
    ///
    /// | source | |
    /// |---|---|
    /// | records | lane l is item l of the record at `stationary_base + j*stationary_column + k*stationary_pass`, which has n items |
    /// | listed | position l of all lanes is item l of the record at `stationary_base` + word `list_base + j*passes + k` of the index memory; positions from `masks` on are zero |
    /// | rows | lane l is row `stationary_base + j*stationary_column + k*stationary_pass + l*stationary_lane` of the activation memory |
    /// | columns | position l of all lanes is that row: the tile is transposed |
    ///
    /// Vector r of the pass is row `stream_base + k*stream_pass + r*stream_row` of the activation memory.
    /// With `blocks`, which only designs with block sparsity have, a record holds the weights of two passes,
    /// in blocks: record k is for passes 2k and 2k + 1. If there is no pass 2k + 1, the record is plain.
    ///
    /// Result r of column j is written as codes to row `result_base + j*result_column + r*result_row` of the
    /// activation memory, and as numbers of 16 bits to row `wide_base + j*result_column + r*result_row` of
    /// the wide memory. The numbers are shifted by `wide_shift` more than the codes.
    ///
    /// Faults with `instruction` if `rows` exceeds the accumulator, `passes` the design's longest reduction,
    /// or `masks` n; if the design lacks the function; and if `blocks` is set without block sparsity or with
    /// another source than `records`.
    Gemm = "gemm", 0x10, Some(Unit::Matrix), {
        /// Where weight tiles come from.
        source: Source = 0[18; 2],
        /// Results go to the activation memory, as codes.
        code: bool = 0[20; 1],
        /// Results go to the wide memory.
        wide: bool = 0[21; 1],
        /// Function applied to sums before they are rounded, by its place among those that the design has; 0
        /// is none.
        function: u32 = 0[22; 3],
        /// Each record holds two passes, in n:m blocks; only in designs with block sparsity, and only with
        /// `records`.
        blocks: bool = 0[25; 1],
        /// Number of vectors, at most `accumulator_rows`.
        rows: Count = 1[0; 16],
        /// Number of tiles along the reduction.
        passes: Count = 1[16; 16],
        /// Number of tiles of outputs.
        columns: Count = 2[0; 16],
        /// Number of masks of each listed record, at most n.
        masks: Count = 2[16; 16],
        /// Row of the first vector.
        stream_base: u32 = 3[0; 24],
        /// Rows from one pass to the next.
        stream_pass: u32 = 4[0; 16],
        /// Rows from one vector to the next.
        stream_row: u32 = 4[16; 16],
        /// Row or record of the first weight tile.
        stationary_base: u32 = 5[0; 24],
        /// Step from one column to the next.
        stationary_column: u32 = 6[0; 24],
        /// Step from one pass to the next.
        stationary_pass: u32 = 7[0; 16],
        /// Rows from one lane to the next.
        stationary_lane: u32 = 7[16; 16],
        /// First word of the list in the index memory.
        list_base: u32 = 8[0; 16],
        /// Rows of the parameter memory from one column to the next.
        parameter_column: u32 = 8[16; 16],
        /// Row of the parameters of the first column.
        parameter_base: u32 = 9[0; 24],
        /// Row of the first codes.
        result_base: u32 = 10[0; 24],
        /// Rows from one column to the next.
        result_column: u32 = 11[0; 16],
        /// Rows from one result to the next.
        result_row: u32 = 11[16; 16],
        /// Shift of all columns after a function of numbers in Q.10.
        activation_shift: i32 = 12[0; 7],
        /// Shift of wide numbers in addition to the shift of codes; the sum is clamped to -64 to 63.
        wide_shift: i32 = 12[8; 7],
        /// Row of the first wide numbers.
        wide_base: u32 = 13[0; 24],
    }

    /// Converts `rows` rows of scores in base 2, Q8.8, of `tiles` tiles each, to probabilities.
    ///
    /// The first `count` elements of each row take part; the others become zero. With `limit`, element c of
    /// row r is scaled by `clamp(((span + 2^ramp - x) << 7) >> ramp, 0, 128)/128`, `x = |first_column + c -
    /// first_row - r|`.
    ///
    /// Faults with `instruction` if `tiles` tiles are longer than the longest row of the unit, or `count`
    /// exceeds them.
    Softmax = "softmax", 0x20, Some(Unit::Softmax), {
        /// Whether the span scales the probabilities.
        limit: bool = 0[18; 1],
        /// Number of rows.
        rows: Count = 1[0; 16],
        /// Number of tiles of a row.
        tiles: Count = 1[16; 16],
        /// Number of elements that take part.
        count: Count = 2[0; 16],
        /// Row of the first scores in the wide memory.
        source_base: u32 = 3[0; 24],
        /// Rows from one tile to the next.
        source_tile: u32 = 4[0; 16],
        /// Rows from one row to the next.
        source_row: u32 = 4[16; 16],
        /// Row of the first probabilities in the activation memory.
        result_base: u32 = 5[0; 24],
        /// Rows from one tile to the next.
        result_tile: u32 = 6[0; 16],
        /// Rows from one row to the next.
        result_row: u32 = 6[16; 16],
        /// Distance up to which probabilities are not scaled down.
        span: u32 = 7[0; 16],
        /// Logarithm of the length of the ramp after the span: 2^ramp, at most 2^7.
        ramp: u32 = 7[16; 3],
        /// Position of the first row.
        first_row: u32 = 8[0; 16],
        /// Position of the first column.
        first_column: u32 = 8[16; 16],
    }

    /// Converts `rows` rows of scores of a sparse hierarchical memory to the weights of its values. Only designs
    /// with the unit have it.
    ///
    /// A row has the scores of `parents` parents, then those of each parent's `children` children in turn, in
    /// base 2, Q8.8, in as few tiles as they need. The `largest` parents of the largest scores are chosen, of
    /// equal ones the first. The weight of a child of one of these is its share among the parent's children
    /// times the parent's share among the chosen; that of others is zero. Weights are codes at bias -8, those
    /// of a parent's children together, in as few tiles as they need, the last filled with zeros.
    ///
    /// Faults with `instruction` if `parents` or `children` exceed what the unit has room for, or `largest`
    /// exceeds `parents`; and in designs without the unit.
    HierarchicalSoftmax = "hierarchical_softmax", 0x21, Some(Unit::Softmax), {
        /// Number of rows.
        rows: Count = 1[0; 16],
        /// Number of parents.
        parents: Count = 1[16; 8],
        /// Number of children of each parent.
        children: Count = 1[24; 8],
        /// Number of parents that are chosen.
        largest: Count = 2[0; 8],
        /// Row of the first scores in the wide memory.
        source_base: u32 = 3[0; 24],
        /// Rows from one tile to the next.
        source_tile: u32 = 4[0; 16],
        /// Rows from one row to the next.
        source_row: u32 = 4[16; 16],
        /// Row of the first weights in the activation memory.
        result_base: u32 = 5[0; 24],
        /// Rows from one tile to the next.
        result_tile: u32 = 6[0; 16],
        /// Rows from one row to the next.
        result_row: u32 = 6[16; 16],
    }

    /// Normalises `rows` rows of `channels` numbers in Q9.7; with `plain`, takes them as they are, in Q6.10.
    ///
    /// Row `parameter_base + i` of the parameter memory has, for each channel of tile i, gamma (16 bits),
    /// beta (16 bits) and the shift of its codes (8 bits, of which the lowest 2 are used). Lanes beyond the
    /// last channel become zero.
    ///
    /// Faults with `instruction` if `channels` is less than 2 or more than the unit's longest row, and if
    /// `exponent_bias` is more than 50.
    Layernorm = "layernorm", 0x30, Some(Unit::Layernorm), {
        /// Results go to the activation memory, as codes.
        code: bool = 0[18; 1],
        /// Results go to the wide memory, in Q6.10.
        wide: bool = 0[19; 1],
        /// Exponent bias of the codes, at most 50.
        exponent_bias: i32 = 0[20; 7],
        /// Rows are not normalised: gamma and beta are applied to the numbers themselves.
        plain: bool = 0[27; 1],
        /// Number of rows.
        rows: Count = 1[0; 16],
        /// Number of channels, at least 2.
        channels: Count = 1[16; 16],
        /// Row of the first numbers in the wide memory.
        source_base: u32 = 2[0; 24],
        /// Rows from one tile to the next.
        source_tile: u32 = 3[0; 16],
        /// Rows from one row to the next.
        source_row: u32 = 3[16; 16],
        /// Row of the first codes.
        result_base: u32 = 4[0; 24],
        /// Rows from one tile to the next.
        result_tile: u32 = 5[0; 16],
        /// Rows from one row to the next.
        result_row: u32 = 5[16; 16],
        /// Row of the first wide numbers; the steps are those of the codes.
        wide_base: u32 = 6[0; 24],
        /// Row of the first tile's parameters in the parameter memory.
        parameter_base: u32 = 7[0; 24],
    }

    /// Adds two operands of `vectors` rows, or scales one by a gain, and writes the result to the wide
    /// memory.
    ///
    /// An operand is consecutive rows: codes of the activation memory, read as the integers that they
    /// represent, or numbers of the wide memory.
    Elementwise = "elementwise", 0x40, Some(Unit::Elementwise), {
        /// Multiply `a` by the gain instead of adding `b`.
        scale: bool = 0[18; 1],
        /// `a` is codes, otherwise wide numbers.
        a_code: bool = 0[19; 1],
        /// `b` is codes, otherwise wide numbers.
        b_code: bool = 0[20; 1],
        /// Number of rows.
        vectors: Count = 1[0; 24],
        /// First row of `a`.
        a_base: u32 = 2[0; 24],
        /// First row of `b`.
        b_base: u32 = 3[0; 24],
        /// First row of the result in the wide memory.
        result_base: u32 = 4[0; 24],
        /// Shift of `a`.
        a_shift: i32 = 5[0; 7],
        /// Shift of `b`.
        b_shift: i32 = 5[8; 7],
        /// The gain, an integer.
        gain: i32 = 5[16; 16],
    }

    /// Ends the program if the entropy of the logits, in Q6.10, is below the register `entropy_threshold`.
    ///
    /// In that case all units first finish their instructions, and `exit_layer` is set to `layer` plus the
    /// completed iterations of the loop.
    ///
    /// Faults with `instruction` if `classes` is less than 2 or more than the design's `classes_max`.
    Exit = "exit", 0x50, None, {
        /// Number of classes, at least 2.
        classes: Count = 1[0; 16],
        /// Number of the layer before the exit, counted from 1; in a loop, that of the first iteration.
        layer: u32 = 1[16; 8],
        /// Row of the first logits in the wide memory.
        source_base: u32 = 2[0; 24],
        /// Rows from one tile to the next.
        source_tile: u32 = 3[0; 16],
    }

    /// Executes the instructions up to `end` `count` times. Loops do not nest.
    Repeat = "repeat", 0x60, None, {
        /// Number of iterations.
        count: Count = 1[0; 16],
    }

    /// Ends the body of the loop.
    End = "end", 0x61, None, {}

    /// Copies rows from external memory. Each row there takes a whole number of beats of the bus.
    ///
    /// Faults with `address`, before anything is moved, if the memory does not have all of the rows.
    Load = "load", 0x70, Some(Unit::Transfer), {
        /// Memory that the rows go to.
        memory: Memory = 0[18; 3],
        /// Base of the external address.
        base: Base = 0[21; 1],
        /// First row of the memory.
        row: u32 = 1[0; 24],
        /// Number of rows.
        rows: Count = 2[0; 24],
        /// External address of the first row, in bytes from the base.
        address_offset: u32 = 3[0; 32],
    }

    /// Copies rows to external memory. Faults with `instruction` for the weight memories, which cannot be
    /// stored.
    ///
    /// Faults with `address`, before anything is moved, if the memory does not have all of the rows.
    Store = "store", 0x71, Some(Unit::Transfer), {
        /// Memory that the rows come from.
        memory: Memory = 0[18; 3],
        /// Base of the external address.
        base: Base = 0[21; 1],
        /// First row of the memory.
        row: u32 = 1[0; 24],
        /// Number of rows.
        rows: Count = 2[0; 24],
        /// External address of the first row, in bytes from the base.
        address_offset: u32 = 3[0; 32],
    }
}

impl Operation {
    /// The unit that it is issued to; `None` where the sequencer does it.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.kind().unit
    }
}

impl Instruction {
    /// Its words. Values that are wider than their fields lose their upper bits.
    #[must_use]
    pub fn encode(&self) -> Words {
        let kind = self.operation.kind();
        let mut words = [0; WORDS];
        words[0] = kind.opcode.into();
        for (field, &unfinished) in Waits::FIELDS.iter().zip(&self.waits.0) {
            words[0] |= u32::from(unfinished) << field.low;
        }
        for (field, value) in kind.fields.iter().zip(self.operation.values()) {
            words[field.word] |= value << field.low & field.mask();
        }
        words
    }

    /// Decodes words.
    ///
    /// # Errors
    /// [`Fault::Instruction`] if the opcode does not exist, a reserved bit is not zero, a choice has no
    /// meaning, or a count is zero.
    pub fn decode(words: &Words) -> Result<Self, Fault> {
        let opcode = words[0] as u8;
        let kind = Kind::of(opcode).ok_or(Fault::Instruction)?;
        if kind.used().iter().zip(words).any(|(used, word)| word & !used != 0) {
            return Err(Fault::Instruction);
        }
        let waits = Waits(Waits::FIELDS.map(|field| field.of(words) as u8));
        Ok(Self { waits, operation: Operation::of(opcode, words).ok_or(Fault::Instruction)? })
    }

    /// Whether every value fits its field.
    #[must_use]
    pub fn is_encodable(&self) -> bool {
        Self::decode(&self.encode()) == Ok(*self)
    }
}

/// `gemm source=records code rows=128 … (matrix<=0)`: fields that are zero are left out.
impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, words) = (self.operation.kind(), self.encode());
        f.write_str(kind.name)?;
        for field in kind.fields {
            match (field.bits, field.of(&words)) {
                (1, 1) if field.choices.is_empty() => write!(f, " {}", field.name)?,
                (_, 0) if field.choices.is_empty() => {}
                _ => write!(f, " {}={}", field.name, field.text(&words))?,
            }
        }
        let waits: Vec<String> = (Unit::ALL.iter())
            .filter_map(|&unit| self.waits.of(unit).map(|most| format!("{}<={most}", unit.name())))
            .collect();
        if !waits.is_empty() {
            write!(f, " ({})", waits.join(", "))?;
        }
        Ok(())
    }
}
