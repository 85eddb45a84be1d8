//! One channel of a bus: taken from the design, whose offers must hold, or given to it.

use crate::bits::Bits;
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use crate::stall::{Stall, Staller};
use alberti_random::Rng;

/// A channel on which the design offers.
pub(crate) struct AcceptedChannel {
    name: String,
    valid: Port,
    ready: Port,
    fields: Vec<(String, Port)>,
    staller: Staller,
    is_ready: bool,
    held: Option<Vec<Bits>>,
}

/// What a channel showed in a cycle.
pub(crate) struct Shown {
    /// The payload, one value for each field.
    pub fields: Vec<Bits>,
    /// Whether it was not there in the cycle before.
    pub is_new: bool,
    /// Whether it moved.
    pub moved: bool,
}

impl AcceptedChannel {
    /// The channel `<name>valid`, `<name>ready` and the fields `<name><field>`.
    pub fn new(model: &Model, name: &str, fields: &[&str], stall: Stall) -> Result<Self> {
        let field = |field: &&str| Ok(((*field).to_owned(), model.output(&format!("{name}{field}"))?));
        Ok(AcceptedChannel {
            name: name.to_owned(),
            valid: model.output(&format!("{name}valid"))?,
            ready: model.input(&format!("{name}ready"))?,
            fields: fields.iter().map(field).collect::<Result<_>>()?,
            staller: Staller::new(stall),
            is_ready: false,
            held: None,
        })
    }

    pub fn set_stall(&mut self, stall: Stall) {
        self.staller = Staller::new(stall);
    }

    pub fn forget(&mut self) {
        self.held = None;
    }

    /// Its outputs: what may not depend on an input within a cycle.
    pub fn outputs(&self) -> impl Iterator<Item = (String, Port)> {
        let fields = self.fields.iter().map(|(field, port)| (format!("{}{field}", self.name), *port));
        fields.chain([(format!("{}valid", self.name), self.valid)])
    }

    pub fn ready(&self) -> Port {
        self.ready
    }

    /// Whether it is ready is a matter of its pauses, and of whether it may be.
    pub fn drive(&mut self, model: &mut Model, rng: &mut Rng, may: bool) {
        self.is_ready = !self.staller.pauses(rng, self.held.is_some()) && may;
        model.set(self.ready, self.is_ready.into());
    }

    /// What is shown, after a look at whether it held.
    pub fn sample(&mut self, model: &Model) -> Result<Option<Shown>> {
        if model.get(self.valid) == 0 {
            return match self.held {
                Some(_) => Err(self.protocol(model, "valid fell before the transfer".into())),
                None => Ok(None),
            };
        }
        let fields: Vec<Bits> = self.fields.iter().map(|(_, port)| model.bits(*port)).collect();
        if let Some(held) = &self.held {
            let changed = held.iter().zip(&fields).position(|(before, now)| before != now);
            if let Some(at) = changed {
                let (from, to) = (&held[at], &fields[at]);
                let what = format!("{} changed from {from} to {to} before the transfer", self.fields[at].0);
                return Err(self.protocol(model, what));
            }
        }
        let (is_new, moved) = (self.held.is_none(), self.is_ready);
        self.held = (!moved).then(|| fields.clone());
        Ok(Some(Shown { fields, is_new, moved }))
    }

    /// While reset is asserted nothing may be offered.
    pub fn check_reset(&self, model: &Model) -> Result<()> {
        match model.get(self.valid) {
            0 => Ok(()),
            _ => Err(self.protocol(model, "valid is up while reset is asserted".into())),
        }
    }

    pub fn waits(&self) -> Option<&str> {
        self.held.as_ref().map(|_| self.name.as_str())
    }

    pub fn protocol(&self, model: &Model, what: String) -> Error {
        Error::Protocol { stream: self.name.clone(), cycle: model.cycle(), what }
    }
}

/// A channel on which the memory offers. While it offers nothing, the fields carry random values.
pub(crate) struct OfferedChannel {
    valid: Port,
    ready: (String, Port),
    fields: Vec<Port>,
    staller: Staller,
    offering: bool,
}

impl OfferedChannel {
    /// As [`AcceptedChannel::new`].
    pub fn new(model: &Model, name: &str, fields: &[&str], stall: Stall) -> Result<Self> {
        let ready = format!("{name}ready");
        Ok(OfferedChannel {
            valid: model.input(&format!("{name}valid"))?,
            ready: (ready.clone(), model.output(&ready)?),
            fields: fields.iter().map(|field| model.input(&format!("{name}{field}"))).collect::<Result<_>>()?,
            staller: Staller::new(stall),
            offering: false,
        })
    }

    pub fn set_stall(&mut self, stall: Stall) {
        self.staller = Staller::new(stall);
    }

    pub fn forget(&mut self) {
        self.offering = false;
    }

    pub fn output(&self) -> (String, Port) {
        self.ready.clone()
    }

    pub fn valid(&self) -> Port {
        self.valid
    }

    /// Offers what there is, unless it pauses; what is offered stays.
    pub fn drive(&mut self, model: &mut Model, rng: &mut Rng, next: impl FnOnce(&mut Rng) -> Option<Vec<Bits>>) {
        let pauses = self.staller.pauses(rng, false);
        if self.offering {
            return;
        }
        let item = if pauses { None } else { next(rng) };
        self.offering = item.is_some();
        for (at, port) in self.fields.iter().enumerate() {
            match &item {
                Some(item) => model.set_bits(*port, &item[at]),
                None => model.set_random(*port, rng),
            }
        }
        model.set(self.valid, self.offering.into());
    }

    /// Whether what was offered moved.
    pub fn sample(&mut self, model: &Model) -> bool {
        let moved = self.offering && model.get(self.ready.1) == 1;
        self.offering &= !moved;
        moved
    }
}
