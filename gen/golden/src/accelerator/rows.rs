//! What is done to rows beside the array: softmax, layer norm, sums, and the decision to end early.

use super::{CODE, Execution, RowAddress, Work, address};
use crate::{elementwise, entropy, hierarchical_softmax::Hierarchy, layernorm::LayerNorm, softmax};
use alberti_arith::{Fixed, Format};
use alberti_isa::{Elementwise, Exit, Fault, HierarchicalSoftmax, Layernorm, Memory, Softmax};

/// The largest exponent bias of a layer norm: with 10 fraction bits and a channel's shift of 3 it is the
/// largest shift.
const BIAS_MAX: i32 = 50;

impl Execution<'_> {
    pub(super) fn softmax(&mut self, op: Softmax) -> Work {
        let config = &self.accelerator.config;
        let n = config.n;
        self.limit(op.tiles.get() * n, config.softmax_max)?;
        self.limit(op.count.get(), op.tiles.get() * n)?;
        let unit = softmax::Softmax::new(config.softmax_lanes, config.maximum)?;
        self.counters.read(Memory::Wide, op.rows.get() * op.tiles.get());
        for row in 0..op.rows.0 {
            let mut scores = Vec::with_capacity(op.tiles.get() * n);
            for tile in 0..op.tiles.0 {
                let at = address(op.source_base, [(tile, op.source_tile), (row, op.source_row)]);
                scores.extend_from_slice(self.accelerator.memories.read_numbers(self.order, at)?);
            }
            let mask: Vec<u8> = (0..scores.len()).map(|column| span_mask(&op, row, column as u32)).collect();
            let codes = unit.row(&scores, op.count.get(), &mask)?.codes;
            for (tile, codes) in (0..op.tiles.0).zip(codes.chunks_exact(n)) {
                let at = address(op.result_base, [(tile, op.result_tile), (row, op.result_row)]);
                self.put_codes(at, codes)?;
            }
        }
        Ok(())
    }

    pub(super) fn hierarchical_softmax(&mut self, op: HierarchicalSoftmax) -> Work {
        let n = self.accelerator.config.n;
        let most = self.accelerator.config.hierarchy_max.ok_or(Fault::Instruction)?;
        let of = Hierarchy { parents: op.parents.get(), children: op.children.get(), largest: op.largest.get() };
        self.limit(of.parents, most.parents)?;
        self.limit(of.children, most.children)?;
        self.limit(of.largest, of.parents)?;
        let tiles = of.scores().div_ceil(n) as u32;
        // The unit keeps no scores: it is given every row twice.
        self.counters.read(Memory::Wide, 2 * op.rows.get() * tiles as usize);
        for row in 0..op.rows.0 {
            let mut scores = Vec::with_capacity(tiles as usize * n);
            for tile in 0..tiles {
                let at = address(op.source_base, [(tile, op.source_tile), (row, op.source_row)]);
                scores.extend_from_slice(self.accelerator.memories.read_numbers(self.order, at)?);
            }
            let mut codes = of.row(&scores[..of.scores()])?.codes;
            codes.resize(of.weights().next_multiple_of(n), 0);
            for (tile, codes) in (0..).zip(codes.chunks_exact(n)) {
                let at = address(op.result_base, [(tile, op.result_tile), (row, op.result_row)]);
                self.put_codes(at, codes)?;
            }
        }
        Ok(())
    }

    pub(super) fn layernorm(&mut self, op: Layernorm) -> Work {
        let n = self.accelerator.config.n;
        let channels = op.channels.get();
        self.limit(channels, self.accelerator.config.layernorm_max)?;
        if channels < 2 || op.exponent_bias > BIAS_MAX {
            return Err(Fault::Instruction.into());
        }
        let tiles = channels.div_ceil(n) as u32;
        let (mut gamma, mut beta, mut shift) = (Vec::new(), Vec::new(), Vec::new());
        for tile in 0..tiles {
            let row = address(op.parameter_base, [(tile, 1)]);
            for p in self.accelerator.memories.read_parameters(self.order, row)? {
                gamma.push(i16::from_le_bytes([p[0], p[1]]));
                beta.push(i16::from_le_bytes([p[2], p[3]]));
                shift.push(p[4] & 3);
            }
        }
        for list in [&mut gamma, &mut beta] {
            list.truncate(channels);
        }
        shift.truncate(channels);
        for memory in [Memory::Wide, Memory::Parameter] {
            self.counters.read(memory, op.rows.get() * tiles as usize);
        }
        let unit = LayerNorm::new(gamma, beta, &shift, op.exponent_bias)?;
        for row in 0..op.rows.0 {
            let mut numbers = Vec::with_capacity(tiles as usize * n);
            for tile in 0..tiles {
                let at = address(op.source_base, [(tile, op.source_tile), (row, op.source_row)]);
                numbers.extend_from_slice(self.accelerator.memories.read_numbers(self.order, at)?);
            }
            let numbers = &numbers[..channels];
            let mut norm = if op.plain { unit.plain(numbers)? } else { unit.row(numbers)? };
            norm.codes.resize(tiles as usize * n, 0);
            norm.wide.resize(tiles as usize * n, 0);
            for (tile, (codes, wide)) in (0..tiles).zip(norm.codes.chunks_exact(n).zip(norm.wide.chunks_exact(n))) {
                let steps = [(tile, op.result_tile), (row, op.result_row)];
                if op.code {
                    self.put_codes(address(op.result_base, steps), codes)?;
                }
                if op.wide {
                    self.put_numbers(address(op.wide_base, steps), wide)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn elementwise(&mut self, op: Elementwise) -> Work {
        for vector in 0..op.vectors.0 {
            let (a_format, a) = self.operand(op.a_code, address(op.a_base, [(vector, 1)]))?;
            let a = elementwise::Operand { format: a_format, codes: &a, shift: op.a_shift };
            let sum = if op.scale {
                elementwise::scale_counted(a, op.gain as i16)?
            } else {
                let (format, b) = self.operand(op.b_code, address(op.b_base, [(vector, 1)]))?;
                elementwise::add_counted(a, elementwise::Operand { format, codes: &b, shift: op.b_shift })?
            };
            self.counters.saturated += sum.saturated;
            self.counters.saturated_sums += sum.saturated;
            self.put_numbers(address(op.result_base, [(vector, 1)]), &sum.numbers)?;
        }
        Ok(())
    }

    /// The layer after which the program ends, if it does.
    pub(super) fn exit(&mut self, op: Exit) -> Work<Option<u32>> {
        let n = self.accelerator.config.n;
        let classes = op.classes.get();
        self.limit(classes, self.accelerator.config.classes_max)?;
        if classes < 2 {
            return Err(Fault::Instruction.into());
        }
        self.counters.read(Memory::Wide, classes.div_ceil(n));
        let mut logits = Vec::with_capacity(classes.next_multiple_of(n));
        for tile in 0..classes.div_ceil(n) as u32 {
            let at = address(op.source_base, [(tile, op.source_tile)]);
            logits.extend_from_slice(self.accelerator.memories.read_numbers(self.order, at)?);
        }
        let decision = entropy::decide(&logits[..classes], self.registers.entropy_threshold)?;
        Ok(decision.exit.then_some((op.layer + self.iteration) & 0xff))
    }

    /// A row of an elementwise operand, and what it is of.
    fn operand(&mut self, is_code: bool, at: u32) -> Work<(Format, Vec<u16>)> {
        self.counters.read(if is_code { Memory::Activation } else { Memory::Wide }, 1);
        let memories = &mut self.accelerator.memories;
        if is_code {
            let codes = memories.read_codes(self.order, at)?;
            return Ok((CODE, codes.iter().map(|&code| code.into()).collect()));
        }
        let integer = Fixed::new(16, 0).expect("16 bits are a format");
        let numbers = memories.read_numbers(self.order, at)?;
        Ok((Format::Fixed(integer), numbers.iter().map(|&number| number as u16).collect()))
    }

    fn put_codes(&mut self, at: u32, codes: &[u16]) -> Work {
        let codes: Vec<u8> = codes.iter().map(|&code| code as u8).collect();
        self.accelerator.memories.write_codes(self.order, at, &codes)?;
        self.wrote(RowAddress { memory: Memory::Activation, row: at });
        Ok(())
    }

    pub(super) fn put_numbers(&mut self, at: u32, numbers: &[i16]) -> Work {
        self.accelerator.memories.write_numbers(self.order, at, numbers)?;
        self.wrote(RowAddress { memory: Memory::Wide, row: at });
        Ok(())
    }
}

/// What the span leaves of a probability, of 128: `clamp((z + R − x)/R, 0, 1)` of adaptive attention spans.
fn span_mask(op: &Softmax, row: u32, column: u32) -> u8 {
    if !op.limit {
        return softmax::MASK_ONE;
    }
    let distance = (i64::from(op.first_column + column) - i64::from(op.first_row + row)).abs();
    let left = i64::from(op.span) + (1 << op.ramp) - distance;
    ((left << 7) >> op.ramp).clamp(0, i64::from(softmax::MASK_ONE)) as u8
}
