//! The registry: every code, once.
//!
//! `AE01xx` schema, `02xx` numbers, `03xx` connections, `04xx` handshakes, loops and clocks, `05xx` memories,
//! `06xx` names and emission, `07xx` models and checkpoints, `08xx` tools. A number is never given to another problem.
//! Each code has a page `pages/AE….md` and, where a design alone can show it, a broken design under `designs/bad/`.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Whether a problem stops the design from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// The design is used as it is.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Which stage raises a code, and so what its example must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Reading the design: a broken design shows it.
    Design,
    /// Elaborating the design into a netlist: a broken design shows it.
    Elaboration,
    /// Checking the netlist: only a fault of a block's own builder can show it, so that no design can.
    Netlist,
    /// Reading a technology file, or choosing macros from one: a broken one shows it.
    Technology,
    /// Something outside of the design: a model, a tool, an input or output of a command.
    External,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $origin:ident, $title:literal;)*) => {
        /// What kind of problem a diagnostic reports. Sorted by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!($text, ": ", $title, ".")] $name,)*
        }

        impl Code {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it is printed: `AE0203`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The problem in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether the problem stops the design from being used.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Which stage raises it.
            #[must_use]
            pub const fn origin(self) -> Origin {
                match self { $(Self::$name => Origin::$origin,)* }
            }

            /// The page that explains it, in Markdown: what, why, an example, what to write instead.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("pages/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    UnreadableFile = "AE0101", Error, Design, "the design cannot be read";
    FileTooLarge = "AE0102", Error, Design, "the design is too large";
    NotUtf8 = "AE0103", Error, Design, "the design is not UTF-8";
    MalformedYaml = "AE0104", Error, Design, "the design is not YAML";
    EmptyDesign = "AE0105", Error, Design, "the design is empty";
    UnknownKey = "AE0106", Error, Design, "unknown key";
    MissingKey = "AE0107", Error, Design, "missing key";
    WrongType = "AE0108", Error, Design, "wrong type of value";
    OutOfRange = "AE0109", Error, Design, "value out of range";
    DuplicateKey = "AE0110", Error, Design, "key given twice";
    UnknownWord = "AE0111", Error, Design, "unknown format or kind";
    TooManyAliases = "AE0112", Error, Design, "the design grows too large when its aliases are expanded";

    OperandUnsupported = "AE0201", Error, Design, "no multiplier for this operand format";
    ResultUnsupported = "AE0202", Error, Design, "results cannot have this format";
    AccumulatorOverflow = "AE0203", Error, Design, "the accumulator can overflow";
    AccumulatorTooWide = "AE0204", Warning, Design, "the accumulator is wider than it needs to be";
    ReductionNotMultiple = "AE0205", Error, Design, "the longest reduction is not a multiple of n";
    TooFewRows = "AE0206", Error, Design, "the accumulator has fewer rows than the array has lanes";
    SparsityUnsupported = "AE0207", Error, Design, "unsupported block sparsity";
    LanesNotBlocks = "AE0208", Error, Design, "n is not a multiple of the non-zeros of a block";
    SparsityKeysUnused = "AE0209", Error, Design, "block sizes without block sparsity";
    LengthNotMultiple = "AE0210", Error, Design, "a unit's longest row is not a multiple of its lanes";
    MoreThanTheRow = "AE0211", Error, Design, "k is larger than the longest row";
    UnitFormat = "AE0212", Error, Design, "a unit's results cannot be operands of the array";
    LanesNotPart = "AE0213", Error, Design, "a unit's lanes do not divide n";
    MaximumNeedsBuffer = "AE0214", Error, Design, "the maximum of a row needs a row buffer";
    AcceleratorLacks = "AE0215", Error, Design, "the accelerator lacks parts that it needs";

    MalformedConnection = "AE0301", Error, Design, "malformed connection or export";
    UnknownBlock = "AE0302", Error, Elaboration, "unknown block";
    UnknownInstance = "AE0303", Error, Elaboration, "unknown instance";
    UnknownInterface = "AE0304", Error, Elaboration, "the block has no such interface";
    WrongDirection = "AE0305", Error, Elaboration, "a connection in the wrong direction";
    ConnectedTwice = "AE0306", Error, Elaboration, "an interface used twice";
    PayloadMismatch = "AE0307", Error, Elaboration, "the two ends carry different data";
    WidthMismatch = "AE0308", Error, Elaboration, "the two ends have different widths";
    OpenInput = "AE0309", Error, Elaboration, "an input that nothing drives";
    UnusedInstance = "AE0310", Error, Elaboration, "an instance whose outputs are not used";
    UndrivenNet = "AE0311", Error, Netlist, "a net that nothing drives";
    NetDrivenTwice = "AE0312", Error, Netlist, "a net that two outputs drive";
    PortWidthMismatch = "AE0313", Error, Netlist, "a port and its net have different widths";
    UnknownPort = "AE0314", Error, Netlist, "an instance does not match its module";

    UnfedRing = "AE0401", Error, Elaboration, "a ring of streams without an input";
    CombinationalLoop = "AE0402", Error, Netlist, "a combinational loop";
    FrequencyOutOfRange = "AE0403", Error, Design, "clock frequency out of range";
    ClockUnreached = "AE0404", Error, Netlist, "clock or reset does not reach an instance";

    CapacityNotMultiple = "AE0501", Error, Design, "a memory's capacity is not a multiple of n";
    CapacityTooSmall = "AE0502", Error, Design, "a memory is too small";
    LatencyOutOfRange = "AE0503", Error, Design, "read latency out of range";
    CapacityTooLarge = "AE0504", Error, Design, "a memory's addresses are wider than 32 bits";
    TechnologyNumber = "AE0505", Error, Technology, "a technology figure out of range";
    NotDescribed = "AE0506", Error, Technology, "a source or a cell that the technology file does not describe";
    MacroTwice = "AE0507", Error, Technology, "two macros with the same name";
    LevelsUnusable = "AE0508", Error, Technology, "level distributions that do not fit the cell";
    NoMacroServes = "AE0509", Error, Technology, "no macro serves a memory";
    TooManyTilings = "AE0510", Error, Technology, "too many tilings to choose from";
    MemoryLeftOut = "AE0511", Warning, External, "a memory is left out";
    BanksUneven = "AE0512", Error, Design, "the activation memory does not divide into banks";

    NotAnIdentifier = "AE0601", Error, Design, "not an identifier";
    ReservedWord = "AE0602", Error, Design, "the name is a keyword of Verilog";
    LabelTwice = "AE0603", Error, Design, "two instances with the same label";
    NameClash = "AE0604", Error, Design, "the name is taken";
    PortClash = "AE0605", Error, Elaboration, "two ports of the top would have the same name";
    NotOneLine = "AE0606", Error, Design, "the description is not one line of text";

    ModelUnreadable = "AE0701", Error, External, "a file of the model cannot be read";
    ModelConfig = "AE0702", Error, External, "the model's configuration cannot be used";
    ModelDamaged = "AE0703", Error, External, "the checkpoint is damaged";
    ModelTensors = "AE0704", Error, External, "tensors of the checkpoint cannot be used";
    SentenceUnusable = "AE0705", Error, External, "the text cannot be tokenised for the model";
    UnknownLayer = "AE0706", Error, External, "the model has no such layer";
    SparsityUnusable = "AE0707", Error, External, "the weights cannot be pruned this way";
    BiasRange = "AE0708", Error, External, "a bias does not fit its port";
    LayerOverflow = "AE0709", Error, External, "the accumulator can overflow on a layer";
    ShiftRange = "AE0710", Error, External, "a requantisation shift does not fit its port";
    ShapeMismatch = "AE0711", Error, External, "matrices do not fit together";
    CapacityOfLayer = "AE0712", Error, External, "a memory is too small for a layer";
    AcceleratorTooSmall = "AE0713", Error, External, "the accelerator does not hold the model";
    NormRange = "AE0714", Error, External, "a layer norm's parameter does not fit its port";
    TaskUnusable = "AE0717", Error, External, "a task cannot be used";
    DataUnusable = "AE0718", Error, External, "labelled sentences do not fit the task";
    RecipeUnusable = "AE0720", Error, External, "the compression recipe cannot be used";

    MissingTool = "AE0801", Error, External, "a tool is not installed";
    ToolFailed = "AE0802", Error, External, "a tool failed";
    LibraryUnusable = "AE0803", Error, External, "the standard-cell library cannot be used";
    OutputRefused = "AE0804", Error, External, "the output cannot be written";
    InputUnusable = "AE0805", Error, External, "the input cannot be used";
    BlockAbsent = "AE0806", Error, External, "the design has no such block";
    SimulationDiffers = "AE0807", Error, External, "the simulation differs from the golden model";
    BaselineLeft = "AE0808", Error, External, "a figure differs from its baseline";
    LintMessages = "AE0809", Error, External, "a tool reports a warning about the Verilog";
}

impl Code {
    /// Every code, sorted by number.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// The code that is printed as `text`, in capitals or not: `AE0203`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = String;

    /// As [`Code::parse`], with a message for the command line.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("{} is no code: they run like AE0203", super::quote(text)))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
