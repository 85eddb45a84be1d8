//! `matrix_engine`: the array with all that it needs to execute `gemm` instructions.

use super::{
    address_generator::{self, address},
    ports::{ADDRESS_W, COUNT_W, NUMBER_W, PARAMETER_W, operations, out_of_range, reads, writes},
    reader,
};
use crate::{
    blocks::{
        Assembly, Geometry, Library, bitmask_decoder, block_select,
        geometry::{SHIFT_W, clog2},
        matrix_unit, record_reader, stream_fifo,
    },
    emit::Shell,
    netlist::{Contract, Direction, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/matrix_engine.v")]
struct Body<'a> {
    shell: &'a Shell,
    n: u32,
    code_w: u32,
    addr_w: u32,
    column_w: u32,
    bias_w: u32,
    shift_w: u32,
    function_w: u32,
    /// Bits of an instruction's function, of which the design may need fewer.
    function_field_w: u32,
    activation_shift_w: u32,
    lane_w: u32,
    row_w: u32,
    pass_w: u32,
    word_w: u32,
    words: u32,
    /// Whether tiles may be of blocks.
    blocks: bool,
}

impl Body<'_> {
    /// Parts that an instruction goes to.
    fn parts(&self) -> &'static str {
        if self.blocks { "six" } else { "five" }
    }

    /// The tiles of a job.
    fn tiles(&self) -> &'static str {
        if self.blocks { "tiles_of_job" } else { "gemm_passes_i" }
    }
}

/// Rows that one of two streams may be ahead of the other: where they meet in a bank, one waits for a cycle,
/// and other readers go before either.
const AHEAD: u32 = 4;

/// What the engine consists of.
struct Parts {
    unit: Arc<Module>,
    records: Arc<Module>,
    decoder: Arc<Module>,
    /// Readers of the streamed operand, of rows as weights, of parameters, of lists of records.
    vectors: Arc<Module>,
    rows: Arc<Module>,
    columns: Arc<Module>,
    list: Arc<Module>,
    addresses: Arc<Module>,
    /// What only tiles of blocks need.
    blocks: Option<Blocks>,
}

struct Blocks {
    /// Choices of a mask.
    select: Arc<Module>,
    /// Masks that wait beside the decoder for their values.
    masks: Arc<Module>,
}

impl Parts {
    fn of(library: &mut Library, g: &Geometry) -> Option<Self> {
        let (code, bits) = (Payload::Codes(g.operand), Payload::Bits);
        let depth = bitmask_decoder::depth(library.design().memories.weight.latency);
        let blocks = block_select::elaborate(library).map(|select| {
            let (label, key) = (Some("record_mask"), "datapath.sparsity");
            let masks = stream_fifo::elaborate(library, label, key, g.weight_mask_w(), depth, Payload::Mask);
            Blocks { select, masks }
        });
        let rows = reader::elaborate(library, "tiles", 3, g.vector_w(), code);
        let vectors = match blocks {
            Some(_) => reader::ahead(library, "vectors", 3, g.vector_w(), code, AHEAD),
            None => Arc::clone(&rows),
        };
        Some(Self {
            unit: matrix_unit::elaborate(library),
            records: record_reader::elaborate(library)?,
            decoder: bitmask_decoder::of_records(library),
            vectors,
            rows,
            columns: reader::elaborate(library, "parameters", 1, g.n * PARAMETER_W, bits),
            list: reader::elaborate(library, "list", 2, 32, bits),
            addresses: address_generator::elaborate(library, 2),
            blocks,
        })
    }

    /// What the engine takes and gives.
    fn interfaces(&self, library: &Library, g: &Geometry) -> Option<Vec<Interface>> {
        let (n, code, bits) = (g.n, Payload::Codes(g.operand), Payload::Bits);
        let mut counts = Interface::new("counts", Role::Status, "Events since clear").plain_input("clear", 1, bits);
        for part in [&self.unit, &self.records] {
            let ports = part.interface("counts")?.clone().elsewhere().ports;
            counts.ports.extend(ports.into_iter().filter(|port| port.direction == Direction::Output));
        }
        let codes = [("data", "N*CODE_W")];
        let odd =
            self.blocks.as_ref().map(|_| reads("odd", "Vectors of odd passes", g.vector_w(), code).widths(&codes));
        let first = [
            Interface::clock(),
            operations(library.design(), "gemm"),
            reads("stream", "Vectors", g.vector_w(), code).widths(&codes),
        ];
        let rest = [
            reads("row", "Weights from the activation memory", g.vector_w(), code).widths(&codes),
            reads("column", "Parameters of columns", n * PARAMETER_W, bits).widths(&[("data", "N*COLUMN_W")]),
            reads("list", "Addresses of records", 32, bits),
            self.records.interface("word")?.clone().elsewhere().renamed("weight_word", "Mask memory"),
            self.decoder.interface("value")?.clone().elsewhere().renamed("weight_value", "Weight values"),
            writes("code_write", "Results as codes", g.vector_w(), code).widths(&codes),
            writes("wide_write", "Results as numbers", n * NUMBER_W, bits),
            Interface::new("done", Role::Status, "An instruction has ended").plain_output("done", 1, bits),
            out_of_range("A record past the end of the masks"),
            self.decoder.interface("forget")?.clone().elsewhere(),
            counts,
        ];
        Some(first.into_iter().chain(odd).chain(rest).collect())
    }
}

/// The engine; `None` in a design without an accelerator.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    design.accelerator?;
    let g = Geometry::new(design);
    let words = design.memories.weight_masks?.words;
    let parts = Parts::of(library, &g)?;
    let contract = Contract {
        latency: "vectors and weights of an instruction follow those of the one before; its results end it".into(),
        interval: "a pass over r rows takes max(r, n, 4) cycles".into(),
        numbers: "those of matrix_unit".into(),
    };
    let module = Module::new("matrix_engine", None, "executes matrix multiplies of whole tensors", "accelerator");
    let mut a = Assembly::of(module, contract, &[("n", g.n)], parts.interfaces(library, &g)?);
    readers(&mut a, &parts);
    if let Some(blocks) = &parts.blocks {
        place_blocks(&mut a, blocks, &g);
    }
    decoder(&mut a, &parts, &g);
    unit(&mut a, &parts, &g);
    dispatch(&mut a, &parts);
    numbers(&mut a, &parts);
    jobs(&mut a, &g);
    weights(&mut a, &parts);
    results(&mut a);
    let module = a.finish();
    Some(library.add(module, |shell| {
        Body {
            shell,
            n: g.n,
            code_w: g.op_w(),
            addr_w: ADDRESS_W,
            column_w: PARAMETER_W,
            bias_w: g.bias_w,
            shift_w: SHIFT_W,
            function_w: g.function_w(),
            function_field_w: alberti_isa::functions().ilog2(),
            activation_shift_w: g.activation_shift_w(),
            lane_w: g.lane_w(),
            row_w: g.row_w(),
            pass_w: g.pass_w(),
            word_w: clog2(words.into()),
            words,
            blocks: g.sparsity.is_some(),
        }
        .render()
    }))
}

/// What starts a part with an address generator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// An instruction waits until the part takes it.
    WhenReady,
    /// The part is idle whenever an instruction gets to it.
    Idle,
}

/// Places a part with an address generator, whose commands the engine's own logic starts.
fn place(a: &mut Assembly, name: &str, part: &Arc<Module>, start: Start, base: &str, levels: &[(&str, &str)]) {
    a.place(name, part);
    address(a, name, base, levels);
    if start == Start::Idle {
        a.open(name, "command_ready_o");
    }
    a.bundle((name, "command"), &format!("{name}_command"));
}

/// Readers of vectors, of rows as weights, of parameters and of lists; addresses of records and of results.
fn readers(a: &mut Assembly, parts: &Parts) {
    let columns = "gemm_columns_i";
    let vectors = |passes| [("gemm_rows_i", "stream_row"), (passes, "stream_pass"), (columns, "nothing")];
    let (even, tiles) = match parts.blocks {
        Some(_) => ("even_passes", "tiles_of_job"),
        None => ("gemm_passes_i", "gemm_passes_i"),
    };
    place(a, "stream", &parts.vectors, Start::WhenReady, "gemm_stream_base_i", &vectors(even));
    if parts.blocks.is_some() {
        place(a, "odd", &parts.vectors, Start::WhenReady, "odd_base", &vectors("odd_passes"));
        a.attach(("odd", "memory"), "odd");
    }
    let column = (columns, "gemm_stationary_column_i");
    let levels = [("lanes", "row_lane"), ("gemm_passes_i", "row_pass"), column];
    place(a, "rows", &parts.rows, Start::WhenReady, "gemm_stationary_base_i", &levels);
    place(a, "columns", &parts.columns, Start::Idle, "gemm_parameter_base_i", &[("columns_long", "column_step")]);
    let levels = [("gemm_passes_i", "one"), (columns, "list_column")];
    place(a, "list", &parts.list, Start::Idle, "list_base", &levels);
    a.attach(("stream", "memory"), "stream");
    a.open("rows", "row_last_o");
    for (part, rows) in [("rows", "row"), ("columns", "column"), ("list", "list")] {
        a.attach((part, "memory"), rows);
        a.open(part, "row_end_o");
        a.bundle((part, "row"), rows);
    }

    let levels = [(tiles, "row_pass"), column];
    place(a, "tiles", &parts.addresses, Start::Idle, "gemm_stationary_base_i", &levels);
    let levels = [("gemm_rows_i", "result_row"), (columns, "result_column")];
    place(a, "results", &parts.addresses, Start::Idle, "nothing", &levels);
    for (part, stem) in [("tiles", "tile_address"), ("results", "result_address")] {
        a.open(part, "address_end_o");
        a.bundle((part, "address"), stem);
    }
}

/// Masks that wait for their values, and the choices that they stand for.
fn place_blocks(a: &mut Assembly, blocks: &Blocks, g: &Geometry) {
    a.net("vector_mask", g.weight_mask_w());
    a.place("masks", &blocks.masks);
    a.fields(("masks", "in"), &[("valid", "mask_taken"), ("data", "mask_data")]);
    a.open("masks", "in_ready_o");
    a.fields(("masks", "out"), &[("ready", "vector_taken"), ("data", "vector_mask")]);
    a.open("masks", "out_valid_o");
    a.place("select", &blocks.select);
    a.wire("select", "mask_i", "vector_mask");
}

/// Records and their decoder.
fn decoder(a: &mut Assembly, parts: &Parts, g: &Geometry) {
    a.place("records", &parts.records);
    a.bundle(("records", "record"), "record");
    a.attach(("records", "word"), "weight_word");
    a.attach(("records", "counts"), "counts");
    a.place("decoder", &parts.decoder);
    a.join_as(("records", "base"), ("decoder", "base"), "base");
    if parts.blocks.is_some() {
        // A block item has n values, whose mask waits for them.
        a.bundle(("records", "weight"), "mask");
        let mask = [("valid", "mask_valid"), ("ready", "mask_ready"), ("data", "value_mask"), ("last", "mask_last")];
        a.fields(("decoder", "mask"), &mask);
        a.derived("value_mask", g.n, ["mask_data", "mask_block"]);
        a.derived("mask_taken", 1, ["mask_valid", "mask_ready"]);
        a.derived("vector_taken", 1, ["vector_valid", "vector_ready"]);
    } else {
        a.join_as(("records", "weight"), ("decoder", "mask"), "mask");
    }
    a.attach(("decoder", "value"), "weight_value");
    a.attach(("decoder", "forget"), "forget");
    a.open("decoder", "vector_last_o");
    a.bundle(("decoder", "vector"), "vector");
}

/// The array.
fn unit(a: &mut Assembly, parts: &Parts, g: &Geometry) {
    a.place("unit", &parts.unit);
    a.bundle(("unit", "job"), "job");
    a.bundle(("unit", "weight"), "weight");
    if parts.blocks.is_some() {
        a.fields(("select", "select"), &[("select", "weight_select"), ("error", "weight_error")]);
    }
    for (reader, slot) in ["stream", "odd"].into_iter().zip(matrix_unit::slots(g)) {
        a.open(reader, "row_end_o");
        a.open(reader, "row_last_o");
        a.join_as((reader, "row"), ("unit", &slot), &format!("{reader}_row"));
    }
    a.open("unit", "result_last_o");
    a.bundle(("unit", "result"), "result");
    a.attach(("unit", "counts"), "counts");
}

/// An instruction goes to each part when that has given all that the one before asked for.
fn dispatch(a: &mut Assembly, parts: &Parts) {
    let mut free = vec!["stream_command_ready", "rows_command_ready", "gemm_source_i"];
    if parts.blocks.is_some() {
        free.extend(["odd_command_ready", "gemm_passes_i"]);
        a.combinational(["odd_command_valid"], ["gemm_valid_i", "gemm_passes_i"]);
    }
    a.combinational(["gemm_ready_o"], free.clone());
    a.combinational(["stream_command_valid", "rows_command_valid"], ["gemm_valid_i", "gemm_source_i"]);
    let taken = ["columns_command_valid", "list_command_valid", "tiles_command_valid", "results_command_valid"];
    a.combinational(taken, free.into_iter().chain(["gemm_valid_i"]));
}

/// What readers and address generators take: numbers of instructions, as wide as an address.
fn numbers(a: &mut Assembly, parts: &Parts) {
    a.constants(&[("lanes", COUNT_W), ("one", ADDRESS_W), ("nothing", ADDRESS_W)]);
    for (net, field) in [
        ("columns_long", "gemm_columns_i"),
        ("stream_pass", "gemm_stream_pass_i"),
        ("stream_row", "gemm_stream_row_i"),
        ("row_pass", "gemm_stationary_pass_i"),
        ("row_lane", "gemm_stationary_lane_i"),
        ("list_base", "gemm_list_base_i"),
        ("list_column", "gemm_passes_i"),
        ("column_step", "gemm_parameter_column_i"),
        ("result_column", "gemm_result_column_i"),
        ("result_row", "gemm_result_row_i"),
    ] {
        a.derived(net, ADDRESS_W, [field]);
    }
    if parts.blocks.is_some() {
        a.derived("odd_base", ADDRESS_W, ["gemm_stream_base_i", "gemm_stream_pass_i"]);
        a.derived("even_passes", COUNT_W, ["gemm_passes_i"]);
        a.derived("odd_passes", COUNT_W, ["gemm_passes_i"]);
        a.derived("tiles_of_job", COUNT_W, ["gemm_passes_i", "gemm_blocks_i"]);
    }
}

/// Jobs of the array: a row of parameters each.
fn jobs(a: &mut Assembly, g: &Geometry) {
    a.combinational(["job_valid"], ["column_valid"]);
    a.combinational(["column_ready"], ["job_ready"]);
    a.combinational(["job_bias", "job_scale"], ["column_data"]);
    a.combinational(["job_close"], [""; 0]);
    let mut kept = vec!["job_rows", "job_passes", "job_wide_shift"];
    kept.extend((g.function_w() != 0).then_some("job_function"));
    kept.extend((g.activation_shift_w() != 0).then_some("job_activation_shift"));
    let operation = a.own("gemm").read();
    a.registers(kept, operation.into_iter().chain(["column_last".into()]));
}

/// Records, whose addresses come from a list or not, and the tiles of weights that are loaded.
fn weights(a: &mut Assembly, parts: &Parts) {
    a.combinational(["record_valid"], ["list_valid", "tile_address_valid"]);
    a.combinational(["record_address"], ["list_data", "tile_address_row"]);
    a.combinational(["list_ready", "tile_address_ready"], ["record_ready"]);
    let operation = a.own("gemm").read();
    a.registers(["record_masks"], operation.clone());
    a.registers(
        ["out_of_range_o", "out_of_range_row_o"],
        ["list_last", "tile_address_last", "list_data", "tile_address_row"],
    );
    a.combinational(["weight_valid"], ["row_valid", "vector_valid"]);
    a.combinational(["weight_data"], ["row_data", "vector_data"]);
    a.combinational(["row_ready", "vector_ready"], ["weight_ready"]);
    a.registers(["weight_columns"], operation.clone());
    if parts.blocks.is_some() {
        a.registers(["weight_block"], operation);
    }
}

/// Results, to one of two memories or to both.
fn results(a: &mut Assembly) {
    let here = ["result_valid", "result_address_valid"];
    a.combinational(["code_write_valid_o", "wide_write_valid_o"], here);
    a.combinational(["code_write_address_o", "wide_write_address_o"], ["result_address_row"]);
    a.combinational(["code_write_data_o"], ["result_code"]);
    a.combinational(["wide_write_data_o"], ["result_wide"]);
    let taken = here.into_iter().chain(["code_write_ready_i", "wide_write_ready_i"]);
    a.combinational(["result_ready", "result_address_ready"], taken);
    a.registers(["done_o"], ["result_address_last"]);
}
