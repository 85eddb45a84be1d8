//! The registry: every code, once.
//!
//! `AE01xx` schema, `02xx` numbers, `03xx` connections, `04xx` handshakes, loops and clocks, `05xx` memories,
//! `06xx` names and emission, `07xx` models and checkpoints, `08xx` tools. A number is never given to another
//! problem. Each code has a page `pages/AE….md` and, where a design alone can show it, a broken design under
//! `designs/bad/`.

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

/// What has to change before the work can be done, and so the exit code of a command that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The design or another file that the user wrote; also what was checked and does not hold.
    Input,
    /// The arguments.
    Usage,
    /// The environment: a tool, a file, a disk.
    Environment,
}

impl Class {
    /// The exit code, the same in every command; 0 is for success.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Input => 1,
            Self::Usage => 2,
            Self::Environment => 3,
        }
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
    ($($name:ident = $text:literal, $severity:ident, $class:ident, $origin:ident, $title:literal;)*) => {
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

            /// What has to change before the work can be done.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
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
    UnreadableFile = "AE0101", Error, Environment, Design, "the design cannot be read";
    FileTooLarge = "AE0102", Error, Input, Design, "the design is too large";
    NotUtf8 = "AE0103", Error, Input, Design, "the design is not UTF-8";
    MalformedYaml = "AE0104", Error, Input, Design, "the design is not YAML";
    EmptyDesign = "AE0105", Error, Input, Design, "the design is empty";
    UnknownKey = "AE0106", Error, Input, Design, "unknown key";
    MissingKey = "AE0107", Error, Input, Design, "missing key";
    WrongType = "AE0108", Error, Input, Design, "wrong type of value";
    OutOfRange = "AE0109", Error, Input, Design, "value out of range";
    DuplicateKey = "AE0110", Error, Input, Design, "key given twice";
    UnknownWord = "AE0111", Error, Input, Design, "unknown format or kind";
    TooManyAliases = "AE0112", Error, Input, Design, "the design grows too large when its aliases are expanded";

    OperandUnsupported = "AE0201", Error, Input, Design, "no multiplier for this operand format";
    ResultUnsupported = "AE0202", Error, Input, Design, "results cannot have this format";
    AccumulatorOverflow = "AE0203", Error, Input, Design, "the accumulator can overflow";
    AccumulatorTooWide = "AE0204", Warning, Input, Design, "the accumulator is wider than it needs to be";
    ReductionNotMultiple = "AE0205", Error, Input, Design, "the longest reduction is not a multiple of n";
    TooFewRows = "AE0206", Error, Input, Design, "the accumulator has fewer rows than the array has lanes";
    SparsityUnsupported = "AE0207", Error, Input, Design, "unsupported block sparsity";
    LanesNotBlocks = "AE0208", Error, Input, Design, "n is not a multiple of the non-zeros of a block";
    SparsityKeysUnused = "AE0209", Error, Input, Design, "block sizes without block sparsity";
    LengthNotMultiple = "AE0210", Error, Input, Design, "a unit's longest row is not a multiple of its lanes";
    MoreThanTheRow = "AE0211", Error, Input, Design, "k is larger than the longest row";
    UnitFormat = "AE0212", Error, Input, Design, "a unit's results cannot be operands of the array";
    LanesNotPart = "AE0213", Error, Input, Design, "a unit's lanes do not divide n";
    MaximumNeedsBuffer = "AE0214", Error, Input, Design, "the maximum of a row needs a row buffer";
    AcceleratorLacks = "AE0215", Error, Input, Design, "the accelerator lacks parts that it needs";

    MalformedConnection = "AE0301", Error, Input, Design, "malformed connection or export";
    UnknownBlock = "AE0302", Error, Input, Elaboration, "unknown block";
    UnknownInstance = "AE0303", Error, Input, Elaboration, "unknown instance";
    UnknownInterface = "AE0304", Error, Input, Elaboration, "the block has no such interface";
    WrongDirection = "AE0305", Error, Input, Elaboration, "a connection in the wrong direction";
    ConnectedTwice = "AE0306", Error, Input, Elaboration, "an interface used twice";
    PayloadMismatch = "AE0307", Error, Input, Elaboration, "the two ends carry different data";
    WidthMismatch = "AE0308", Error, Input, Elaboration, "the two ends have different widths";
    OpenInput = "AE0309", Error, Input, Elaboration, "an input that nothing drives";
    UnusedInstance = "AE0310", Error, Input, Elaboration, "an instance whose outputs are not used";
    UndrivenNet = "AE0311", Error, Input, Netlist, "a net that nothing drives";
    NetDrivenTwice = "AE0312", Error, Input, Netlist, "a net that two outputs drive";
    PortWidthMismatch = "AE0313", Error, Input, Netlist, "a port and its net have different widths";
    UnknownPort = "AE0314", Error, Input, Netlist, "an instance does not match its module";

    UnfedRing = "AE0401", Error, Input, Elaboration, "a ring of streams without an input";
    CombinationalLoop = "AE0402", Error, Input, Netlist, "a combinational loop";
    FrequencyOutOfRange = "AE0403", Error, Input, Design, "clock frequency out of range";
    ClockUnreached = "AE0404", Error, Input, Netlist, "clock or reset does not reach an instance";

    CapacityNotMultiple = "AE0501", Error, Input, Design, "a memory's capacity is not a multiple of n";
    CapacityTooSmall = "AE0502", Error, Input, Design, "a memory is too small";
    LatencyOutOfRange = "AE0503", Error, Input, Design, "read latency out of range";
    CapacityTooLarge = "AE0504", Error, Input, Design, "a memory's addresses are wider than 32 bits";
    TechnologyNumber = "AE0505", Error, Input, Technology, "a technology figure out of range";
    NotDescribed = "AE0506", Error, Input, Technology, "a source or a cell that the technology file does not describe";
    MacroTwice = "AE0507", Error, Input, Technology, "two macros with the same name";
    LevelsUnusable = "AE0508", Error, Input, Technology, "level distributions that do not fit the cell";
    NoMacroServes = "AE0509", Error, Input, Technology, "no macro serves a memory";
    TooManyTilings = "AE0510", Error, Input, Technology, "too many tilings to choose from";
    MemoryLeftOut = "AE0511", Warning, Input, External, "a memory is left out";
    BanksUneven = "AE0512", Error, Input, Design, "the activation memory does not divide into banks";

    NotAnIdentifier = "AE0601", Error, Input, Design, "not an identifier";
    ReservedWord = "AE0602", Error, Input, Design, "the name is a keyword of Verilog";
    LabelTwice = "AE0603", Error, Input, Design, "two instances with the same label";
    NameClash = "AE0604", Error, Input, Design, "the name is taken";
    PortClash = "AE0605", Error, Input, Elaboration, "two ports of the top would have the same name";
    NotOneLine = "AE0606", Error, Input, Design, "the description is not one line of text";

    ModelUnreadable = "AE0701", Error, Environment, External, "a file of the model cannot be read";
    ModelConfig = "AE0702", Error, Input, External, "the model's configuration cannot be used";
    ModelDamaged = "AE0703", Error, Input, External, "the checkpoint is damaged";
    ModelTensors = "AE0704", Error, Input, External, "tensors of the checkpoint cannot be used";
    SentenceUnusable = "AE0705", Error, Input, External, "the text cannot be tokenised for the model";
    UnknownLayer = "AE0706", Error, Usage, External, "the model has no such layer";
    SparsityUnusable = "AE0707", Error, Input, External, "the weights cannot be pruned this way";
    LayerOverflow = "AE0709", Error, Input, External, "the accumulator can overflow on a layer";
    ShiftRange = "AE0710", Error, Input, External, "a requantisation shift does not fit its port";
    ShapeMismatch = "AE0711", Error, Input, External, "matrices do not fit together";
    CapacityOfLayer = "AE0712", Error, Input, External, "a memory is too small for a layer";
    AcceleratorTooSmall = "AE0713", Error, Input, External, "the accelerator does not hold the model";
    NormRange = "AE0714", Error, Input, External, "a layer norm's parameter does not fit its port";
    TaskUnusable = "AE0717", Error, Input, External, "a task cannot be used";
    DataUnusable = "AE0718", Error, Input, External, "labelled sentences do not fit the task";
    CheckpointPartUnused = "AE0719", Warning, Input, External, "a part of the checkpoint is not used";
    RecipeUnusable = "AE0720", Error, Input, External, "the compression recipe cannot be used";

    MissingTool = "AE0801", Error, Environment, External, "a tool is not installed";
    ToolFailed = "AE0802", Error, Environment, External, "a tool failed";
    LibraryUnusable = "AE0803", Error, Environment, External, "the standard-cell library cannot be used";
    OutputRefused = "AE0804", Error, Environment, External, "the output cannot be written";
    InputUnusable = "AE0805", Error, Input, External, "the input cannot be used";
    BlockAbsent = "AE0806", Error, Usage, External, "the design has no such block";
    SimulationDiffers = "AE0807", Error, Input, External, "the simulation differs from the golden model";
    BaselineLeft = "AE0808", Error, Input, External, "a figure differs from its baseline";
    LintMessages = "AE0809", Error, Input, External, "a tool reports a warning about the Verilog";
    InputUnreadable = "AE0810", Error, Environment, External, "a file cannot be read";
    ArgumentsUnfit = "AE0811", Error, Usage, External, "the arguments do not fit together";
    ReplacedInPlace = "AE0812", Warning, Environment, External, "the output folder could not be replaced in one step";
    ReaderMissing = "AE0813", Warning, Environment, External, "a reader of the Verilog is not installed";
}

impl Code {
    /// Every code, sorted by number.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// The code that is printed as `AE0203`: that, in capitals or not, or its number, `0203` or `203`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches(['A', 'a', 'E', 'e']);
        let wanted = format!("AE{digits:0>4}");
        Self::all().find(|code| code.as_str() == wanted)
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
        Self::parse(text).ok_or_else(|| {
            format!("{} is no code: they run like AE0203, and `alberti explain` lists them", super::quote(text))
        })
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
