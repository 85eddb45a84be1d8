//! The accelerator in Verilog as something that runs programs.

use super::{
    bench::{Bench, CLEAR, IDLE_LOOKS, SNAPSHOT},
    outside::AT_ONCE,
};
use crate::{Error, Result, Subject, rram};
use alberti_cost::configuration;
use alberti_golden::{
    Image,
    accelerator::{Counters, End, Outcome, Registers},
    secded::Code,
};
use alberti_harness::{Probe, Seed, axi::Bytes};
use alberti_isa::Fault;
use alberti_rtl::{
    Design,
    blocks::Block,
    memory::{Technology, demands},
};
use std::path::Path;

/// What a run of a program came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its end, and what the accelerator counted.
    pub outcome: Outcome,
    /// Cycles from its start to its interrupt.
    pub cycles: u64,
}

/// An accelerator with weights in its memories.
pub struct Rtl {
    bench: Bench,
}

impl Rtl {
    /// Builds the accelerator of a design, or takes it from the cache in `folder`, and starts it with rows of
    /// packed codes and mask words in its weight memories; their images are written beside it.
    ///
    /// # Errors
    /// When the design has no accelerator, the build fails, or an image cannot be written.
    pub fn new(design: &Design, values: &[u16], masks: &Image, folder: &Path) -> Result<Self> {
        Self::with_probes(design, values, masks, folder, Vec::new())
    }

    /// The same, with nets inside of it shown.
    pub(super) fn with_probes(
        design: &Design,
        values: &[u16],
        masks: &Image,
        folder: &Path,
        probes: Vec<Probe>,
    ) -> Result<Self> {
        let fail = |what: String| Error::unfit("accelerator", what);
        let block = Block::named("accelerator").ok_or_else(|| fail("there is no such block".into()))?;
        let mut subject = Subject::of_block(design, block)
            .ok_or_else(|| fail(format!("the design {} has no accelerator", design.name)))?;
        std::fs::create_dir_all(folder).map_err(|error| alberti_harness::Error::io("create", folder, error))?;
        let folder = folder.canonicalize().map_err(|error| alberti_harness::Error::io("find", folder, error))?;
        let n = design.datapath.n as usize;
        let mut rows = Image::new(values.len().div_ceil(n).max(1), 8 * n)?;
        for (v, &code) in values.iter().enumerate() {
            rows.set(v / n, v % n * 8, 8, code.into());
        }
        let words = match configuration::accelerator(design)?.mask_check_bits {
            0 => masks.clone(),
            _ => Code::new(masks.width())?.encode(masks)?,
        };
        for (memory, content) in [("weight", &rows), ("weight_masks", &words)] {
            let stem = folder.join(format!("{}.{memory}", design.name));
            let demand = demands(design).into_iter().find(|demand| demand.memory == memory);
            let demand = demand.ok_or_else(|| fail(format!("the design has no memory {memory}")))?;
            let technology = Technology::shipped().map_err(|problems| fail(problems.to_string()))?;
            rram::MadeMemory::best(technology, demand)?.write_image(&stem, content)?;
            let default = format!("parameter {}_IMAGE = \"\";", memory.to_uppercase());
            let named = default.replace("\"\"", &format!("\"{}\"", stem.display()));
            subject = subject.mutate("alb_accelerator.v", &default, &named)?;
        }
        let library = subject.with_probes(probes).in_directory(folder).build()?;
        let bench = Bench::new(design, &library, "accelerator", Seed::from_env()?, AT_ONCE)?;
        Ok(Self { bench })
    }

    /// Runs a program on external memory, which lies from address 0 on.
    ///
    /// # Errors
    /// When nothing moves any more, or the protocol is broken.
    pub fn run(&mut self, registers: &Registers, memory: &mut [u8]) -> Result<Run> {
        self.run_with(registers, memory, Bench::run)
    }

    /// The same by `run`, which starts the program and waits for its end.
    pub(super) fn run_with(
        &mut self,
        registers: &Registers,
        memory: &mut [u8],
        run: impl FnOnce(&mut Bench, &Registers) -> Result<u64>,
    ) -> Result<Run> {
        *self.bench.memory() = Bytes::new(0);
        self.bench.memory().write(0, memory);
        self.bench.write("counters", CLEAR)?;
        let cycles = run(&mut self.bench, registers)?;
        self.bench.settle(IDLE_LOOKS)?;
        self.bench.write("counters", SNAPSHOT)?;
        let (status, cause) = (self.bench.read("status")?, self.bench.read("interrupt_cause")?);
        let end = match (Fault::ALL.iter().find(|fault| u32::from(fault.0.code()) == status >> 8), cause >> 2) {
            (Some((fault, _, _)), _) => {
                End::Stopped { fault: *fault, at: self.bench.read("program_counter")? as usize }
            }
            (None, 1) => End::Exited { layer: self.bench.read("exit_layer")? },
            (None, _) => End::Halted,
        };
        let content = self.bench.memory().read(0, memory.len());
        memory.copy_from_slice(&content);
        let mut count = |name: &str| self.bench.read_if(name).map(u64::from);
        let mut counters = Counters::default();
        counters.instructions = count("count_instructions")?;
        counters.vectors = count("count_vectors")?;
        counters.held = count("count_held")?;
        counters.misplaced = count("count_misplaced")?;
        counters.mask_errors = count("count_mask_errors")?;
        counters.corrected = count("count_corrected")?;
        counters.detected = count("count_detected")?;
        counters.bytes_read = count("count_axi_read")?;
        counters.bytes_written = count("count_axi_written")?;
        counters.saturated = count("count_saturated")?;
        Ok(Run { outcome: Outcome { end, counters }, cycles })
    }
}
