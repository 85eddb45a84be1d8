//! Statements: assignments, conditions, and loops, which are unrolled or become tables.

use super::expression::{sized, stripped};
use super::{Assigned, Writer};
use rust_hdl_core::ast::{
    VerilogBlockOrConditional, VerilogConditional, VerilogExpression as Expression, VerilogLoop, VerilogOp as Op,
    VerilogStatement as Statement,
};

impl Writer<'_> {
    pub(super) fn block(
        &mut self,
        block: &[Statement],
        depth: usize,
        assigned: &mut Assigned,
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        for statement in block {
            self.statement(statement, depth, assigned, lines)?;
        }
        Ok(())
    }

    fn statement(
        &mut self,
        statement: &Statement,
        depth: usize,
        assigned: &mut Assigned,
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        match statement {
            Statement::Assignment(target, value) => {
                let line = self.assignment(target, value, assigned)?;
                lines.push(indented(depth, &line));
                Ok(())
            }
            Statement::If(conditional) => self.conditional(conditional, depth, assigned, lines),
            Statement::Loop(repeat) => self.repeat(repeat, depth, assigned, lines),
            Statement::Comment(text) => {
                if lines.last().is_some_and(|line| !line.ends_with("begin") && !line.trim_start().starts_with("//")) {
                    lines.push(String::new());
                }
                // rust-hdl hands over the macro's text up to the closing quote.
                let text = text.split_once('"').map_or(text.as_str(), |(_, comment)| comment);
                lines.push(indented(depth, &format!("// {text}")));
                Ok(())
            }
            _ => Err("only assignments, `if`, `for` and `comment!` are rendered in a leaf".into()),
        }
    }

    fn assignment(&self, target: &Expression, value: &Expression, assigned: &mut Assigned) -> Result<String, String> {
        let Expression::Signal(name) = target else {
            return Err("only whole signals can be assigned".into());
        };
        let name = name.trim_end_matches("$next");
        let width = self.atoms.find(name)?.width;
        let value = match stripped(value) {
            Expression::Binary(a, Op::Mul, b) => self.product(a, b, width, assigned)?,
            value => self.expression(value, Some(width), assigned)?,
        };
        if value.width != width {
            return Err(format!("`{name}` has {width} bits, what is assigned to it {}: {}", value.width, value.code));
        }
        assigned.insert(name.to_owned());
        Ok(format!("{name} = {};", value.code))
    }

    fn conditional(
        &mut self,
        conditional: &VerilogConditional,
        depth: usize,
        assigned: &mut Assigned,
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        let mut tail = conditional;
        let mut opening = String::new();
        let mut common: Option<Assigned> = None;
        let meet = |common: Option<Assigned>, branch: Assigned| match common {
            Some(other) => Some(&other & &branch),
            None => Some(branch),
        };
        loop {
            let test = self.expression(&tail.test, Some(1), assigned)?;
            if test.width != 1 {
                return Err(format!("a condition has {} bits: {}", test.width, test.code));
            }
            lines.push(indented(depth, &format!("{opening}if ({}) begin", test.code)));
            let mut branch = assigned.clone();
            self.block(&tail.then, depth + 1, &mut branch, lines)?;
            common = meet(common, branch);
            opening = "end else ".into();
            match &tail.otherwise {
                VerilogBlockOrConditional::Conditional(next) => match &**next {
                    Statement::If(next) => tail = next,
                    _ => return Err("`else` is followed by neither `if` nor a block".into()),
                },
                VerilogBlockOrConditional::Block(block) => {
                    lines.push(indented(depth, "end else begin"));
                    let mut branch = assigned.clone();
                    self.block(block, depth + 1, &mut branch, lines)?;
                    common = meet(common, branch);
                    break;
                }
                VerilogBlockOrConditional::None => {
                    common = meet(common, assigned.clone());
                    break;
                }
            }
        }
        lines.push(indented(depth, "end"));
        *assigned = common.unwrap_or_default();
        Ok(())
    }

    /// A loop is unrolled; one whose body is `if signal == i {…}` is a table and becomes a `case`, a long one a
    /// `case` of them.
    fn repeat(
        &mut self,
        repeat: &VerilogLoop,
        depth: usize,
        assigned: &mut Assigned,
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        let bounds = repeat.from.as_usize()..repeat.to.as_usize();
        let outer = self.constants.get(&repeat.index).copied();
        if let Some((selector, body)) = table(repeat) {
            let select = self.expression(selector, None, assigned)?;
            let full = bounds == (0..1 << select.width);
            let mut after = assigned.clone();
            let mut arms = Vec::new();
            for value in bounds.clone() {
                self.constants.insert(repeat.index.clone(), value as u64);
                let mut branch = assigned.clone();
                let mut arm = Vec::new();
                self.block(body, 0, &mut branch, &mut arm)?;
                arms.push((value, vec![format!("begin {} end", arm.join(" "))]));
                after = branch;
            }
            if full {
                *assigned = after;
            }
            let long = arms.len() > FLAT && bounds.start == 0 && !select.code.contains('[');
            let table = if long { nested } else { case }(&select.code, select.width, arms)?;
            lines.extend(table.iter().map(|line| indented(depth, line)));
        } else {
            for value in bounds {
                self.constants.insert(repeat.index.clone(), value as u64);
                self.block(&repeat.block, depth, assigned, lines)?;
            }
        }
        match outer {
            Some(value) => self.constants.insert(repeat.index.clone(), value),
            None => self.constants.remove(&repeat.index),
        };
        Ok(())
    }
}

/// Rows of a table that are one `case`. Of more, synthesis makes a decoder larger than what it selects from.
const FLAT: usize = 32;
/// Bits that select within a part of a long table.
const PART_BITS: usize = 3;

/// A value of a selector, and the lines that stand at it.
type Arm = (usize, Vec<String>);

/// A `case` whose last arm is the default where there is one for each value.
fn case(select: &str, width: usize, arms: Vec<Arm>) -> Result<Vec<String>, String> {
    let full = arms.len() == 1 << width;
    let mut lines = vec![format!("case ({select})")];
    let last = arms.len() - 1;
    for (i, (value, arm)) in arms.into_iter().enumerate() {
        let label = if full && i == last { "default".to_owned() } else { sized(value as u128, width)? };
        let (first, rest) = arm.split_first().ok_or("an arm is empty")?;
        lines.push(indented(1, &format!("{label}: {first}")));
        lines.extend(rest.iter().map(|line| indented(1, line)));
    }
    if !full {
        lines.push(indented(1, "default: ;"));
    }
    lines.push("endcase".into());
    Ok(lines)
}

/// A table from zero on in parts: by the upper bits of the signal `select`, and by the lower ones in each.
fn nested(select: &str, width: usize, arms: Vec<Arm>) -> Result<Vec<String>, String> {
    let lower = format!("{select}[{}:0]", PART_BITS - 1);
    let parts = arms.chunks(1 << PART_BITS).enumerate().map(|(part, rows)| {
        let rows = rows.iter().enumerate().map(|(row, (_, arm))| (row, arm.clone())).collect();
        Ok((part, case(&lower, PART_BITS, rows)?))
    });
    let parts = parts.collect::<Result<_, String>>()?;
    case(&format!("{select}[{}:{PART_BITS}]", width - 1), width - PART_BITS, parts)
}

/// The selector and the arm of a loop that is a table.
fn table(repeat: &VerilogLoop) -> Option<(&Expression, &[Statement])> {
    let [Statement::If(only)] = repeat.block.as_slice() else { return None };
    let Expression::Binary(selector, Op::Eq, index) = stripped(&only.test) else { return None };
    let index = matches!(stripped(index), Expression::Signal(name) if *name == repeat.index);
    let assignments = only.then.iter().all(|s| matches!(s, Statement::Assignment(..)));
    (index && assignments && matches!(only.otherwise, VerilogBlockOrConditional::None))
        .then_some((selector, only.then.as_slice()))
}

fn indented(depth: usize, line: &str) -> String {
    format!("{}{line}", "    ".repeat(depth))
}
