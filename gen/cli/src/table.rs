//! Columns of text: names to the left, numbers to the right.

/// A table in the making.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(ToString::to_string).collect()] }
    }

    /// Adds a row; missing cells stay empty.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table, two blanks between columns. A column is aligned to the right if all of its cells are
    /// numbers.
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cells = |column: usize| self.rows.iter().map(move |row| row.get(column).map_or("", String::as_str));
        let widths: Vec<usize> = (0..columns).map(|c| cells(c).map(|t| t.chars().count()).max().unwrap_or(0)).collect();
        let numbers: Vec<bool> = (0..columns).map(|c| cells(c).skip(1).all(is_number)).collect();
        let mut text = String::new();
        for row in 0..self.rows.len() {
            let mut line = String::new();
            for column in 0..columns {
                let cell = cells(column).nth(row).unwrap_or_default();
                let width = widths[column];
                line += &if numbers[column] { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
                line += "  ";
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

fn is_number(cell: &str) -> bool {
    cell.is_empty() || cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c))
}

/// An integer with a comma between thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let (first, rest) = digits.split_at(head);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let first = (head > 0).then(|| first.to_owned());
    first.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

/// A number with so many decimals, with a comma between thousands.
pub fn decimals(number: f64, places: usize) -> String {
    let text = format!("{:.places$}", number.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let sign = if number < 0.0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_left_and_numbers_right() {
        let mut table = Table::new(&["block", "cells"]);
        table.row(vec!["vmac".into(), count(1_234)]);
        table.row(vec!["requantize".into(), "-".into()]);
        assert_eq!(table.text(), "block       cells\nvmac        1,234\nrequantize      -\n");
    }

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1_000, 65_536, 1_000_000].map(count);
        assert_eq!(numbers, ["0", "999", "1,000", "65,536", "1,000,000"]);
        assert_eq!(
            (decimals(1234.56, 1), decimals(-0.25, 2), decimals(1e6, 0)),
            ("1,234.6".into(), "-0.25".into(), "1,000,000".into())
        );
    }
}
