//! A Verilator harness: Verilog in, a model to drive from Rust out. It knows nothing of what is simulated.
//!
//! | Module | Idea |
//! |---|---|
//! | [`build`] | Verilog to a cached, loaded library, by Verilator and a C++ compiler |
//! | [`ports`] | what a design shows: its ports, and nets inside of it |
//! | [`model`] | one instance of it: ports, cycles, waveform |
//! | [`replay`] | what Verilator was given and gave, repeated by Icarus in four states |
//! | [`bits`] | values of any width, and packed vectors |
//! | [`stall`] | when a stream pauses |
//! | [`stream`] | drivers and monitors of ready/valid streams |
//! | [`scoreboard`] | what was expected against what came |
//! | [`memory`] | banked memories at a block's ports |
//! | [`axi`] | external memory on AXI4 |
//! | [`rows`] | memories of rows that are shared, at valid/ready ports |
//! | [`testbench`] | all of them around one model, a cycle at a time |
//!
//! Two environment variables steer a run: `ALBERTI_SEED` gives back the seed that a failure names, and
//! `ALBERTI_WAVEFORM=<directory>` writes one VCD file per test. Builds are kept in the
//! folder of all caches (`alberti_files::cache::folder`).

pub mod axi;
pub mod bits;
pub mod build;
pub mod error;
mod ffi;
pub mod memory;
pub mod model;
pub mod ports;
mod recording;
pub mod replay;
pub mod rows;
pub mod scoreboard;
mod shim;
pub mod stall;
pub mod stream;
pub mod testbench;
pub mod toolchain;

pub use alberti_random::{NoSeed, Rng, Seed};
pub use bits::Bits;
pub use build::{Build, Library};
pub use error::{Error, Result};
pub use memory::BankedMemory;
pub use model::{Model, Port};
pub use ports::{Direction, PortSpec, Probe};
pub use replay::{Replay, Replayed, Rule};
pub use rows::RowMemory;
pub use scoreboard::Scoreboard;
pub use stall::Stall;
pub use testbench::{AxiId, MemoryId, PulseId, Report, RowsId, SinkId, SourceId, Testbench};
pub use toolchain::Toolchain;
