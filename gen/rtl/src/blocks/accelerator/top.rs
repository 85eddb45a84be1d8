//! `accelerator`: sequencer, units, memories and buses, joined.

use super::{
    buffer::{self, Clients},
    elementwise_engine, events, exit_engine, layernorm_engine, matrix_engine, sequencer, softmax_engine, transfer,
};
use crate::{
    blocks::{Assembly, Geometry, Library, csr, dma, geometry::COUNT_W},
    design::MemoryKind,
    emit::Shell,
    netlist::{Contract, Module},
    registers::EVENTS,
};
use alberti_isa::{Kind, Unit};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/accelerator.v")]
struct Body<'a> {
    shell: &'a Shell,
    count_w: u32,
    addr_w: u32,
    bus_w: u32,
    low_w: u32,
    high_w: u32,
    /// Handshakes that show that something moves.
    moves: Vec<String>,
    /// Buffers that report rows past their ends, and engines.
    past: Vec<&'static str>,
    programmed: Vec<&'static str>,
    rows: Vec<Row>,
    all_lanes: Vec<(String, u32)>,
    files: Vec<String>,
}

/// A weight memory's address, of those of the transfer engine.
struct Row {
    net: String,
    address: String,
    width: u32,
}

/// A memory, who reads it and who writes it: the client's name, then the part and its interface.
struct Shared {
    memory: &'static str,
    reads: &'static [(&'static str, &'static str, &'static str)],
    writes: &'static [(&'static str, &'static str, &'static str)],
}

/// Who comes first waits for nobody: units that are slow beside the array, then the array.
const SHARED: [Shared; 5] = [
    Shared {
        memory: "activation",
        reads: &[
            ("row", "matrix", "row"),
            ("a_code", "elementwise", "a_code"),
            ("b_code", "elementwise", "b_code"),
            ("store", "transfer", "activation_read"),
            ("stream", "matrix", "stream"),
        ],
        writes: &[
            ("share", "softmax", "code_write"),
            ("norm", "layernorm", "code_write"),
            ("load", "transfer", "activation_write"),
            ("result", "matrix", "code_write"),
        ],
    },
    Shared {
        memory: "wide",
        reads: &[
            ("softmax", "softmax", "wide_read"),
            ("layernorm", "layernorm", "wide_read"),
            ("a_wide", "elementwise", "a_wide"),
            ("b_wide", "elementwise", "b_wide"),
            ("exit", "exit", "wide_read"),
            ("store", "transfer", "wide_read"),
        ],
        writes: &[
            ("norm", "layernorm", "wide_write"),
            ("sum", "elementwise", "wide_write"),
            ("load", "transfer", "wide_write"),
            ("result", "matrix", "wide_write"),
        ],
    },
    Shared {
        memory: "parameter",
        reads: &[
            ("column", "matrix", "column"),
            ("layernorm", "layernorm", "parameter_read"),
            ("store", "transfer", "parameter_read"),
        ],
        writes: &[("load", "transfer", "parameter_write")],
    },
    Shared {
        memory: "index",
        reads: &[("list", "matrix", "list"), ("store", "transfer", "index_read")],
        writes: &[("load", "transfer", "index_write")],
    },
    Shared {
        memory: "program",
        reads: &[("sequencer", "sequencer", "program")],
        writes: &[("load", "transfer", "program_write")],
    },
];

/// Behind all others, where a tile in blocks takes two vectors a cycle: those of odd passes.
const ODD: (&str, &str, &str) = ("odd", "matrix", "odd");

/// Weight memories: name, the engine's read port, the transfer engine's name for it.
const WEIGHTS: [(&str, &str, &str); 2] =
    [("weight", "weight_value", "weight_values"), ("weight_masks", "weight_word", "weight_masks")];

/// The part that does a kind of instruction.
fn part(kind: &Kind) -> &'static str {
    match kind.unit {
        Some(Unit::Matrix) => "matrix",
        Some(Unit::Softmax) => "softmax",
        Some(Unit::Layernorm) => "layernorm",
        Some(Unit::Elementwise) => "elementwise",
        Some(Unit::Transfer) => "transfer",
        None => "exit",
    }
}

/// Counts what happens; each event comes from a part's port, or from a net.
fn count(library: &mut Library, joints: &mut Assembly) {
    let banks = buffer::demand(library, "activation").banks;
    joints.place("event_counters", &events::elaborate(library, banks));
    let written = ["weight_values", "weight_masks"].map(|memory| format!("transfer_{memory}_write"));
    for (net, stem) in ["values_written", "masks_written"].into_iter().zip(&written) {
        joints.module.add_nets(&[(net, 1)]);
        joints.module.combinational(&[net], &[&format!("{stem}_valid"), &format!("{stem}_ready")]);
    }
    joints.module.add_nets(&[("forget", 1)]);
    joints.module.combinational(&["forget"], &["values_written", "masks_written", "sequencer_fetch_valid"]);
    joints.wire("matrix", "forget_i", "forget");
    for (register, ..) in EVENTS {
        let event = events::name(register);
        let net = match event {
            "instructions" => joints.expose("sequencer", "issued_o"),
            "values_read" => "matrix_weight_value_enable".into(),
            "masks_read" => "matrix_weight_word_enable".into(),
            "values_written" | "masks_written" => event.into(),
            busy if busy.ends_with("_busy") => joints.expose("sequencer", &format!("{busy}_o")),
            rows => {
                let (memory, port) = rows.rsplit_once('_').expect("a memory, and what is done to it");
                joints.expose(&format!("{memory}_buffer"), &format!("{port}_o"))
            }
        };
        joints.wire("event_counters", &format!("{event}_i"), &net);
        joints.link(("event_counters", &format!("{event}_count_o")), ("csr", &format!("{register}_i")));
    }
    for port in ["read_o", "written_o"] {
        joints.open("program_buffer", port);
    }
}

/// The whole accelerator; `None` in a design without one, or when no macro serves one of its memories.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let axi = design.accelerator?.axi;
    let g = Geometry::new(design);
    let mut module =
        Module::new("accelerator", None, "the whole accelerator: runs programs from external memory", "accelerator");
    module.contract = Contract {
        latency: "that of its programs".into(),
        interval: "one program at a time".into(),
        numbers: "those of its units".into(),
    };
    module.set_parameters(&[("n", g.n)]);
    module.interfaces = vec![crate::netlist::Interface::clock()];
    let mut joints = Assembly::new(module);

    let registers = csr::elaborate(library)?;
    let control = sequencer::elaborate(library)?;
    let transfers = transfer::elaborate(library)?;
    let bus = dma::elaborate(library)?;
    for (name, part) in [("csr", &registers), ("sequencer", &control), ("dma", &bus)] {
        joints.place(name, part);
    }
    joints.place_under("transfer", &transfers, "units_rst_n");
    for (name, part) in [
        ("matrix", matrix_engine::elaborate(library)?),
        ("softmax", softmax_engine::elaborate(library)?),
        ("layernorm", layernorm_engine::elaborate(library)?),
        ("elementwise", elementwise_engine::elaborate(library)?),
        ("exit", exit_engine::elaborate(library)?),
    ] {
        joints.place_under(name, &part, "units_rst_n");
    }
    joints.module.add_nets(&[("units_rst_n", 1)]);
    joints.wire("sequencer", "units_rst_no", "units_rst_n");

    // Instructions, from the sequencer to the parts that do them.
    for kind in alberti_isa::KINDS.iter().filter(|kind| kind.unit.is_some() || kind.name == "exit") {
        joints.join(("sequencer", kind.name), (part(kind), kind.name));
    }
    joints.join(("sequencer", "fetch"), ("transfer", "fetch"));
    joints.join(("exit", "decision"), ("sequencer", "decision"));
    for unit in Unit::ALL {
        let (part, port) = match unit {
            Unit::Transfer => ("transfer", "transfer_done_o"),
            unit => (unit.name(), "done_o"),
        };
        joints.link((part, port), ("sequencer", &format!("{}_done_i", unit.name())));
    }
    joints.link(("transfer", "fetch_done_o"), ("sequencer", "fetch_done_i"));

    // Memories that parts share.
    let mut moves = Vec::new();
    for shared in &SHARED {
        let names = |of: &[(&'static str, &str, &str)]| of.iter().map(|client| client.0).collect();
        let mut reads = shared.reads.to_vec();
        if shared.memory == "activation" && g.sparsity.is_some() {
            reads.push(ODD);
        }
        let clients = Clients { memory: shared.memory, reads: names(&reads), writes: names(shared.writes) };
        let of = buffer::elaborate(library, &clients)?;
        let name = format!("{}_buffer", shared.memory);
        joints.place(&name, &of);
        for &(client, part, interface) in reads.iter().chain(shared.writes) {
            joints.join((part, interface), (&name, client));
            moves.push(format!("{part}_{interface}"));
        }
    }

    // Weights.
    let (mut programmed, mut rows, mut all_lanes) = (Vec::new(), Vec::new(), Vec::new());
    for (memory, read, write) in WEIGHTS {
        let demand = buffer::demand(library, memory);
        let of = library.memory_of_design(&demand).ok()?;
        let name = format!("{memory}_memory");
        joints.place(&name, &of);
        let files = of.files.iter().map(|file| (file.clone(), format!("{}_{file}", memory.to_uppercase())));
        joints.pass_files(&name, &files.collect::<Vec<_>>());
        for field in ["enable", "address", "data"] {
            let (from, to) = if field == "data" { ("i", "o") } else { ("o", "i") };
            joints.link(("matrix", &format!("{read}_{field}_{from}")), (&name, &format!("read_{field}_{to}")));
        }
        let port = if demand.storage.kind == MemoryKind::Rram { "program" } else { "write" };
        let stem = format!("transfer_{write}_write");
        for (field, from, to) in [("valid", "o", "i"), ("ready", "i", "o"), ("data", "o", "i")] {
            joints
                .link(("transfer", &format!("{write}_write_{field}_{from}")), (&name, &format!("{port}_{field}_{to}")));
        }
        joints.expose("transfer", &format!("{write}_write_address_o"));
        let row = format!("{memory}_row");
        rows.push(Row { net: row.clone(), address: format!("{stem}_address"), width: demand.address_bits() });
        joints.module.add_nets(&[(&row, demand.address_bits())]);
        joints.module.combinational(&[&row], &[&format!("{stem}_address")]);
        joints.wire(&name, &format!("{port}_address_i"), &row);
        if demand.storage.kind == MemoryKind::Rram {
            joints.wire(&name, "lock_i", "unlocked");
            for port in ["program_done_o", "program_error_o", "busy_o"] {
                joints.expose(&name, port);
            }
            joints.open(&name, "read_error_o");
            programmed.push(memory);
        } else if let Some(lanes) = of.port("write_lanes_i").map(|port| port.width) {
            let net = format!("{memory}_lanes");
            all_lanes.push((net.clone(), lanes));
            joints.module.add_nets(&[(&net, lanes)]);
            joints.module.combinational(&[&net], &[]);
            joints.wire(&name, "write_lanes_i", &net);
        }
    }
    joints.module.add_nets(&[("unlocked", 1)]);
    joints.module.combinational(&["unlocked"], &[]);

    count(library, &mut joints);

    // External memory.
    joints.join(("transfer", "command"), ("dma", "command"));
    joints.join(("transfer", "write"), ("dma", "write"));
    joints.join(("dma", "read"), ("transfer", "read"));
    joints.join(("dma", "done"), ("transfer", "done"));
    joints.export(("csr", "s_axil"));
    joints.export(("dma", "m_axi"));
    joints.export(("csr", "interrupt"));

    // Software's settings and what it is told.
    for (register, part, port) in [
        ("control_start_o", "sequencer", "start_i"),
        ("control_soft_reset_o", "sequencer", "soft_reset_i"),
        ("program_length_o", "sequencer", "program_length_i"),
        ("watchdog_limit_o", "sequencer", "watchdog_limit_i"),
        ("entropy_threshold_o", "exit", "threshold_i"),
    ] {
        joints.link(("csr", register), (part, port));
    }
    for port in
        ["counters_snapshot_o", "interrupt_enable_done_o", "interrupt_enable_error_o", "interrupt_enable_early_exit_o"]
    {
        joints.open("csr", port);
    }
    let clear = joints.expose("csr", "counters_clear_o");
    joints.wire("event_counters", "clear_i", &clear);
    joints.wire("matrix", "clear_i", &clear);
    joints.wire("dma", "clear_i", &clear);
    for (part, port, register) in [
        ("sequencer", "busy_o", "status_busy_i"),
        ("sequencer", "done_o", "status_done_i"),
        ("sequencer", "error_code_o", "status_error_code_i"),
        ("sequencer", "error_address_o", "error_address_i"),
        ("sequencer", "program_counter_o", "program_counter_i"),
        ("sequencer", "exit_layer_o", "exit_layer_i"),
        ("sequencer", "ended_o", "interrupt_cause_done_i"),
        ("sequencer", "failed_o", "interrupt_cause_error_i"),
        ("sequencer", "exited_o", "interrupt_cause_early_exit_i"),
        ("matrix", "vector_count_o", "count_vectors_i"),
        ("matrix", "held_count_o", "count_held_i"),
        ("matrix", "mask_error_count_o", "count_mask_errors_i"),
        ("matrix", "misplaced_count_o", "count_misplaced_i"),
        ("matrix", "corrected_count_o", "count_corrected_i"),
        ("matrix", "detected_count_o", "count_detected_i"),
        ("dma", "read_count_o", "count_axi_read_i"),
        ("dma", "written_count_o", "count_axi_written_i"),
    ] {
        if joints.has("csr", register) {
            joints.link((part, port), ("csr", register));
        }
    }
    // The array multiplies in the cycles in which it takes a vector.
    joints.wire("csr", "count_array_busy_i", "matrix_vector_count");
    let past = [
        "matrix",
        "transfer",
        "activation_buffer",
        "wide_buffer",
        "parameter_buffer",
        "index_buffer",
        "program_buffer",
    ];
    for part in past {
        joints.expose(part, "past_o");
        joints.expose(part, "past_row_o");
    }
    for (part, port, to, at) in [
        ("sequencer", "abort_o", "dma", "abort_i"),
        ("transfer", "fault_o", "sequencer", "bus_fault_i"),
        ("transfer", "fault_address_o", "sequencer", "bus_address_i"),
    ] {
        joints.link((part, port), (to, at));
    }
    joints.expose("dma", "busy_o");
    let (low_w, high_w) = (32, axi.address_bits - 32);
    let unit = design.csr.map_or(0, |csr| csr.program_address_bits - 32);
    for base in ["program_base", "data_base"] {
        joints.expose("csr", &format!("{base}_o"));
        if unit > 0 {
            joints.expose("csr", &format!("{base}_high_o"));
        }
        joints.module.add_nets(&[(base, axi.address_bits)]);
        joints.wire("transfer", &format!("{base}_i"), base);
        let mut from = vec![format!("csr_{base}")];
        if unit > 0 {
            from.push(format!("csr_{base}_high"));
        }
        joints.module.combinational(&[base], &from.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let own = [
        ("past", 1, "sequencer", "past_i"),
        ("past_row", super::ports::ADDRESS_W, "sequencer", "past_row_i"),
        ("progress_q", 1, "sequencer", "progress_i"),
        ("drained", 1, "sequencer", "drained_i"),
        ("weights_busy", 1, "transfer", "weight_busy_i"),
        ("weights_error", 1, "transfer", "weight_error_i"),
        ("cycles_q", COUNT_W, "csr", "count_cycles_i"),
    ];
    for (net, width, part, port) in own {
        if net.ends_with("_q") {
            joints.module.add_register(net, width, &["clk_i", "rst_ni", "sequencer_busy", "csr_counters_clear"]);
        } else {
            joints.module.add_nets(&[(net, width)]);
        }
        joints.wire(part, port, net);
    }
    let of = |port: &str| past.iter().map(|part| format!("{part}_{port}")).collect::<Vec<_>>();
    let (pasts, past_rows) = (of("past"), of("past_row"));
    joints.module.combinational(&["past"], &pasts.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<&str> = pasts.iter().chain(&past_rows).map(String::as_str).collect();
    joints.module.combinational(&["past_row"], &all);
    joints.module.combinational(&["drained"], &["dma_busy"]);
    let of = |port: &str| programmed.iter().map(|memory| format!("{memory}_memory_{port}")).collect::<Vec<_>>();
    let (busy, error) = (of("busy"), [of("program_done"), of("program_error")].concat());
    joints.module.combinational(&["weights_busy"], &busy.iter().map(String::as_str).collect::<Vec<_>>());
    joints.module.combinational(&["weights_error"], &error.iter().map(String::as_str).collect::<Vec<_>>());
    moves.extend(["dma_read", "transfer_write"].map(str::to_owned));
    let handshakes: Vec<String> =
        moves.iter().flat_map(|stem| [format!("{stem}_valid"), format!("{stem}_ready")]).collect();
    joints.module.registers(&[], &handshakes.iter().map(String::as_str).collect::<Vec<_>>());
    let module = joints.finish();
    let files = module.files.clone();
    Some(library.add(module, |shell| {
        Body {
            shell,
            count_w: COUNT_W,
            addr_w: super::ports::ADDRESS_W,
            bus_w: axi.address_bits,
            low_w,
            high_w: high_w.min(unit),
            moves,
            past: past.to_vec(),
            programmed,
            rows,
            all_lanes,
            files,
        }
        .render()
    }))
}
