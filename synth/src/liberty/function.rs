//! The Boolean functions of Liberty: `!`, `'`, `^`, `*` `&` or a blank, `+` `|`, in falling precedence.

use std::collections::BTreeSet;

/// A Boolean expression over pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Constant(bool),
    /// A pin, or an internal state of a flip-flop.
    Pin(String),
    /// Inversion.
    Not(Box<Expr>),
    /// Conjunction.
    And(Box<Expr>, Box<Expr>),
    /// Exclusive or.
    Xor(Box<Expr>, Box<Expr>),
    /// Disjunction.
    Or(Box<Expr>, Box<Expr>),
}

/// Names and operators of a function at most: the depth of its expression is below that, and a cell of six
/// inputs needs a tenth.
const LONGEST: usize = 512;
/// Bytes of a function at most.
const LONGEST_TEXT: usize = 64 * LONGEST;

impl Expr {
    /// Read a Liberty function; the error says what was not understood.
    pub fn parse(text: &str) -> Result<Expr, String> {
        let long = || Err(format!("a function of more than {LONGEST} names and operators"));
        if text.len() > LONGEST_TEXT {
            return long();
        }
        let tokens = tokens(text)?;
        if tokens.len() > LONGEST {
            return long();
        }
        let mut reader = Reader { tokens: &tokens, next: 0 };
        let expr = reader.or()?;
        match reader.peek() {
            None => Ok(expr),
            Some(token) => Err(format!("unexpected '{token}' in the function \"{text}\"")),
        }
    }

    /// The names in the expression.
    pub fn pins(&self) -> BTreeSet<&str> {
        let mut pins = BTreeSet::new();
        self.collect(&mut pins);
        pins
    }

    fn collect<'a>(&'a self, pins: &mut BTreeSet<&'a str>) {
        match self {
            Expr::Constant(_) => {}
            Expr::Pin(name) => {
                pins.insert(name);
            }
            Expr::Not(a) => a.collect(pins),
            Expr::And(a, b) | Expr::Xor(a, b) | Expr::Or(a, b) => {
                a.collect(pins);
                b.collect(pins);
            }
        }
    }

    /// The value, with `value` for each name.
    pub fn eval(&self, value: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Expr::Constant(constant) => *constant,
            Expr::Pin(name) => value(name),
            Expr::Not(a) => !a.eval(value),
            Expr::And(a, b) => a.eval(value) && b.eval(value),
            Expr::Xor(a, b) => a.eval(value) ^ b.eval(value),
            Expr::Or(a, b) => a.eval(value) || b.eval(value),
        }
    }

    /// Bit i of the truth table is the value where pin k of `pins` is bit k of i. At most 6 pins.
    pub fn truth_table(&self, pins: &[&str]) -> Option<u64> {
        if pins.len() > 6 || !self.pins().iter().all(|pin| pins.contains(pin)) {
            return None;
        }
        let row =
            |i: usize| self.eval(&|name| pins.iter().position(|pin| *pin == name).is_some_and(|k| i >> k & 1 == 1));
        Some((0..1 << pins.len()).filter(|&i| row(i)).fold(0, |table, i| table | 1 << i))
    }

    /// The expression in Verilog, fully parenthesised.
    pub fn verilog(&self) -> String {
        match self {
            Expr::Constant(value) => format!("1'b{}", u8::from(*value)),
            Expr::Pin(name) => name.clone(),
            Expr::Not(a) => format!("~{}", a.verilog()),
            Expr::And(a, b) => format!("({} & {})", a.verilog(), b.verilog()),
            Expr::Xor(a, b) => format!("({} ^ {})", a.verilog(), b.verilog()),
            Expr::Or(a, b) => format!("({} | {})", a.verilog(), b.verilog()),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut name = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || "_[]$.".contains(c) {
            name.push(c);
            continue;
        }
        if !name.is_empty() {
            tokens.push(std::mem::take(&mut name));
        }
        match c {
            _ if c.is_whitespace() => {}
            '!' | '\'' | '^' | '*' | '&' | '+' | '|' | '(' | ')' => tokens.push(c.to_string()),
            _ => return Err(format!("unexpected '{c}' in the function \"{text}\"")),
        }
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [String],
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).map(String::as_str)
    }

    fn accept(&mut self, wanted: &[&str]) -> bool {
        let found = self.peek().is_some_and(|token| wanted.contains(&token));
        self.next += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut left = self.and()?;
        while self.accept(&["+", "|"]) {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.xor()?;
        // Two operands side by side are a conjunction.
        while self.accept(&["*", "&"]) || self.peek().is_some_and(|t| !["+", "|", ")", "^", "'"].contains(&t)) {
            left = Expr::And(Box::new(left), Box::new(self.xor()?));
        }
        Ok(left)
    }

    fn xor(&mut self) -> Result<Expr, String> {
        let mut left = self.inverted()?;
        while self.accept(&["^"]) {
            left = Expr::Xor(Box::new(left), Box::new(self.inverted()?));
        }
        Ok(left)
    }

    fn inverted(&mut self) -> Result<Expr, String> {
        if self.accept(&["!"]) {
            return Ok(Expr::Not(Box::new(self.inverted()?)));
        }
        let mut expr = if self.accept(&["("]) {
            let inner = self.or()?;
            if !self.accept(&[")"]) {
                return Err("a parenthesis of a function is not closed".into());
            }
            inner
        } else {
            let name = self.peek().ok_or("a function ends where an operand should stand")?;
            self.next += 1;
            match name {
                "0" => Expr::Constant(false),
                "1" => Expr::Constant(true),
                _ if name.starts_with(|c: char| c.is_alphanumeric() || c == '_') => Expr::Pin(name.to_string()),
                _ => return Err(format!("'{name}' stands where a function wants an operand")),
            }
        };
        while self.accept(&["'"]) {
            expr = Expr::Not(Box::new(expr));
        }
        Ok(expr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, pins: &[&str]) -> u64 {
        Expr::parse(text).expect("a function").truth_table(pins).expect("few pins")
    }

    #[test]
    fn the_three_dialects_of_inversion_and_conjunction_agree() {
        for text in ["!(A*B)", "(A B)'", "(!A)|(!B)", "A' + B'", "!(A & B)"] {
            assert_eq!(table(text, &["A", "B"]), 0b0111, "{text}");
        }
    }

    #[test]
    fn exclusive_or_binds_more_than_and_which_binds_more_than_or() {
        assert_eq!(table("A B^C", &["A", "B", "C"]), table("A*(B^C)", &["A", "B", "C"]));
        assert_eq!(table("A+B*C", &["A", "B", "C"]), table("A+(B*C)", &["A", "B", "C"]));
        assert_ne!(table("A+B*C", &["A", "B", "C"]), table("(A+B)*C", &["A", "B", "C"]));
    }

    #[test]
    fn verilog_keeps_the_function() {
        assert_eq!(Expr::parse("(S A0)+(S' A1)").expect("a function").verilog(), "((S & A0) | (~S & A1))");
    }

    #[test]
    fn what_is_not_a_function_is_refused() {
        for text in ["", "A +", "(A", "A)", "A ? B", "A ^ ^ B"] {
            assert!(Expr::parse(text).is_err(), "{text}");
        }
        for piece in ["!", "(", "A ", "A^", "A'", "'", "A+(", " "] {
            let message = Expr::parse(&piece.repeat(200_000)).expect_err("it is too long");
            assert!(message.len() < 200, "{piece}");
        }
        assert!(Expr::parse(&("!".repeat(LONGEST - 1) + "A")).is_ok());
        assert!(Expr::parse(&"A'".repeat(LONGEST / 2)).is_ok());
    }
}
