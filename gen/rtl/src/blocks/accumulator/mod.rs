//! `accumulator`: keeps the sums of every row between the passes over the reduction.

use crate::{
    blocks::{
        Assembly, Geometry, Library,
        geometry::{MIN_PASS, SHIFT_W},
        sram,
    },
    emit::Shell,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/accumulator.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    acc_w: u32,
    bias_w: u32,
    shift_w: u32,
    beside_w: u32,
    row_w: u32,
    pipeline: u32,
    read_at: u32,
}

/// The accumulator of the processing unit.
pub fn elaborate(library: &mut Library) -> Arc<Module> {
    let g = Geometry::new(library.design());
    let source = "datapath.accumulator_rows";
    let beside_w = g.beside_w();
    let scale_w = g.scales_w() + beside_w;
    let scale = if beside_w == 0 { "N*SHIFT_W" } else { "N*SHIFT_W+JOB_W" };
    let memory = sram::elaborate(library, Some("accumulator"), source, g.rows, g.sums_w(), Payload::Sums);
    let mut module = Module::new(
        "accumulator",
        None,
        &format!("keeps {} sums for each of {} rows between the passes over the reduction", g.n, g.rows),
        source,
    );
    module.contract = Contract {
        latency: format!(
            "token in cycle t, addend in t + {0}, sums back in t + {1}; final sums are announced in t + {1}",
            g.pipeline,
            g.pipeline + 1
        ),
        interval: format!("one row a cycle; the same row again after {MIN_PASS} cycles at the earliest"),
        numbers: format!("sums of {} bits; the bias ({} bits) is where the first pass starts", g.acc_w, g.bias_w),
    };
    module.set_parameters(&[("n", g.n), ("rows", g.rows), ("acc_w", g.acc_w), ("bias_w", g.bias_w)]);
    module.interfaces = vec![
        Interface::clock(),
        Interface::new(
            "token",
            Role::Input,
            "The row that enters the array; first and last pass; first and last row of a job",
        )
        .input("valid", 1, Payload::Bits)
        .input("row", g.row_w(), Payload::Bits)
        .of("ROW_W")
        .input("first", 1, Payload::Bits)
        .input("last", 1, Payload::Bits)
        .input("start", 1, Payload::Bits)
        .input("close", 1, Payload::Bits),
        Interface::new(
            "job",
            Role::Input,
            match beside_w {
                0 => "Bias and requantisation shift of the job that starts, held until taken",
                _ => "Bias, shifts and what else belongs to the job that starts, held until taken",
            },
        )
        .input("bias", g.n * g.bias_w, Payload::Bits)
        .of("N*BIAS_W")
        .input("scale", scale_w, Payload::Bits)
        .of(scale)
        .output("taken", 1, Payload::Bits),
        Interface::new("sum", Role::Input, "Sums from the array")
            .plain_input("sum", g.sums_w(), Payload::Sums)
            .of("N*ACC_W"),
        Interface::new("addend", Role::Output, "What the array adds to")
            .plain_output("addend", g.sums_w(), Payload::Sums)
            .of("N*ACC_W"),
        Interface::new("final", Role::Output, "The array's sums are final: with their shift, and the end of a segment")
            .output("valid", 1, Payload::Bits)
            .output("scale", scale_w, Payload::Bits)
            .of(scale)
            .output("last", 1, Payload::Bits),
    ];
    let mut unit = Assembly::new(module);
    unit.place("sums", &memory);
    unit.fields(("sums", "write"), &[("data", "sum_i")]);
    let (read, write) = (unit.bundle(("sums", "read"), "read"), unit.bundle(("sums", "write"), "write"));
    let [token, job, last_sums] = ["token", "job", "final"].map(|name| unit.own(name));
    unit.registers([write.driven(), last_sums.driven()].concat(), token.read());
    unit.state(job.read());
    let early = [read.driven(), job.driven()].concat();
    if g.pipeline <= 2 {
        unit.combinational(early, token.nets(["valid", "row", "first", "start"]));
    } else {
        unit.registers(early, token.read());
    }
    if g.pipeline == 1 {
        unit.combinational(["addend_o"], [read.net("data")]);
    } else {
        unit.registers(["addend_o"], [read.net("data")]);
    }
    library.add(unit.finish(), |shell| {
        Body {
            shell,
            n: g.n,
            acc_w: g.acc_w,
            bias_w: g.bias_w,
            shift_w: SHIFT_W,
            beside_w,
            row_w: g.row_w(),
            pipeline: g.pipeline,
            read_at: g.pipeline.saturating_sub(2),
        }
        .render()
    })
}
