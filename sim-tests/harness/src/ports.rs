//! The ports of a design, and looks at nets inside of it.

/// Which way a port points, seen from the design.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Driven by the test.
    Input,
    /// Driven by the design.
    Output,
}

/// A port that the design is expected to have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortSpec {
    /// Verilog name.
    pub name: String,
    /// Direction.
    pub direction: Direction,
    /// Width in bits, at least 1.
    pub width: u32,
}

impl PortSpec {
    /// An input of `width` bits.
    pub fn input(name: &str, width: u32) -> Self {
        PortSpec { name: name.to_owned(), direction: Direction::Input, width }
    }

    /// An output of `width` bits.
    pub fn output(name: &str, width: u32) -> Self {
        PortSpec { name: name.to_owned(), direction: Direction::Output, width }
    }
}

/// A look at nets inside of a design: an output beside its ports, for tests of what no port shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probe {
    pub(crate) port: PortSpec,
    pub(crate) nets: Vec<String>,
}

impl Probe {
    /// An output of this name and width: these nets side by side, the first lowest. A net is named from the
    /// top on, through instances, and may have a range: `u_part.net[3:0]`.
    pub fn new<N: Into<String>>(name: &str, width: u32, nets: impl IntoIterator<Item = N>) -> Self {
        Probe { port: PortSpec::output(name, width), nets: nets.into_iter().map(Into::into).collect() }
    }
}
