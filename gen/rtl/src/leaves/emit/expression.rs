//! Expressions, each with its width and how tightly its text holds together.

use super::{Assigned, Writer, number};
use rust_hdl_core::ast::{VerilogExpression as Expression, VerilogOp as Op, VerilogOpUnary as UnaryOp};
use rust_hdl_core::atom::AtomKind;

/// A number of a width: decimal where a reader would write it so.
pub(super) fn sized(value: u128, width: usize) -> Result<String, String> {
    if width < 128 && value >> width != 0 {
        return Err(format!("{value} does not fit in {width} bits"));
    }
    Ok(match (width, value) {
        (1, _) => format!("1'b{value}"),
        (_, 0..10_000) => format!("{width}'d{value}"),
        _ => format!("{width}'h{value:x}"),
    })
}

/// How tightly an expression's text holds together.
#[derive(Clone, Copy, PartialEq)]
enum Bond {
    Primary,
    Unary,
    Binary(&'static str),
}

pub(super) struct Text {
    pub(super) code: String,
    pub(super) width: usize,
    bond: Bond,
}

impl Text {
    fn primary(code: String, width: usize) -> Self {
        Self { code, width, bond: Bond::Primary }
    }

    /// The text as an operand of `operator`: in parentheses unless it needs none in any reading.
    fn operand(self, operator: &str) -> String {
        match self.bond {
            Bond::Primary => self.code,
            Bond::Binary(own) if own == operator && ["&", "|", "^", "&&", "||"].contains(&own) => self.code,
            Bond::Unary if self.code.starts_with(['~', '!']) && !operator.is_empty() => self.code,
            _ => format!("({})", self.code),
        }
    }
}

impl Writer<'_> {
    /// The value of an expression of literals, const generics and loop variables.
    fn constant(&self, expression: &Expression) -> Option<u128> {
        match stripped(expression) {
            Expression::Literal(literal) => number(literal),
            Expression::Signal(name) => self.constants.get(name).map(|&v| v.into()),
            Expression::Binary(a, op, b) => {
                let (a, b) = (self.constant(a)?, self.constant(b)?);
                match op {
                    Op::Add => a.checked_add(b),
                    Op::Sub => a.checked_sub(b),
                    Op::Mul => a.checked_mul(b),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A signal that may be read here, or a constant's number.
    fn signal(&self, name: &str, assigned: &Assigned) -> Result<Text, String> {
        let flat = match name.split_once('[') {
            Some((array, index)) => {
                let index = index.trim_end_matches(']');
                let index = self.constants.get(index).copied().or_else(|| index.parse().ok());
                format!("{array}${}", index.ok_or_else(|| format!("`{name}`: the index is not a constant"))?)
            }
            None => name.to_owned(),
        };
        let signal = self.atoms.find(&flat)?;
        if let Some(value) = signal.value {
            return Ok(Text::primary(sized(value, signal.width)?, signal.width));
        }
        if signal.kind != AtomKind::InputParameter && !assigned.contains(&flat) {
            return Err(format!("`{flat}` is read where it may not have been assigned"));
        }
        Ok(Text::primary(flat, signal.width))
    }

    /// The name and width of what a part is taken from.
    fn whole(&self, expression: &Expression, assigned: &Assigned) -> Result<Text, String> {
        match stripped(expression) {
            Expression::Signal(name) => self.signal(name, assigned),
            _ => Err("bits are taken of an expression: store it in a local of its own width first".into()),
        }
    }

    /// `expected`: the width that a bare number takes.
    pub(super) fn expression(
        &self,
        expression: &Expression,
        expected: Option<usize>,
        assigned: &Assigned,
    ) -> Result<Text, String> {
        if let Some(value) = self.constant(expression) {
            let width = expected.ok_or_else(|| format!("nothing gives {value} a width"))?;
            return Ok(Text::primary(sized(value, width)?, width));
        }
        match stripped(expression) {
            Expression::Signal(name) => self.signal(name, assigned),
            Expression::Index(signal, index) => self.index(signal, index, assigned),
            Expression::Slice(signal, width, offset) => self.slice(signal, *width, offset, assigned),
            Expression::Cast(inner, width) => self.cast(inner, *width, assigned),
            Expression::Unary(op, operand) => self.unary(op, operand, expected, assigned),
            Expression::Binary(a, op, b) => match self.concatenation(stripped(expression), assigned)? {
                Some(text) => Ok(text),
                None => self.binary(a, op, b, expected, assigned),
            },
            _ => Err("signed casts and bit replacement are not rendered in a leaf".into()),
        }
    }

    fn index(&self, signal: &Expression, index: &Expression, assigned: &Assigned) -> Result<Text, String> {
        let whole = self.whole(signal, assigned)?;
        let index = match self.constant(index) {
            Some(index) if index < whole.width as u128 => index.to_string(),
            Some(index) => return Err(format!("`{}` has no bit {index}", whole.code)),
            None => self.whole(index, assigned)?.code,
        };
        if whole.width == 1 {
            return Ok(whole);
        }
        Ok(Text::primary(format!("{}[{index}]", whole.code), 1))
    }

    fn slice(
        &self,
        signal: &Expression,
        width: usize,
        offset: &Expression,
        assigned: &Assigned,
    ) -> Result<Text, String> {
        let whole = self.whole(signal, assigned)?;
        let name = &whole.code;
        let code = match self.constant(offset) {
            Some(low) if low + width as u128 > whole.width as u128 => {
                return Err(format!("`{name}` has no bits [{low} +: {width}]"));
            }
            Some(_) if width == whole.width => whole.code,
            Some(low) if width == 1 => format!("{name}[{low}]"),
            Some(low) => format!("{name}[{}:{low}]", low + width as u128 - 1),
            None => format!("{name}[{} +: {width}]", self.whole(offset, assigned)?.code),
        };
        Ok(Text::primary(code, width))
    }

    fn cast(&self, inner: &Expression, width: usize, assigned: &Assigned) -> Result<Text, String> {
        let text = self.expression(inner, Some(width), assigned)?;
        if text.bond != Bond::Primary {
            return Err(format!("`{}` is cast: store it in a local of its own width first", text.code));
        }
        if text.width < width {
            Ok(Text::primary(format!("{{{}, {}}}", sized(0, width - text.width)?, text.code), width))
        } else if text.width == width {
            Ok(text)
        } else {
            let zero = Expression::Literal(0u32.into());
            self.slice(inner, width, &zero, assigned)
        }
    }

    fn unary(
        &self,
        op: &UnaryOp,
        operand: &Expression,
        expected: Option<usize>,
        assigned: &Assigned,
    ) -> Result<Text, String> {
        let inner = self.expression(operand, expected, assigned)?;
        let (sign, width) = match op {
            UnaryOp::Not if inner.width == 1 => ("!", 1),
            UnaryOp::Not => ("~", inner.width),
            UnaryOp::Neg => return Err("`-x` is not rendered: write `0 - x`".into()),
            // The reduction of a single bit is the bit.
            _ if inner.width == 1 => return Ok(inner),
            UnaryOp::All => ("&", 1),
            UnaryOp::Any => ("|", 1),
            UnaryOp::Xor => ("^", 1),
        };
        Ok(Text { code: format!("{sign}{}", inner.operand("")), width, bond: Bond::Unary })
    }

    fn binary(
        &self,
        a: &Expression,
        op: &Op,
        b: &Expression,
        expected: Option<usize>,
        assigned: &Assigned,
    ) -> Result<Text, String> {
        let sign = symbol(op);
        let shift = matches!(op, Op::Shl | Op::Shr);
        let compare = matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge);
        if matches!(op, Op::Mul) {
            return Err("a product must be all that is assigned".into());
        }
        if shift {
            let left = self.expression(a, expected, assigned)?;
            let distance = match self.constant(b) {
                Some(distance) => distance.to_string(),
                None => self.whole(b, assigned)?.code,
            };
            let width = left.width;
            return Ok(Text {
                code: format!("{} {sign} {distance}", left.operand(sign)),
                width,
                bond: Bond::Binary(sign),
            });
        }
        let context = if compare { None } else { expected };
        // A bare number takes the other side's width.
        let (left, right) = if self.constant(a).is_some() {
            let right = self.expression(b, context, assigned)?;
            (self.expression(a, Some(right.width), assigned)?, right)
        } else {
            let left = self.expression(a, context, assigned)?;
            let width = left.width;
            (left, self.expression(b, Some(width), assigned)?)
        };
        let right = match op {
            // Rust's `Bits<N> + bool`.
            Op::Add if right.width == 1 && left.width > 1 => self.cast(b, left.width, assigned)?,
            _ => right,
        };
        if left.width != right.width {
            return Err(format!("`{} {sign} {}`: {} and {} bits", left.code, right.code, left.width, right.width));
        }
        let width = if compare { 1 } else { left.width };
        let code = format!("{} {sign} {}", left.operand(sign), right.operand(sign));
        Ok(Text { code, width, bond: Bond::Binary(sign) })
    }

    /// rust-hdl multiplies 16 by 16 bits to 32; Verilog does so only when both operands are as wide as the
    /// product.
    pub(super) fn product(
        &self,
        a: &Expression,
        b: &Expression,
        width: usize,
        assigned: &Assigned,
    ) -> Result<Text, String> {
        let mut operands = Vec::new();
        for side in [a, b] {
            let inner = match stripped(side) {
                Expression::Cast(inner, 16) => inner,
                other => other,
            };
            let text = self.cast(inner, width, assigned)?;
            if self.expression(side, Some(16), assigned)?.width != 16 || width != 32 {
                return Err("`*` takes 16 by 16 bits to a local of 32".into());
            }
            operands.push(text.code);
        }
        Ok(Text { code: operands.join(" * "), width, bond: Bond::Binary("*") })
    }

    /// `(bit_cast::<N, _>(a) << k) | bit_cast::<N, _>(b)` with fields that do not meet is `{a, b}`.
    fn concatenation(&self, expression: &Expression, assigned: &Assigned) -> Result<Option<Text>, String> {
        let mut fields = Vec::new();
        let Some(width) = self.fields(expression, 0, None, &mut fields, assigned)? else {
            return Ok(None);
        };
        fields.sort_by_key(|(low, _)| *low);
        let mut parts = Vec::new();
        let mut next = 0;
        for (low, text) in fields {
            if low < next {
                return Ok(None);
            }
            if low > next {
                parts.push(sized(0, low - next)?);
            }
            next = low + text.width;
            parts.push(text.code);
        }
        if next > width {
            return Ok(None);
        }
        if next < width {
            parts.push(sized(0, width - next)?);
        }
        parts.reverse();
        Ok(Some(Text::primary(format!("{{{}}}", parts.join(", ")), width)))
    }

    /// Collects the fields of what may be a concatenation, and gives its width; none when it is something
    /// else.
    fn fields(
        &self,
        expression: &Expression,
        low: usize,
        width: Option<usize>,
        fields: &mut Vec<(usize, Text)>,
        assigned: &Assigned,
    ) -> Result<Option<usize>, String> {
        match stripped(expression) {
            Expression::Cast(inner, width) if self.constant(inner).is_none() => {
                let text = self.expression(inner, None, assigned)?;
                if text.bond != Bond::Primary || text.width > *width {
                    return Ok(None);
                }
                fields.push((low, text));
                Ok(Some(*width))
            }
            Expression::Binary(inner, Op::Shl, distance) => match self.constant(distance) {
                Some(distance) => self.fields(inner, low + distance as usize, width, fields, assigned),
                None => Ok(None),
            },
            Expression::Binary(a, Op::BitOr, b) => {
                let Some(width) = self.fields(a, low, width, fields, assigned)? else {
                    return Ok(None);
                };
                match self.fields(b, low, Some(width), fields, assigned)? {
                    Some(other) if other == width => Ok(Some(width)),
                    _ => Ok(None),
                }
            }
            other => match (self.constant(other), width) {
                // A bare number takes the room up to its own leading one.
                (Some(value), Some(width)) if value > 0 => {
                    let own = value.ilog2() as usize + 1;
                    fields.push((low, Text::primary(sized(value, own)?, own)));
                    Ok(Some(width))
                }
                _ => Ok(None),
            },
        }
    }
}

pub(super) fn stripped(expression: &Expression) -> &Expression {
    match expression {
        Expression::Paren(inner) => stripped(inner),
        _ => expression,
    }
}

fn symbol(op: &Op) -> &'static str {
    match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::LogicalAnd => "&&",
        Op::LogicalOr => "||",
        Op::BitXor => "^",
        Op::BitAnd => "&",
        Op::BitOr => "|",
        Op::Shl => "<<",
        Op::Shr => ">>",
        Op::Eq => "==",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Ne => "!=",
        Op::Ge => ">=",
        Op::Gt => ">",
    }
}
