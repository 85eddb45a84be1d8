//! Behavioural Verilog of a library's cells, made from their Liberty functions: a netlist of them can be
//! simulated.

use std::fmt::Write;

use super::function::Expr;
use super::{Cell, Direction, FlipFlop, Library};

/// Cells are named and wired by the library's rules and netlists by yosys', not by ours: complaints about
/// them help nobody.
pub(crate) const LINT_OFF: &str = "/* verilator lint_off WIDTH */
/* verilator lint_off UNUSED */
/* verilator lint_off DECLFILENAME */
/* verilator lint_off MULTITOP */
/* verilator lint_off PINMISSING */
/* verilator lint_off SYNCASYNCNET */
/* verilator lint_off UNOPTFLAT */
";

/// Verilog models of the named cells, in the order of their names; names that are not cells are passed over.
///
/// Zero delay. Flip-flops start from whatever the simulator gives them; clear and preset are asynchronous.
pub fn verilog<'a>(library: &Library, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut wanted: Vec<&Cell> = names.into_iter().filter_map(|name| library.cells.get(name)).collect();
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    wanted.dedup_by(|a, b| a.name == b.name);
    let mut text = format!("// Cell models of {}, from its Liberty functions.\n{LINT_OFF}", library.name);
    for cell in wanted {
        text.push('\n');
        text.push_str(&model(cell));
    }
    text
}

/// Empty modules with the ports of every usable cell: what yosys needs to know directions.
pub(crate) fn stubs(library: &Library) -> String {
    library.cells.values().map(|cell| format!("(* blackbox *)\n{}endmodule\n", header(cell))).collect()
}

fn header(cell: &Cell) -> String {
    let port = |(direction, word): (Direction, &'static str)| {
        cell.pins_of(direction).into_iter().map(move |pin| format!("{word} {}", pin.name)).collect::<Vec<_>>()
    };
    let mut ports = port((Direction::Input, "input wire"));
    ports.extend(port((Direction::Output, "output wire")));
    format!("module {} ({});\n", cell.name, ports.join(", "))
}

fn model(cell: &Cell) -> String {
    let mut text = header(cell);
    if let Some(flop) = &cell.flip_flop {
        text.push_str(&state(flop));
    }
    for pin in cell.pins_of(Direction::Output) {
        if let Some(function) = &pin.function {
            let _ = writeln!(text, "  assign {} = {};", pin.name, function.verilog());
        }
    }
    text.push_str("endmodule\n");
    text
}

fn state(flop: &FlipFlop) -> String {
    let FlipFlop { state, inverse, .. } = flop;
    let mut text = format!("  reg {state};\n");
    let next = flop.next_state.verilog();
    let mut edges = vec![edge(&flop.clocked_on, "clock", &mut text)];
    let mut body = String::new();
    for (name, value, expr) in [("clear", 0, &flop.clear), ("preset", 1, &flop.preset)] {
        let Some(expr) = expr else { continue };
        edges.push(edge(expr, name, &mut text));
        // When both hold, the library says what the state is; "L" is what clearing gives.
        let condition = match (name, &flop.preset, flop.both.0) {
            ("clear", Some(preset), 'H') => format!("{} & ~{}", expr.verilog(), preset.verilog()),
            _ => expr.verilog(),
        };
        let _ = write!(body, "if ({condition}) {state} <= 1'b{value};\n    else ");
    }
    let inverted = match (&flop.clear, &flop.preset) {
        // Both asynchronous inputs at once may pull the two outputs alike.
        (Some(clear), Some(preset)) if flop.both.0 == flop.both.1 => {
            let value = u8::from(flop.both.1 == 'H');
            format!("({} & {}) ? 1'b{value} : ~{state}", clear.verilog(), preset.verilog())
        }
        _ => format!("~{state}"),
    };
    let _ = writeln!(text, "  wire {inverse} = {inverted};");
    let _ = writeln!(text, "  always @({})\n    {body}{state} <= {next};", edges.join(" or "));
    text
}

/// The event on which `expr` becomes true; anything but a pin or its inverse gets a wire of its own.
fn edge(expr: &Expr, name: &str, declarations: &mut String) -> String {
    match expr {
        Expr::Pin(pin) => format!("posedge {pin}"),
        Expr::Not(inner) if matches!(**inner, Expr::Pin(_)) => format!("negedge {}", inner.verilog()),
        _ => {
            let _ = writeln!(declarations, "  wire alb_{name} = {};", expr.verilog());
            format!("posedge alb_{name}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_flop_keeps_its_edges_and_its_priorities() {
        let library = Library::open_default().expect("the package qflow-tech-osu018");
        let text = verilog(&library, ["DFFSR", "NAND2X1", "not a cell", "NAND2X1"]);
        assert!(text.contains("always @(posedge CLK or negedge R or negedge S)"), "{text}");
        assert!(text.contains("assign Y = ~(A & B);"), "{text}");
        assert_eq!(text.matches("endmodule").count(), 2, "each cell once: {text}");
    }
}
