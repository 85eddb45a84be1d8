//! The memories of an accelerator, by all their names.

use crate::{
    blocks::Library,
    memory::{Demand, demands},
};
use alberti_isa::Memory;

/// A memory of the accelerator, which the transfer engine fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalMemory {
    /// One that instructions name.
    Named(Memory),
    /// That of programs.
    Program,
}

impl LocalMemory {
    /// All of them, by the numbers that the transfer engine knows them by.
    pub fn all() -> impl Iterator<Item = Self> {
        Memory::ALL.iter().copied().map(Self::Named).chain([Self::Program])
    }

    /// The number that the transfer engine knows it by: that of instructions, and one past these.
    pub fn number(self) -> u32 {
        match self {
            Self::Named(memory) => memory as u32,
            Self::Program => Memory::ALL.len() as u32,
        }
    }

    /// What instructions and the ports of the transfer engine call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Named(memory) => memory.name(),
            Self::Program => "program",
        }
    }

    /// What the design calls it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Named(Memory::WeightValues) => "weight",
            other => other.name(),
        }
    }

    /// The port of the transfer engine that goes one way.
    pub fn port(self, way: &str) -> String {
        format!("{}_{way}", self.name())
    }

    /// The part that holds it, where several parts share it.
    pub fn buffer(self) -> String {
        format!("{}_buffer", self.name())
    }

    /// Whether rows are taken out as well: not of weights, nor of programs.
    pub fn is_stored(self) -> bool {
        !matches!(self, Self::Named(Memory::WeightValues | Memory::WeightMasks) | Self::Program)
    }

    /// What the design asks of it.
    ///
    /// # Panics
    /// In a design without an accelerator.
    pub fn demand(self, library: &Library) -> Demand {
        let all = demands(library.design());
        all.into_iter().find(|of| of.memory == self.key()).expect("an accelerator has its memories")
    }

    /// Its rows, those of all banks that are addressed as one.
    pub fn rows(self, demand: &Demand) -> u64 {
        let banks = if self == Self::Named(Memory::Activation) { demand.banks } else { 1 };
        demand.words * u64::from(banks)
    }
}
