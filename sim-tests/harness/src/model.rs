//! One instance of a compiled design: its ports, its clock, its waveform.
//!
//! A cycle has two halves. First the test sets inputs and calls [`Model::settle`]: the clock is low, logic
//! settles, and the outputs of this cycle can be read. Then [`Model::clock`] raises the clock: registers take
//! their next values. So inputs change while the clock falls, and what is read after `settle` is what a
//! neighbouring register would take.

use std::collections::HashMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;

use crate::bits::{Bits, field, fits, mask, set_field, words_of};
use crate::error::{Error, Result};
use crate::ffi::{Instance, Loaded};
use crate::ports::{Direction, PortSpec};
use crate::recording::Recording;
use alberti_random::Rng;

/// Length of a clock cycle in a waveform, in nanoseconds.
const PERIOD: u64 = 10;

/// A port of a model: look it up once, by [`Model::port`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Port(usize);

/// A simulated design. Clock and reset are the ports `clk_i` and `rst_ni`, if it has them.
pub struct Model {
    top: String,
    names: Arc<HashMap<String, (Port, Direction)>>,
    instance: Instance,
    clock: Option<Port>,
    reset: Option<Port>,
    cycle: u64,
    /// The earliest time that the waveform has no value for yet, if one is open.
    waveform: Option<u64>,
    recording: Option<Recording>,
}

impl Model {
    pub(crate) fn new(top: &str, ports: &[PortSpec], loaded: Loaded, seed: u64) -> Result<Self> {
        // Verilator takes 31 bits, of which 0 means a seed of its own choice.
        let seed = ((seed ^ seed >> 31 ^ seed >> 62) as i32 & i32::MAX).max(1);
        let names = ports.iter().enumerate().map(|(i, port)| (port.name.clone(), (Port(i), port.direction))).collect();
        let mut model = Model {
            top: top.to_owned(),
            names: Arc::new(names),
            instance: Instance::new(loaded, ports, seed),
            clock: None,
            reset: None,
            cycle: 0,
            waveform: None,
            recording: None,
        };
        model.fail_if_stopped()?;
        (model.clock, model.reset) = (model.port("clk_i").ok(), model.port("rst_ni").ok());
        for (i, _) in ports.iter().enumerate().filter(|(_, port)| port.direction == Direction::Input) {
            model.set_words(Port(i), &[]);
        }
        Ok(model)
    }

    /// The port of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn port(&self, name: &str) -> Result<Port> {
        let found = self.names.get(name).map(|(port, _)| *port);
        found.ok_or_else(|| Error::usage(&self.top, format!("it has no port `{name}`; name it in the build's ports")))
    }

    /// The input of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn input(&self, name: &str) -> Result<Port> {
        self.directed(name, Direction::Input)
    }

    /// The output of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn output(&self, name: &str) -> Result<Port> {
        self.directed(name, Direction::Output)
    }

    fn directed(&self, name: &str, wanted: Direction) -> Result<Port> {
        match self.names.get(name) {
            Some((port, direction)) if *direction == wanted => Ok(*port),
            Some(_) => Err(Error::usage(&self.top, format!("port `{name}` points the other way"))),
            None => self.port(name),
        }
    }

    /// Width of a port in bits.
    pub fn width(&self, port: Port) -> u32 {
        self.instance.width(port.0)
    }

    /// The value of a port; of a wide one, the low 64 bits.
    pub fn get(&self, port: Port) -> u64 {
        self.instance.get(port.0)
    }

    /// Sets an input to a number. A wide one gets zeros above.
    ///
    /// # Panics
    /// If the value does not fit, or the port is an output.
    pub fn set(&mut self, port: Port, value: u64) {
        self.assert_fits(port, value & !mask(self.width(port)) == 0);
        match self.instance.wide_mut(port.0) {
            Some(words) => {
                words.fill(0);
                set_field(words, 0, 64, value);
            }
            None => self.instance.set(port.0, value),
        }
    }

    /// The value of a port of any width.
    pub fn bits(&self, port: Port) -> Bits {
        let mut words = vec![0; words_of(self.width(port))];
        self.copy_words(port, &mut words);
        Bits::from_words(self.width(port), &words)
    }

    /// Sets an input of any width.
    ///
    /// # Panics
    /// If the value does not fit, or the port is an output.
    pub fn set_bits(&mut self, port: Port, value: &Bits) {
        self.set_words(port, value.words());
    }

    /// Sets an input to random bits, as many as it has.
    ///
    /// # Panics
    /// If the port is an output.
    pub fn set_random(&mut self, port: Port, rng: &mut Rng) {
        self.assert_fits(port, true);
        let width = self.width(port);
        match self.instance.wide_mut(port.0) {
            Some(words) => rng.fill(words, width),
            None => self.instance.set(port.0, rng.bits(width)),
        }
    }

    /// Element `k` of a packed vector of elements of `width` bits (at most 64).
    pub fn element(&self, port: Port, k: usize, width: u32) -> u64 {
        match self.instance.wide(port.0) {
            Some(words) => field(words, k * width as usize, width),
            None => self.get(port).checked_shr(k as u32 * width).unwrap_or(0) & mask(width),
        }
    }

    /// Element `k`, sign-extended.
    pub fn element_signed(&self, port: Port, k: usize, width: u32) -> i64 {
        (self.element(port, k, width) << (64 - width)) as i64 >> (64 - width)
    }

    /// Replaces element `k` of a packed vector of elements of `width` bits (at most 64).
    ///
    /// # Panics
    /// If the value or the element does not fit, or the port is an output.
    pub fn set_element(&mut self, port: Port, k: usize, width: u32, value: u64) {
        let inside = (k + 1) * width as usize <= self.width(port) as usize;
        self.assert_fits(port, inside && value & !mask(width) == 0);
        let offset = k * width as usize;
        match self.instance.wide_mut(port.0) {
            Some(words) => set_field(words, offset, width, value),
            None => {
                let others = self.instance.get(port.0) & !(mask(width) << offset);
                self.instance.set(port.0, others | value << offset);
            }
        }
    }

    /// Copies a port into words: as many as its width needs.
    pub(crate) fn copy_words(&self, port: Port, to: &mut [u32]) {
        match self.instance.wide(port.0) {
            Some(words) => to.copy_from_slice(words),
            None => {
                let value = self.get(port);
                to.iter_mut().enumerate().for_each(|(i, word)| *word = (value >> (32 * i)) as u32);
            }
        }
    }

    /// Sets an input to these words; those that are missing are zero.
    pub(crate) fn set_words(&mut self, port: Port, from: &[u32]) {
        self.assert_fits(port, fits(from, self.width(port)));
        match self.instance.wide_mut(port.0) {
            Some(words) => {
                let used = from.len().min(words.len());
                words[..used].copy_from_slice(&from[..used]);
                words[used..].fill(0);
            }
            None => self.instance.set(port.0, field(from, 0, 64)),
        }
    }

    #[inline]
    fn assert_fits(&self, port: Port, fits: bool) {
        assert!(self.instance.is_input(port.0), "{}: `{}` is an output", self.top, self.name(port));
        assert!(fits, "{}: the value does not fit the {} bits of `{}`", self.top, self.width(port), self.name(port));
    }

    fn name(&self, port: Port) -> &str {
        self.names.iter().find(|(_, (p, _))| *p == port).map_or("", |(name, _)| name)
    }

    /// The first half of a cycle: the clock is low, and the logic settles.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the design stops or does not settle.
    pub fn settle(&mut self) -> Result<()> {
        self.evaluate(false)?;
        self.dump(PERIOD * self.cycle);
        Ok(())
    }

    /// Settles without a trace in the waveform: to ask what would be.
    pub(crate) fn probe(&mut self) -> Result<()> {
        self.evaluate(false)
    }

    /// The second half of a cycle: the clock rises. A design without a clock only counts.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the design stops or does not settle.
    pub fn clock(&mut self) -> Result<()> {
        self.evaluate(true)?;
        self.dump(PERIOD * self.cycle + PERIOD / 2);
        self.cycle += 1;
        Ok(())
    }

    /// A whole cycle.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the design stops or does not settle.
    pub fn tick(&mut self) -> Result<()> {
        self.settle()?;
        self.clock()
    }

    /// Asserts the reset between clock edges, for this many cycles (0: without any edge), then releases it.
    ///
    /// # Errors
    /// [`Error::Usage`] when the design has no reset, [`Error::Stopped`] as [`Model::settle`].
    pub fn reset(&mut self, cycles: u32) -> Result<()> {
        self.assert_reset()?;
        for _ in 0..cycles {
            self.tick()?;
        }
        self.release_reset()
    }

    pub(crate) fn assert_reset(&mut self) -> Result<()> {
        let reset = self.reset.ok_or_else(|| Error::usage(&self.top, "it has no reset: no port `rst_ni`"))?;
        // The first assertion has to be an edge too.
        self.set(reset, 1);
        self.probe()?;
        self.set(reset, 0);
        self.probe()
    }

    pub(crate) fn release_reset(&mut self) -> Result<()> {
        match self.reset {
            Some(reset) => self.set(reset, 1),
            None => return Err(Error::usage(&self.top, "it has no reset: no port `rst_ni`")),
        }
        self.probe()
    }

    pub(crate) fn has_reset(&self) -> bool {
        self.reset.is_some()
    }

    /// Clock cycles so far, resets included.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Name of the top module.
    pub fn top(&self) -> &str {
        &self.top
    }

    /// What the design printed so far by `$display` and the like.
    pub fn printed(&self) -> String {
        self.instance.printed()
    }

    /// Writes a waveform to a VCD file from now on, one cycle in 10 ns.
    ///
    /// # Errors
    /// When the library was built without, or the file cannot be written.
    pub fn open_waveform(&mut self, path: &Path) -> Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|e| Error::io("create", directory, e))?;
        }
        let text = CString::new(path.to_string_lossy().as_bytes());
        let opened = text.is_ok_and(|text| self.instance.trace(&text));
        self.waveform = opened.then_some(0);
        let what = || format!("no waveform at {}: build with `waveform(true)`, to a writable place", path.display());
        if opened { Ok(()) } else { Err(Error::usage(&self.top, what())) }
    }

    /// Records its first `ports` from now on.
    pub(crate) fn record(&mut self, path: &Path, ports: usize, events: u64) -> Result<()> {
        let widths = (0..ports).map(|port| self.instance.width(port)).collect();
        self.recording = Some(Recording::new(path, widths, events)?);
        Ok(())
    }

    fn dump(&mut self, time: u64) {
        if let Some(free) = self.waveform {
            // A second `settle` in one cycle shows a nanosecond later.
            let time = time.max(free);
            self.instance.dump(time);
            self.waveform = Some(time + 1);
        }
    }

    fn evaluate(&mut self, high: bool) -> Result<()> {
        if let Some(clock) = self.clock {
            self.instance.set(clock.0, u64::from(high));
        }
        if !self.instance.eval() {
            return self.fail_if_stopped();
        }
        self.recording.as_mut().map_or(Ok(()), |recording| recording.add(&self.instance))
    }

    #[cold]
    fn fail_if_stopped(&mut self) -> Result<()> {
        match self.instance.stopped() {
            None => Ok(()),
            Some(message) => {
                // What led here is what one wants to look at.
                self.instance.flush();
                Err(Error::Stopped { cycle: self.cycle, message })
            }
        }
    }
}
