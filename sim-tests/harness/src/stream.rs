//! Both ends of a ready/valid stream: the source drives one into the design, the sink takes one from it.
//!
//! A transfer is valid and ready. Once valid is up, it and the fields hold until the transfer; valid does not
//! depend on ready. The source keeps to this, the sink checks it. A stream without a ready port moves
//! whenever it is valid.

use std::collections::VecDeque;

use crate::bits::{Bits, hex};
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use crate::ports::Direction;
use crate::scoreboard::{FieldLayout, Scoreboard};
use crate::stall::{Stall, Staller};
use alberti_random::Rng;

/// The ports of a stream.
struct Wires {
    name: String,
    valid: Port,
    ready: Option<Port>,
    fields: Vec<Port>,
    layout: FieldLayout,
}

impl Wires {
    /// Finds `<name>_valid`, `<name>_ready` and each `<name>_<field>` (or else `<field>`), with the
    /// direction's ending.
    fn find(model: &Model, name: &str, fields: &[&str], direction: Direction) -> Result<Self> {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}_") };
        let (forward, back) = match direction {
            Direction::Input => ("i", "o"),
            Direction::Output => ("o", "i"),
        };
        let directed = |port: &str, ending: &str| match ending {
            "i" => model.input(&format!("{port}_i")),
            _ => model.output(&format!("{port}_o")),
        };
        let own = |field: &str| directed(&format!("{prefix}{field}"), forward);
        let ports: Vec<Port> = fields
            .iter()
            .map(|field| own(field).or_else(|error| directed(field, forward).map_err(|_| error)))
            .collect::<Result<_>>()?;
        let layout = fields.iter().zip(&ports).map(|(field, port)| ((*field).to_owned(), model.width(*port)));
        Ok(Wires {
            name: name.to_owned(),
            valid: own("valid")?,
            ready: directed(&format!("{prefix}ready"), back).ok(),
            layout: FieldLayout(layout.collect()),
            fields: ports,
        })
    }

    fn read(&self, model: &Model, to: &mut [u32]) {
        for (port, (_, _, range)) in self.fields.iter().zip(self.layout.fields()) {
            model.copy_words(*port, &mut to[range]);
        }
    }

    fn write(&self, model: &mut Model, from: &[u32]) {
        for (port, (_, _, range)) in self.fields.iter().zip(self.layout.fields()) {
            model.set_words(*port, &from[range]);
        }
    }

    fn protocol(&self, cycle: u64, what: impl Into<String>) -> Error {
        Error::Protocol { stream: self.name.clone(), cycle, what: what.into() }
    }
}

/// Drives a stream of the design. While it offers nothing, the fields carry random values.
pub(crate) struct Source {
    wires: Wires,
    queue: VecDeque<u32>,
    words: Vec<u32>,
    staller: Staller,
    offering: bool,
    sent: u64,
}

impl Source {
    pub fn new(model: &Model, name: &str, fields: &[&str], stall: Stall) -> Result<Self> {
        let stall = if stall == Stall::AfterValid { Stall::None } else { stall };
        let wires = Wires::find(model, name, fields, Direction::Input)?;
        let words = vec![0; wires.layout.words()];
        Ok(Source { wires, queue: VecDeque::new(), words, staller: Staller::new(stall), offering: false, sent: 0 })
    }

    pub fn push(&mut self, item: &[Bits]) -> Result<()> {
        self.wires.layout.push(&self.wires.name, item, &mut self.queue)
    }

    pub fn forget(&mut self) {
        self.queue.clear();
        self.offering = false;
    }

    pub fn sent(&self) -> u64 {
        self.sent
    }

    pub fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn drive(&mut self, model: &mut Model, rng: &mut Rng) {
        let pauses = self.staller.pauses(rng, false);
        if self.offering {
            return;
        }
        self.offering = !pauses && !self.queue.is_empty();
        if self.offering {
            self.words.iter_mut().zip(&self.queue).for_each(|(word, queued)| *word = *queued);
        } else {
            for (_, width, range) in self.wires.layout.fields() {
                rng.fill(&mut self.words[range], width);
            }
        }
        self.wires.write(model, &self.words);
        model.set(self.wires.valid, self.offering.into());
    }

    /// Whether an item moved in this cycle.
    pub fn sample(&mut self, model: &Model) -> bool {
        let moved = self.offering && self.wires.ready.is_none_or(|ready| model.get(ready) == 1);
        if moved {
            self.queue.drain(..self.words.len());
            self.offering = false;
            self.sent += 1;
        }
        moved
    }

    pub fn waiting(&self) -> Option<String> {
        let what = if self.offering { "offers an item, not ready" } else { "is about to offer an item" };
        (!self.is_done()).then(|| format!("{} {what} ({} sent)", self.wires.name, self.sent))
    }
}

/// Takes a stream of the design, checks how it moves, and hands the items to a scoreboard.
pub(crate) struct Sink {
    wires: Wires,
    pub board: Scoreboard,
    /// What the stream shows, what it showed while it was held back, and a second look within a cycle.
    words: Vec<u32>,
    held: Vec<u32>,
    again: Vec<u32>,
    shown: bool,
    holding: bool,
    staller: Staller,
    ready: bool,
}

impl Sink {
    pub fn new(model: &Model, name: &str, fields: &[&str], stall: Stall) -> Result<Self> {
        let wires = Wires::find(model, name, fields, Direction::Output)?;
        let words = vec![0; wires.layout.words()];
        Ok(Sink {
            board: Scoreboard::with_layout(name, wires.layout.clone()),
            wires,
            held: words.clone(),
            again: words.clone(),
            words,
            shown: false,
            holding: false,
            staller: Staller::new(stall),
            ready: false,
        })
    }

    pub fn forget(&mut self) {
        self.board.forget();
        self.holding = false;
    }

    pub fn drive(&mut self, model: &mut Model, rng: &mut Rng) {
        self.ready = !self.staller.pauses(rng, self.holding) || self.wires.ready.is_none();
        self.set_ready(model, self.ready);
    }

    fn set_ready(&self, model: &mut Model, ready: bool) {
        if let Some(port) = self.wires.ready {
            model.set(port, ready.into());
        }
    }

    /// Inverts ready within a cycle, remembering what the stream shows. [`Sink::restore_ready`] follows.
    pub fn invert_ready(&mut self, model: &mut Model) {
        self.shown = model.get(self.wires.valid) == 1;
        self.wires.read(model, &mut self.words);
        self.set_ready(model, !self.ready);
    }

    /// Takes the inversion back, and checks that the stream did not follow it.
    pub fn restore_ready(&mut self, model: &mut Model) -> Result<()> {
        let valid = model.get(self.wires.valid) == 1;
        let rule = "within the cycle; there may be no combinational path from ready";
        if valid != self.shown {
            return Err(self.wires.protocol(model.cycle(), format!("valid follows ready {rule}")));
        }
        self.wires.read(model, &mut self.again);
        if valid && self.again != self.words {
            return Err(self.changed(model.cycle(), &self.words, &self.again, rule));
        }
        self.set_ready(model, self.ready);
        Ok(())
    }

    /// While reset is asserted nothing may be offered.
    pub fn check_reset(&self, model: &Model) -> Result<()> {
        match model.get(self.wires.valid) {
            0 => Ok(()),
            _ => Err(self.wires.protocol(model.cycle(), "valid is up while reset is asserted")),
        }
    }

    /// Whether an item moved in this cycle.
    pub fn sample(&mut self, model: &Model) -> Result<bool> {
        let cycle = model.cycle();
        if model.get(self.wires.valid) == 0 {
            if self.holding {
                return Err(self.wires.protocol(cycle, "valid fell before the transfer; it has to hold until ready"));
            }
            return Ok(false);
        }
        self.wires.read(model, &mut self.words);
        if self.holding && self.words != self.held {
            let rule = "before the transfer; it has to hold until ready";
            return Err(self.changed(cycle, &self.held, &self.words, rule));
        }
        self.holding = !self.ready;
        if self.ready {
            self.board.receive_words(&self.words, cycle)?;
        } else {
            self.held.copy_from_slice(&self.words);
        }
        Ok(self.ready)
    }

    fn changed(&self, cycle: u64, from: &[u32], to: &[u32], rule: &str) -> Error {
        let field = self.wires.layout.fields().find(|(_, _, range)| from[range.clone()] != to[range.clone()]);
        let what = field.map_or_else(String::new, |(name, width, range)| {
            format!("{name} changed from {} to {} {rule}", hex(&from[range.clone()], width), hex(&to[range], width))
        });
        self.wires.protocol(cycle, what)
    }

    pub fn waiting(&self) -> Option<String> {
        let what = if self.holding { "is held back" } else { "brings nothing" };
        (!self.board.is_done()).then(|| format!("{} {what} ({} compared)", self.wires.name, self.board.compared()))
    }
}
