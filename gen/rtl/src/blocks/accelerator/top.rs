//! `accelerator`: sequencer, units, memories and buses, joined.

use super::{
    buffer::{self, Clients},
    elementwise_engine, events, exit_engine, layernorm_engine, matrix_engine,
    memories::LocalMemory,
    ports::{ADDRESS_W, issued},
    sequencer, softmax_engine, transfer,
};
use crate::{
    blocks::{Assembly, Bundle, Geometry, Library, csr, dma, geometry::COUNT_W},
    design::{Design, MemoryKind},
    emit::Shell,
    netlist::{Contract, Interface, Module, ModuleKind},
    registers::{self, Counted, Event},
};
use alberti_isa::{Kind, Memory, Unit};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/accelerator.v")]
struct Body<'a> {
    shell: &'a Shell,
    /// Nets that the loops of the template use.
    looped: String,
    count_w: u32,
    addr_w: u32,
    bus_w: u32,
    low_w: u32,
    high_w: u32,
    /// Handshakes that show that something moves: valid and ready.
    moves: Vec<Bundle>,
    /// Reports of rows past the end: whether, and which.
    out_of_range: Vec<Bundle>,
    weights: Vec<Weights>,
    files: Vec<String>,
}

impl Body<'_> {
    /// Of resistive memories, whether a word is programmed, is done, has failed.
    fn programmed(&self) -> Vec<&[String; 3]> {
        self.weights.iter().filter_map(|of| of.programmed.as_ref()).collect()
    }
}

/// A memory of weights, as the template writes what is around it.
struct Weights {
    memory: Memory,
    /// The nets that the array reads by, and those that words are written by.
    read: Bundle,
    write: Bundle,
    /// That a word is written.
    written: &'static str,
    /// The row that is written, its bits, and the address that it is part of.
    row: String,
    row_w: u32,
    address: String,
    /// Of a resistive memory: whether a word is programmed, is done, has failed.
    programmed: Option<[String; 3]>,
    /// Of another, whose words are written in lanes: these, all of which are.
    lanes: Option<(String, u32)>,
}

/// A memory, who reads it and who writes it.
struct Shared {
    memory: LocalMemory,
    reads: &'static [Client],
    /// Further readers, after these, in designs with block sparsity.
    of_blocks: &'static [Client],
    writes: &'static [Client],
}

/// A reader or a writer: what the memory calls it, the part, its interface.
struct Client(&'static str, &'static str, &'static str);

/// Who comes first waits for nobody: units that are slow beside the array, then the array.
impl Shared {
    /// The writers of sums that may have saturated: those of the array and of elementwise.
    fn results(&self) -> impl Iterator<Item = &'static str> {
        let numbers = matches!(self.memory, LocalMemory::Named(Memory::Wide));
        let sums = |client: &&Client| ["matrix", "elementwise"].contains(&client.1);
        self.writes.iter().filter(move |client| numbers && sums(client)).map(|client| client.0)
    }
}

const SHARED: [Shared; 5] = [
    Shared {
        memory: LocalMemory::Named(Memory::Activation),
        reads: &[
            Client("row", "matrix", "row"),
            Client("a_code", "elementwise", "a_code"),
            Client("b_code", "elementwise", "b_code"),
            Client("store", "transfer", "activation_read"),
            Client("stream", "matrix", "stream"),
        ],
        // Where a tile in blocks takes two vectors a cycle: those of odd passes.
        of_blocks: &[Client("odd", "matrix", "odd")],
        writes: &[
            Client("share", "softmax", "code_write"),
            Client("norm", "layernorm", "code_write"),
            Client("load", "transfer", "activation_write"),
            Client("result", "matrix", "code_write"),
        ],
    },
    Shared {
        memory: LocalMemory::Named(Memory::Wide),
        reads: &[
            Client("softmax", "softmax", "wide_read"),
            Client("layernorm", "layernorm", "wide_read"),
            Client("a_wide", "elementwise", "a_wide"),
            Client("b_wide", "elementwise", "b_wide"),
            Client("exit", "exit", "wide_read"),
            Client("store", "transfer", "wide_read"),
        ],
        of_blocks: &[],
        writes: &[
            Client("norm", "layernorm", "wide_write"),
            Client("sum", "elementwise", "wide_write"),
            Client("load", "transfer", "wide_write"),
            Client("result", "matrix", "wide_write"),
        ],
    },
    Shared {
        memory: LocalMemory::Named(Memory::Parameter),
        reads: &[
            Client("column", "matrix", "column"),
            Client("layernorm", "layernorm", "parameter_read"),
            Client("store", "transfer", "parameter_read"),
        ],
        of_blocks: &[],
        writes: &[Client("load", "transfer", "parameter_write")],
    },
    Shared {
        memory: LocalMemory::Named(Memory::Index),
        reads: &[Client("list", "matrix", "list"), Client("store", "transfer", "index_read")],
        of_blocks: &[],
        writes: &[Client("load", "transfer", "index_write")],
    },
    Shared {
        memory: LocalMemory::Program,
        reads: &[Client("sequencer", "sequencer", "program")],
        of_blocks: &[],
        writes: &[Client("load", "transfer", "program_write")],
    },
];

/// Memories of weights, and the ports that the array reads them by.
const WEIGHTS: [(Memory, &str); 2] = [(Memory::WeightValues, "weight_value"), (Memory::WeightMasks, "weight_word")];

/// The part that does a kind of instruction.
fn part(kind: &Kind) -> &'static str {
    kind.unit.map_or("exit", Unit::name)
}

/// The whole accelerator; `None` in a design without one, or when no macro serves one of its memories.
pub fn elaborate(library: &mut Library) -> Option<Arc<Module>> {
    let design = library.design();
    let axi = design.accelerator?.axi;
    let contract = Contract {
        latency: "that of its programs".into(),
        interval: "one program at a time".into(),
        numbers: "those of its units".into(),
    };
    let summary = "the whole accelerator: runs programs from external memory";
    let mut module = Module::new("accelerator", None, summary, "accelerator");
    module.kind = ModuleKind::Accelerator;
    let n = Geometry::new(design).n;
    let mut top = Top {
        a: Assembly::of(module, contract, &[("n", n)], vec![Interface::clock()]),
        moves: Vec::new(),
        out_of_range: Vec::new(),
        weights: Vec::new(),
    };
    top.parts(library)?;
    top.instructions(design);
    top.shared(library)?;
    for (memory, read) in WEIGHTS {
        top.weights(library, memory, read)?;
    }
    top.bus();
    top.software();
    top.counters(library);
    top.bases(axi.address_bits, design.csr.map_or(0, |csr| csr.program_address_bits));
    top.logic();
    let looped = top.looped();
    let Top { a, moves, out_of_range, weights } = top;
    let module = a.finish();
    let files = module.files.clone();
    let high_w = design.csr.map_or(0, |csr| csr.program_address_bits - 32).min(axi.address_bits - 32);
    Some(library.add(module, |shell| {
        Body {
            shell,
            looped,
            count_w: COUNT_W,
            addr_w: ADDRESS_W,
            bus_w: axi.address_bits,
            low_w: 32,
            high_w,
            moves,
            out_of_range,
            weights,
            files,
        }
        .render()
    }))
}

/// The accelerator while it is put together.
struct Top {
    a: Assembly,
    /// Handshakes that show that something moves.
    moves: Vec<Bundle>,
    /// Reports of rows past the end.
    out_of_range: Vec<Bundle>,
    weights: Vec<Weights>,
}

impl Top {
    /// Registers, sequencer and bus, which outlive a program; units, which are reset when one is stopped.
    fn parts(&mut self, library: &mut Library) -> Option<()> {
        let a = &mut self.a;
        a.place("csr", &csr::elaborate(library)?);
        a.place("sequencer", &sequencer::elaborate(library)?);
        a.place("dma", &dma::elaborate(library)?);
        a.net("units_rst_n", 1);
        a.wire("sequencer", "units_rst_no", "units_rst_n");
        for (name, elaborate) in [
            ("transfer", transfer::elaborate as super::Elaborate),
            ("matrix", matrix_engine::elaborate),
            ("softmax", softmax_engine::elaborate),
            ("layernorm", layernorm_engine::elaborate),
            ("elementwise", elementwise_engine::elaborate),
            ("exit", exit_engine::elaborate),
        ] {
            a.place_under(name, &elaborate(library)?, "units_rst_n");
        }
        for part in ["matrix", "transfer"] {
            self.out_of_range.push(a.bundle((part, "out_of_range"), &format!("{part}_out_of_range")));
        }
        Some(())
    }

    /// Instructions, from the sequencer to the parts that do them, and their ends.
    fn instructions(&mut self, design: &Design) {
        let a = &mut self.a;
        for kind in issued(design) {
            a.join(("sequencer", kind.name), (part(kind), kind.name));
        }
        a.join_as(("sequencer", "fetch"), ("transfer", "fetch"), "sequencer_fetch");
        a.join(("exit", "decision"), ("sequencer", "decision"));
        for unit in Unit::ALL {
            let done = if unit == Unit::Transfer { "transfer_done_o" } else { "done_o" };
            a.link((unit.name(), done), ("sequencer", &format!("{}_done_i", unit.name())));
        }
        a.link(("transfer", "fetch_done_o"), ("sequencer", "fetch_done_i"));
        a.link(("sequencer", "abort_o"), ("dma", "abort_i"));
        a.join(("transfer", "fault"), ("sequencer", "bus_fault"));
    }

    /// Memories that parts share.
    fn shared(&mut self, library: &mut Library) -> Option<()> {
        let blocks = library.design().datapath.sparsity.is_some();
        for shared in &SHARED {
            let further = shared.of_blocks.iter().filter(|_| blocks);
            let reads: Vec<&Client> = shared.reads.iter().chain(further).collect();
            let clients = Clients {
                memory: shared.memory,
                reads: reads.iter().map(|client| client.0).collect(),
                writes: shared.writes.iter().map(|client| client.0).collect(),
                results: shared.results().collect(),
            };
            let name = shared.memory.buffer();
            self.a.place(&name, &buffer::elaborate(library, &clients)?);
            for Client(client, part, interface) in reads.into_iter().chain(shared.writes) {
                self.moves.push(self.a.join((part, interface), (&name, client)));
            }
            self.out_of_range.push(self.a.bundle((&name, "out_of_range"), &format!("{name}_out_of_range")));
        }
        Some(())
    }

    /// A memory of weights, which the array alone reads.
    fn weights(&mut self, library: &mut Library, memory: Memory, read: &str) -> Option<()> {
        let a = &mut self.a;
        let local = LocalMemory::Named(memory);
        let demand = local.demand(library);
        let of = library.memory_of_design(&demand).ok()?;
        let (name, part, row_w) = (local.key(), demand.instance(), demand.address_bits());
        a.place(&part, &of);
        let files = of.files.iter().map(|file| (file.clone(), format!("{}_{file}", name.to_uppercase())));
        a.pass_files(&part, &files.collect::<Vec<_>>());
        let read = a.join(("matrix", read), (&part, "read"));

        let write = local.port("write");
        let resistive = demand.storage.kind == MemoryKind::Rram;
        let port = if resistive { "program" } else { "write" };
        let address = a.expose("transfer", &format!("{write}_address_o"));
        let row = format!("{name}_row");
        a.derived(&row, row_w, [address.as_str()]);
        a.fields((&part, port), &[("address", &row)]);
        let lanes = of.port("write_lanes_i").map(|lanes| (format!("{name}_lanes"), lanes.width));
        let programmed = resistive.then(|| {
            a.wire(&part, "lock_i", "unlocked");
            a.open(&part, "read_error_o");
            ["busy_o", "program_done_o", "program_error_o"].map(|status| a.expose(&part, status))
        });
        if let Some((net, width)) = &lanes {
            a.constants(&[(net, *width)]);
            a.wire(&part, "write_lanes_i", net);
        }
        let write = a.join(("transfer", &write), (&part, port));
        let written = registers::events().find(|(_, event)| *event == Event::Written(memory))?.0.name;
        a.derived(written, 1, write.nets(["valid", "ready"]));
        self.weights.push(Weights { memory, read, write, written, row, row_w, address, programmed, lanes });
        Some(())
    }

    /// External memory.
    fn bus(&mut self) {
        let a = &mut self.a;
        a.join(("transfer", "command"), ("dma", "command"));
        self.moves.push(a.join(("dma", "read"), ("transfer", "read")));
        self.moves.push(a.join(("transfer", "write"), ("dma", "write")));
        a.join(("dma", "done"), ("transfer", "done"));
        a.export(("csr", "s_axil"));
        a.export(("dma", "m_axi"));
        a.export(("csr", "interrupt"));
    }

    /// What software has set, and what it is told.
    fn software(&mut self) {
        let a = &mut self.a;
        for (setting, part, port) in [
            ("control_start_o", "sequencer", "start_i"),
            ("control_soft_reset_o", "sequencer", "soft_reset_i"),
            ("program_length_o", "sequencer", "program_length_i"),
            ("watchdog_limit_o", "sequencer", "watchdog_limit_i"),
            ("entropy_threshold_o", "exit", "threshold_i"),
        ] {
            a.link(("csr", setting), (part, port));
        }
        for (port, register) in [
            ("busy_o", "status_busy_i"),
            ("done_o", "status_done_i"),
            ("error_code_o", "status_error_code_i"),
            ("error_address_o", "error_address_i"),
            ("program_counter_o", "program_counter_i"),
            ("exit_layer_o", "exit_layer_i"),
            ("ended_o", "interrupt_cause_done_i"),
            ("failed_o", "interrupt_cause_error_i"),
            ("exited_o", "interrupt_cause_early_exit_i"),
        ] {
            a.link(("sequencer", port), ("csr", register));
        }
        let interrupts = ["interrupt_enable_done_o", "interrupt_enable_error_o", "interrupt_enable_early_exit_o"];
        for unread in ["counters_snapshot_o"].into_iter().chain(interrupts) {
            a.open("csr", unread);
        }
    }

    /// What is counted, by the parts that it happens in and by what counts events.
    fn counters(&mut self, library: &mut Library) {
        let a = &mut self.a;
        let banks = LocalMemory::Named(Memory::Activation).demand(library).banks;
        a.place("event_counters", &events::elaborate(library, banks));
        let clear = a.expose("csr", "counters_clear_o");
        for part in ["event_counters", "matrix", "dma"] {
            a.wire(part, "clear_i", &clear);
        }
        let array = a.bundle(("matrix", "counts"), "matrix");
        let bus = a.bundle(("dma", "status"), "dma");
        let events = a.bundle(("event_counters", "counts"), "event_counters");
        a.register("cycles_q", COUNT_W, ["sequencer_busy".into(), clear]);
        for counter in registers::counters(library.design()) {
            let net = match counter.counts {
                Counted::ProgramCycles => "cycles_q".into(),
                Counted::Vectors => array.net("vector_count"),
                Counted::ZeroVectors => array.net("held_count"),
                Counted::MaskErrors => array.net("mask_error_count"),
                Counted::MisplacedMasks => array.net("misplaced_count"),
                Counted::CorrectedWords => array.net("corrected_count"),
                Counted::DetectedWords => array.net("detected_count"),
                Counted::BytesRead => bus.net("read_count"),
                Counted::BytesWritten => bus.net("written_count"),
                Counted::Event(_) => events.net(&format!("{}_count", counter.name)),
            };
            a.wire("csr", &format!("{}_i", counter.register), &net);
        }
        self.events();
    }

    /// What is counted as an event.
    fn events(&mut self) {
        let a = &mut self.a;
        for (counter, event) in registers::events() {
            let weights = |memory| self.weights.iter().find(|of| of.memory == memory);
            let net = match event {
                Event::Issue => a.expose("sequencer", "issued_o"),
                Event::Busy(unit) => a.expose("sequencer", &format!("{}_busy_o", unit.name())),
                Event::Read(memory) => match weights(memory) {
                    Some(weights) => weights.read.net("enable"),
                    None => a.expose(&LocalMemory::Named(memory).buffer(), "read_o"),
                },
                Event::Written(memory) => match weights(memory) {
                    Some(weights) => weights.written.into(),
                    None => a.expose(&LocalMemory::Named(memory).buffer(), "written_o"),
                },
                Event::Saturated => a.expose(&LocalMemory::Named(Memory::Wide).buffer(), "saturated_o"),
            };
            a.wire("event_counters", &format!("{}_i", counter.name), &net);
        }
        a.open_all((&LocalMemory::Program.buffer(), "events"));
    }

    /// Where programs and data begin in external memory, of as many bits as a bus address and a register
    /// have.
    fn bases(&mut self, address_w: u32, register_w: u32) {
        let a = &mut self.a;
        for base in ["program_base", "data_base"] {
            let high = (register_w > 32).then(|| a.expose("csr", &format!("{base}_high_o")));
            let parts: Vec<String> = [a.expose("csr", &format!("{base}_o"))].into_iter().chain(high).collect();
            a.derived(base, address_w, parts);
            a.wire("transfer", &format!("{base}_i"), base);
        }
    }

    /// What the template does itself.
    fn logic(&mut self) {
        let a = &mut self.a;
        let (out_of_range, flow, weights) = (
            a.bundle(("sequencer", "out_of_range"), "out_of_range"),
            [("progress_i", "progress_q"), ("drained_i", "drained")],
            a.bundle(("transfer", "weight"), "weights"),
        );
        let whether: Vec<String> =
            self.out_of_range.iter().map(|out_of_range| out_of_range.net("out_of_range")).collect();
        a.combinational([out_of_range.net("out_of_range")], whether);
        a.combinational([out_of_range.net("row")], self.out_of_range.iter().flat_map(Bundle::read).collect::<Vec<_>>());

        let programmed: Vec<&[String; 3]> = self.weights.iter().filter_map(|of| of.programmed.as_ref()).collect();
        a.combinational([weights.net("busy")], programmed.iter().map(|[busy, ..]| busy));
        a.combinational([weights.net("error")], programmed.iter().flat_map(|[_, done, error]| [done, error]));
        if !programmed.is_empty() {
            a.constants(&[("unlocked", 1)]);
        }
        let forget = self.weights.iter().map(|of| of.written).chain(["sequencer_fetch_valid"]);
        a.derived("forget", 1, forget.collect::<Vec<_>>());
        a.wire("matrix", "forget_i", "forget");

        a.derived("drained", 1, ["dma_busy"]);
        let handshakes = self.moves.iter().flat_map(|of| of.nets(["valid", "ready"]));
        a.register("progress_q", 1, handshakes.collect::<Vec<_>>());
        for (port, net) in flow {
            a.wire("sequencer", port, net);
        }
    }

    /// The nets that the loops of the template use.
    fn looped(&self) -> String {
        let weights = self.weights.iter().flat_map(|of| {
            let lanes = of.lanes.iter().map(|(net, _)| net.as_str());
            let programmed = of.programmed.iter().flatten().map(String::as_str);
            [of.written, &of.row, &of.address, of.write.stem()].into_iter().chain(lanes).chain(programmed)
        });
        let bundles = self.moves.iter().chain(&self.out_of_range).map(Bundle::stem);
        bundles.chain(weights).collect::<Vec<_>>().join(" ")
    }
}
