//! Ports of a module, grouped into the interfaces that a reader and a connection think in.

use alberti_arith::Format;
use serde::Serialize;

/// Which way a port or an interface faces, seen from the module that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the module.
    Input,
    /// Out of the module.
    Output,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Input => Self::Output,
            Self::Output => Self::Input,
        }
    }
}

/// What the bits of a port stand for. Two connected ports agree on it and on their width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The clock.
    Clock,
    /// The reset, low when asserted.
    Reset,
    /// Handshakes, counts, addresses, flags.
    Bits,
    /// A bitmask, one bit a code.
    Mask,
    /// Codes of a number format.
    Codes(Format),
    /// Two's complement sums of the accumulator.
    Sums,
}

impl Payload {
    /// The name that diagnostics and the manifest use.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Clock => "clock".into(),
            Self::Reset => "reset".into(),
            Self::Bits => "bits".into(),
            Self::Mask => "mask".into(),
            Self::Codes(format) => format!("codes {format}"),
            Self::Sums => "sums".into(),
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

/// One port of a module.
#[derive(Clone, Debug, Serialize)]
pub struct Port {
    /// Verilog name, with its `_i` or `_o`.
    pub name: String,
    /// What it is called within its interface: the name without the interface's and without the direction.
    #[serde(skip)]
    pub field: String,
    /// Which way it faces.
    pub direction: Direction,
    /// Width in bits.
    pub width: u32,
    /// What it carries.
    pub payload: Payload,
    /// What its width is called in the module's own text: an expression of its localparams.
    #[serde(skip)]
    pub symbol: Option<String>,
}

impl Port {
    /// What ends the name of a port: its direction, and of a reset that it is active low.
    fn suffix(direction: Direction, payload: Payload) -> &'static str {
        match (payload, direction) {
            (Payload::Reset, Direction::Input) => "_ni",
            (Payload::Reset, Direction::Output) => "_no",
            (_, Direction::Input) => "_i",
            (_, Direction::Output) => "_o",
        }
    }

    /// Its name without the direction.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name.strip_suffix(Self::suffix(self.direction, self.payload)).unwrap_or(&self.name)
    }

    /// A port of bits whose complete name is given, as a leaf has it.
    #[must_use]
    pub fn named(name: &str, direction: Direction, width: u32) -> Self {
        let payload = Payload::Bits;
        let field = name.strip_suffix(Self::suffix(direction, payload)).unwrap_or(name).to_owned();
        Self { name: name.to_owned(), field, direction, width, payload, symbol: None }
    }
}

/// What an interface is for; also the order in which a port list gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Clock and reset.
    Clock,
    /// A bus of several channels under the names of its standard, such as AXI.
    Bus,
    /// Values that hold still while the module works.
    Configuration,
    /// A stream or a fixed-latency input.
    Input,
    /// A stream or a fixed-latency output.
    Output,
    /// A memory that the module addresses.
    Memory,
    /// Counters and flags.
    Status,
}

/// Ports that belong together: a stream, a memory port, the clock.
#[derive(Clone, Debug, Serialize)]
pub struct Interface {
    /// Common stem of the ports' names.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// One line for the reader of the port list.
    pub summary: String,
    /// The ports, in order.
    pub ports: Vec<Port>,
    /// Of input streams of one such name a single one is enough for the module to work on.
    #[serde(skip)]
    pub one_of: Option<String>,
}

impl Interface {
    /// An interface without ports yet.
    #[must_use]
    pub fn new(name: &str, role: Role, summary: &str) -> Self {
        Self { name: name.into(), role, summary: summary.into(), ports: Vec::new(), one_of: None }
    }

    /// Clock and asynchronous reset, as every module with state has them.
    #[must_use]
    pub fn clock() -> Self {
        Self::new("clock", Role::Clock, "Clock; reset asserted asynchronously, released synchronously")
            .port("clk", Direction::Input, 1, Payload::Clock)
            .port("rst", Direction::Input, 1, Payload::Reset)
    }

    /// The clock alone, for modules whose registers all carry data.
    #[must_use]
    pub fn clock_only() -> Self {
        Self::new("clock", Role::Clock, "Clock").port("clk", Direction::Input, 1, Payload::Clock)
    }

    /// A ready/valid stream that this module consumes: `<name>_valid_i`, `<name>_ready_o`.
    #[must_use]
    pub fn sink(name: &str, summary: &str) -> Self {
        Self::new(name, Role::Input, summary).port(&format!("{name}_valid"), Direction::Input, 1, Payload::Bits).port(
            &format!("{name}_ready"),
            Direction::Output,
            1,
            Payload::Bits,
        )
    }

    /// A ready/valid stream that this module produces: `<name>_valid_o`, `<name>_ready_i`.
    #[must_use]
    pub fn source(name: &str, summary: &str) -> Self {
        Self::new(name, Role::Output, summary).port(&format!("{name}_valid"), Direction::Output, 1, Payload::Bits).port(
            &format!("{name}_ready"),
            Direction::Input,
            1,
            Payload::Bits,
        )
    }

    /// Makes it one of several input streams of which a single one is enough.
    #[must_use]
    pub fn one_of(self, group: &str) -> Self {
        Self { one_of: Some(group.into()), ..self }
    }

    /// Adds a port; its name gains `_i`, `_o` or, for a reset, `_ni`, `_no`.
    #[must_use]
    pub fn port(mut self, stem: &str, direction: Direction, width: u32, payload: Payload) -> Self {
        let name = format!("{stem}{}", Port::suffix(direction, payload));
        let field = stem.strip_prefix(&format!("{}_", self.name)).unwrap_or(stem).to_owned();
        self.ports.push(Port { name, field, direction, width, payload, symbol: None });
        self
    }

    /// Adds an input named `<interface>_<field>_i`.
    #[must_use]
    pub fn input(self, field: &str, width: u32, payload: Payload) -> Self {
        let stem = format!("{}_{field}", self.name);
        self.port(&stem, Direction::Input, width, payload)
    }

    /// Adds an output named `<interface>_<field>_o`.
    #[must_use]
    pub fn output(self, field: &str, width: u32, payload: Payload) -> Self {
        let stem = format!("{}_{field}", self.name);
        self.port(&stem, Direction::Output, width, payload)
    }

    /// Adds an input whose name does not repeat the interface's.
    #[must_use]
    pub fn plain_input(self, stem: &str, width: u32, payload: Payload) -> Self {
        self.port(stem, Direction::Input, width, payload)
    }

    /// Adds an output whose name does not repeat the interface's.
    #[must_use]
    pub fn plain_output(self, stem: &str, width: u32, payload: Payload) -> Self {
        self.port(stem, Direction::Output, width, payload)
    }

    /// Adds a signal of a bus, `<interface>_<signal>`: a standard's names take no suffix.
    #[must_use]
    pub fn signal(mut self, signal: &str, direction: Direction, width: u32) -> Self {
        let name = format!("{}_{signal}", self.name);
        let (field, payload) = (signal.to_owned(), Payload::Bits);
        self.ports.push(Port { name, field, direction, width, payload, symbol: None });
        self
    }

    /// Names the width of the port that was added last, by the localparams of the module that has it.
    #[must_use]
    pub fn of(mut self, symbol: impl Into<String>) -> Self {
        if let Some(port) = self.ports.last_mut() {
            port.symbol = Some(symbol.into());
        }
        self
    }

    /// Names the widths of fields, as [`of`](Self::of) does: pairs of field and symbol.
    ///
    /// # Panics
    /// When there is no such field.
    #[must_use]
    pub fn widths(mut self, symbols: &[(&str, &str)]) -> Self {
        for (field, symbol) in symbols {
            let port = self.ports.iter_mut().find(|port| port.field == *field);
            let port = port.unwrap_or_else(|| panic!("{} has {field}", self.name));
            port.symbol = Some((*symbol).to_owned());
        }
        self
    }

    /// The same interface for another module, which has other localparams: without the names of widths.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        for port in &mut self.ports {
            port.symbol = None;
        }
        self
    }

    /// The port of a field.
    #[must_use]
    pub fn field(&self, field: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.field == field)
    }

    /// A name for what is on a field where the interface is called `stem`; the field of the interface's own
    /// name takes no other.
    #[must_use]
    pub fn net(&self, stem: &str, field: &str) -> String {
        if field == self.name { stem.to_owned() } else { format!("{stem}_{field}") }
    }

    /// The same interface as its other side has it.
    #[must_use]
    pub fn flipped(mut self) -> Self {
        for port in &mut self.ports {
            let stem = port.stem().to_owned();
            port.direction = port.direction.opposite();
            port.name = stem + Port::suffix(port.direction, port.payload);
        }
        self
    }

    /// The same interface under another name, which the ports named after it take as well.
    #[must_use]
    pub fn renamed(mut self, name: &str, summary: &str) -> Self {
        for port in &mut self.ports {
            if let Some(rest) = port.name.strip_prefix(&self.name).filter(|rest| rest.starts_with('_')) {
                port.name = format!("{name}{rest}");
            }
            if port.field == self.name {
                name.clone_into(&mut port.field);
            }
        }
        name.clone_into(&mut self.name);
        summary.clone_into(&mut self.summary);
        self
    }

    /// Whether it is a ready/valid stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.role, Role::Input | Role::Output)
            && ["valid", "ready"].iter().all(|field| self.field(field).is_some())
    }
}
