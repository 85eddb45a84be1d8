//! The whole accelerator: an interpreter of its programs, instruction by instruction, on the memories that
//! the hardware has.
//!
//! What the hardware does at the same time is done here in the order of the program. That both agree is a
//! property of the program: of every row, `order` knows which instruction may still be at work on it, and an
//! access that no wait covers is an [`Error`] of the program, as is the reading of a row that was never
//! written. What the accelerator itself would stop with is a [`Fault`], and an outcome like any other.

mod config;
mod external;
mod gemm;
mod memory;
mod order;
mod rows;
mod transfer;
mod trouble;

pub use config::AcceleratorConfig;
pub use external::{External, Flat};
pub use memory::{Memories, RowAddress};

use crate::{Error, Result};
use alberti_arith::Format;
use alberti_isa::{ADDRESS_BITS, BYTES, Count, Fault, Instruction, Memory, Operation, Repeat, Waits};
use gemm::Tiles;
use order::Order;
use trouble::{Trouble, Work};

/// What software has written before it starts a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// Where the program lies in external memory.
    pub program_base: u64,
    /// Bytes of the program.
    pub program_length: u32,
    /// What data addresses count from.
    pub data_base: u64,
    /// Entropy in bits, Q6.10, below which a program ends early.
    pub entropy_threshold: u16,
}

/// How a program came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At its `halt`.
    Halted,
    /// At an `exit`, after so many layers.
    Exited {
        /// The layer.
        layer: u32,
    },
    /// By a fault.
    Stopped {
        /// Which.
        fault: Fault,
        /// The instruction's number.
        at: usize,
    },
}

/// Events of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions that were done.
    pub instructions: u64,
    /// Vectors that went through the array.
    pub vectors: u64,
    /// Of these, vectors of zeros.
    pub held: u64,
    /// Results of 16 bits of the array and of elementwise at an end of their range, where they saturate.
    pub saturated: u64,
    /// Of these, those of elementwise: residual sums.
    pub saturated_sums: u64,
    /// Masks whose values do not begin where those before ended.
    pub misplaced: u64,
    /// Masks that an instruction reads as blocks, with one of a wrong number of ones, as plain ones have.
    pub mask_errors: u64,
    /// Mask words with one wrong bit, which was corrected.
    pub corrected: u64,
    /// Mask words with two wrong bits.
    pub detected: u64,
    /// Bytes read from external memory, those of the program included.
    pub bytes_read: u64,
    /// Bytes written to external memory.
    pub bytes_written: u64,
    /// Rows of each memory.
    rows: [Accesses; Memory::ALL.len()],
}

/// How often rows of a memory were accessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Rows read, as often as the hardware reads them: it keeps none for the next column, or the next row of
    /// a tensor.
    pub read: u64,
    /// Rows written.
    pub written: u64,
}

impl Counters {
    /// The accesses of a memory. Of weight values these are the rows that the decoder reads: one that a
    /// record has begun is kept for the next, until weights are loaded or a program begins.
    #[must_use]
    pub fn accesses(&self, memory: Memory) -> Accesses {
        self.rows[memory as usize]
    }

    fn read(&mut self, memory: Memory, rows: usize) {
        self.rows[memory as usize].read += rows as u64;
    }
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its end.
    pub end: End,
    /// What happened.
    pub counters: Counters,
}

/// What one instruction has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the program.
    pub at: usize,
    /// The instruction.
    pub instruction: Instruction,
    /// Rows that it has written, as they are now.
    pub written: Vec<RowAddress>,
}

/// What became of an instruction by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The end that it brings a program to, if it does.
    pub end: Option<End>,
    /// Rows that it has written, in order, as they are now.
    pub written: Vec<RowAddress>,
}

/// An accelerator: what it is, and what its memories hold.
#[derive(Clone, Debug)]
pub struct Interpreter {
    config: AcceleratorConfig,
    memories: Memories,
    tiles: Tiles,
}

impl Interpreter {
    /// An accelerator after power-up: its memories have not been written.
    ///
    /// # Errors
    /// When no such accelerator can be built.
    pub fn new(config: AcceleratorConfig) -> Result<Self> {
        config.check()?;
        Ok(Self { memories: Memories::new(&config)?, tiles: Tiles::default(), config })
    }

    /// What the memories hold.
    #[must_use]
    pub fn memories(&self) -> &Memories {
        &self.memories
    }

    /// What the design fixes.
    #[must_use]
    pub fn config(&self) -> &AcceleratorConfig {
        &self.config
    }

    /// Puts weights into their memories: rows of packed codes and mask words, from the first on.
    ///
    /// # Errors
    /// When they are wider or more than the memories.
    pub fn set_weights(&mut self, values: &[u16], masks: &crate::Image) -> Result<()> {
        self.tiles = Tiles::default();
        self.memories.set_weights(&self.config, values, masks)
    }

    /// Puts a row into its memory as a `load` does: little-endian, lane 0 first.
    ///
    /// # Errors
    /// When there is no such row, or there are fewer bytes than it has.
    pub fn set_row(&mut self, row: RowAddress, bytes: &[u8]) -> Result<()> {
        let (rows, least) = (self.memories.rows(row.memory), self.memories.bits(row.memory).div_ceil(8));
        if row.row as usize >= rows || bytes.len() < least {
            let (name, at) = (row.memory.name(), row.row);
            return Err(Error::new(format!(
                "row {at} of {} bytes: the {name} memory has {rows} rows of {least}",
                bytes.len()
            )));
        }
        self.tiles = Tiles::default();
        // Outside of a program no access can be amiss.
        self.memories.write_row(&Order::default(), row, bytes).map_err(|_| Error::new("a row that cannot be written"))
    }

    /// Does one instruction by itself, on what the memories hold: nothing is unfinished before it.
    ///
    /// # Errors
    /// When it reads what was never written, or what it has written itself.
    pub fn perform(
        &mut self,
        operation: Operation,
        registers: &Registers,
        external: &mut dyn External,
    ) -> Result<Performed> {
        self.memories.begin();
        self.tiles.forget();
        let instruction = Instruction { waits: Waits::NONE, operation };
        let (mut counters, mut order) = (Counters::default(), Order::default());
        order.issue(instruction);
        let mut run = Execution {
            accelerator: self,
            registers,
            external,
            counters: &mut counters,
            order: &mut order,
            written: Vec::new(),
            iteration: 0,
        };
        let end = match run.work(operation) {
            Ok(end) => end,
            Err(Trouble::Fault(fault)) => Some(End::Stopped { fault, at: 0 }),
            Err(Trouble::Program(error)) => return Err(error.within(format_args!("{instruction}"))),
        };
        Ok(Performed { end, written: run.written })
    }

    /// Runs the program that lies in external memory, and shows `watch` every instruction when it is done.
    ///
    /// # Errors
    /// When the program reads what was never written, or what an instruction before it may still be at work
    /// on.
    pub fn run(
        &mut self,
        registers: &Registers,
        external: &mut dyn External,
        mut watch: impl FnMut(&Step, &Memories),
    ) -> Result<Outcome> {
        let mut counters = Counters::default();
        self.memories.begin();
        self.tiles.forget();
        let stopped = |fault, at, counters| Ok(Outcome { end: End::Stopped { fault, at }, counters });
        let program = match self.fetch(registers, external, &mut counters) {
            Ok(program) => program,
            Err(fault) => return stopped(fault, 0, counters),
        };
        let mut order = Order::default();
        let (mut at, mut repeat) = (0, None::<Loop>);
        loop {
            let Some(words) = program.get(at) else { return stopped(Fault::ProgramEnd, at, counters) };
            let instruction = match Instruction::decode(words) {
                Ok(instruction) => instruction,
                Err(fault) => return stopped(fault, at, counters),
            };
            let mut next = at + 1;
            let mut run = Execution {
                accelerator: self,
                registers,
                external: &mut *external,
                counters: &mut counters,
                order: &mut order,
                written: Vec::new(),
                iteration: repeat.map_or(0, |repeat| repeat.done),
            };
            run.order.issue(instruction);
            let end = match instruction.operation {
                Operation::Repeat(Repeat { count: Count(count) }) => {
                    if repeat.replace(Loop { first: next, count, done: 0 }).is_some() {
                        return stopped(Fault::Loop, at, counters);
                    }
                    None
                }
                Operation::End(_) => {
                    let Some(body) = &mut repeat else { return stopped(Fault::Loop, at, counters) };
                    body.done += 1;
                    if body.done < body.count {
                        next = body.first;
                    } else {
                        repeat = None;
                    }
                    None
                }
                operation => match run.work(operation) {
                    Ok(end) => end,
                    Err(trouble) => return trouble.outcome(at, instruction, counters),
                },
            };
            let written = std::mem::take(&mut run.written);
            counters.instructions += 1;
            watch(&Step { at, instruction, written }, &self.memories);
            if let Some(end) = end {
                return Ok(Outcome { end, counters });
            }
            at = next;
        }
    }

    /// The program, as it is fetched into the program memory.
    fn fetch(
        &self,
        registers: &Registers,
        external: &mut dyn External,
        counters: &mut Counters,
    ) -> std::result::Result<Vec<alberti_isa::Words>, Fault> {
        let bytes = registers.program_length as usize;
        if bytes == 0 || !bytes.is_multiple_of(BYTES) || bytes / BYTES > self.config.program_instructions {
            return Err(Fault::ProgramSize);
        }
        let mut content = vec![0; bytes];
        external::read(&self.config, external, registers.program_base, &mut content)?;
        counters.bytes_read += bytes as u64;
        let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let words = |bytes: &[u8]| std::array::from_fn(|i| word(&bytes[4 * i..]));
        Ok(content.chunks_exact(BYTES).map(words).collect())
    }
}

/// The loop that a program is in.
#[derive(Clone, Copy)]
struct Loop {
    first: usize,
    count: u32,
    done: u32,
}

impl Trouble {
    fn outcome(self, at: usize, instruction: Instruction, counters: Counters) -> Result<Outcome> {
        match self {
            Self::Fault(fault) => Ok(Outcome { end: End::Stopped { fault, at }, counters }),
            Self::Program(error) => Err(error.within(format_args!("instruction {at}, {instruction}"))),
        }
    }
}

/// One instruction at work.
struct Execution<'a> {
    accelerator: &'a mut Interpreter,
    registers: &'a Registers,
    external: &'a mut dyn External,
    counters: &'a mut Counters,
    order: &'a mut Order,
    written: Vec<RowAddress>,
    iteration: u32,
}

impl Execution<'_> {
    /// Does an instruction, and says to what end it brings the program. Where loops go next is not its own
    /// affair.
    fn work(&mut self, operation: Operation) -> Work<Option<End>> {
        match operation {
            Operation::Gemm(gemm) => self.gemm(gemm)?,
            Operation::Softmax(softmax) => self.softmax(softmax)?,
            Operation::HierarchicalSoftmax(softmax) => self.hierarchical_softmax(softmax)?,
            Operation::Layernorm(layernorm) => self.layernorm(layernorm)?,
            Operation::Elementwise(elementwise) => self.elementwise(elementwise)?,
            Operation::Load(load) => self.load(load)?,
            Operation::Store(store) => self.store(store)?,
            Operation::Halt(_) => return Ok(Some(End::Halted)),
            Operation::Exit(exit) => return Ok(self.exit(exit)?.map(|layer| End::Exited { layer })),
            Operation::Repeat(_) | Operation::End(_) => {}
        }
        Ok(None)
    }

    /// A row was written.
    fn wrote(&mut self, row: RowAddress) {
        self.counters.rows[row.memory as usize].written += 1;
        self.written.push(row);
    }

    /// Demands a number that the design has room for.
    fn limit(&self, number: usize, most: usize) -> Work {
        if number > most { Err(Fault::Instruction.into()) } else { Ok(()) }
    }
}

/// How often each of two steps is taken.
type Steps = [(u32, u32); 2];

/// An address so many steps from a base: sums keep the bits of an address alone.
fn address<const N: usize>(base: u32, steps: [(u32, u32); N]) -> u32 {
    let sum = steps.iter().fold(base, |sum, &(count, step)| sum.wrapping_add(count.wrapping_mul(step)));
    sum & ((1 << ADDRESS_BITS) - 1)
}

/// The format of codes: the units around the array have no other.
const CODE: Format = Format::AF8_3;
