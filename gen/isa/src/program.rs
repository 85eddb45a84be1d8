//! A program: its bytes, and what can be said of it without running it.

use crate::{BYTES, Fault, Instruction, Operation, WORDS};

/// Instructions from the first to `halt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// In the order of their addresses.
    pub instructions: Vec<Instruction>,
}

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The instruction's number.
    pub at: usize,
    /// What the accelerator would stop with.
    pub fault: Fault,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "instruction {}: {}", self.at, self.fault)
    }
}

impl std::error::Error for Defect {}

impl Program {
    /// Its bytes, little-endian.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.instructions.iter().flat_map(Instruction::encode).flat_map(u32::to_le_bytes).collect()
    }

    /// The program of bytes.
    ///
    /// # Errors
    /// Every defect: bytes that are no instruction, an end within one, and those of [`Self::check`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Defect>> {
        let mut defects = Vec::new();
        let mut program = Self::default();
        for (at, chunk) in bytes.chunks(BYTES).enumerate() {
            let mut words = [0; WORDS];
            for (word, bytes) in words.iter_mut().zip(chunk.chunks_exact(4)) {
                *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
            match (chunk.len(), Instruction::decode(&words)) {
                (BYTES, Ok(instruction)) => program.instructions.push(instruction),
                (BYTES, Err(fault)) => defects.push(Defect { at, fault }),
                _ => defects.push(Defect { at, fault: Fault::ProgramSize }),
            }
        }
        if defects.is_empty() { program.check().map(|()| program) } else { Err(defects) }
    }

    /// Demands that it can run to its end: loops that match and do not nest, `halt` last.
    ///
    /// # Errors
    /// Every place where it cannot.
    pub fn check(&self) -> Result<(), Vec<Defect>> {
        let mut defects = Vec::new();
        let mut open = None;
        for (at, instruction) in self.instructions.iter().enumerate() {
            let fault = match instruction.operation {
                _ if !instruction.is_encodable() => Some(Fault::Instruction),
                Operation::Repeat(_) => open.replace(at).map(|_| Fault::Loop),
                Operation::End(_) => open.take().is_none().then_some(Fault::Loop),
                _ => None,
            };
            defects.extend(fault.map(|fault| Defect { at, fault }));
        }
        defects.extend(open.map(|at| Defect { at, fault: Fault::Loop }));
        let last = self.instructions.last().map(|instruction| instruction.operation);
        match last {
            None => defects.push(Defect { at: 0, fault: Fault::ProgramSize }),
            Some(Operation::Halt(_)) => {}
            Some(_) => defects.push(Defect { at: self.instructions.len(), fault: Fault::ProgramEnd }),
        }
        if defects.is_empty() { Ok(()) } else { Err(defects) }
    }
}

/// One instruction a line, numbered; the body of a loop is indented.
impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut depth = 0;
        for (at, instruction) in self.instructions.iter().enumerate() {
            depth -= usize::from(matches!(instruction.operation, Operation::End(_)) && depth > 0);
            writeln!(f, "{at:4}  {:width$}{instruction}", "", width = 2 * depth)?;
            depth += usize::from(matches!(instruction.operation, Operation::Repeat(_)));
        }
        Ok(())
    }
}
