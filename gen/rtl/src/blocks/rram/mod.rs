//! `rram`: a memory that is read at the clock and programmed slowly, counted and checked.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::clog2,
        tiles::{self, TiledMemory},
    },
    design::{Coding, Placing},
    emit::Shell,
    memory::{Demand, MacroSelection, Technology},
    netlist::{Contract, Direction, Interface, Module, ModuleKind, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// Words that are counted together: one counter serves as many.
pub const BLOCK_WORDS: u32 = 1024;

#[derive(Template)]
#[template(path = "rtl/wear.v")]
struct Wear<'a> {
    shell: &'a Shell,
    blocks: u64,
    width: u32,
}

#[derive(Template)]
#[template(path = "rtl/rram.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    cell_w: u32,
    cells: u32,
    latency: u32,
    step_w: u32,
    write_cycles: u32,
    rounds: u32,
    limit: u64,
    block_w: u32,
    /// Whether an address numbers the words of one block.
    is_block: bool,
    count_w: u32,
    block: String,
    outside: String,
    refused: &'static str,
    padded: String,
    place: &'static str,
    gray: bool,
    all: bool,
}

/// What a memory does over time, as its golden has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from a read to its word.
    pub latency: u32,
    /// Cycles that a word is programmed for.
    pub write_cycles: u32,
    /// Reads that check a word.
    pub rounds: u32,
    /// How often a word can be programmed; `None` where nobody knows.
    pub endurance: Option<u64>,
}

/// The times of a memory.
#[must_use]
pub fn timing(technology: &Technology, demand: &Demand, selection: &MacroSelection) -> Timing {
    let memory = TiledMemory { technology, demand, selection };
    let used = technology.macros.iter().filter(|hard_macro| selection.macros.contains_key(&hard_macro.name));
    let least =
        used.filter_map(|hard_macro| technology.cell(hard_macro).endurance_cycles).fold(f64::INFINITY, f64::min);
    Timing {
        latency: memory.latency(),
        write_cycles: memory.write_cycles(),
        rounds: memory.rounds(),
        // Between one write and what 32 bits count.
        endurance: least.is_finite().then(|| (least as u64).clamp(1, u32::MAX.into())),
    }
}

/// The memory of a design that is made of RRAM; `label` is its name.
pub fn elaborate(library: &mut Library, label: &str, memory: &TiledMemory<'_>) -> Arc<Module> {
    let demand = memory.demand;
    let Timing { latency, write_cycles, rounds, endurance } = timing(memory.technology, demand, memory.selection);
    let tiles = tiles::elaborate(library, label, memory);
    let (addr_w, width, stored) = (demand.address_bits(), demand.bits, demand.stored_bits());
    let cell_w = demand.storage.bits_per_cell;
    let last = 3 * latency + write_cycles + rounds;
    let limit = endurance.unwrap_or(0);
    let (block_w, count_w) = (clog2(BLOCK_WORDS.into()).min(addr_w), clog2(limit + 1));
    let blocks = demand.words.div_ceil(1 << block_w);
    let blocks_w = clog2(blocks);

    let mut assembly = Assembly::new(outside(label, memory));
    assembly.place("tiles", &tiles);
    let files = ["IMAGE", "FAULTS"].map(|file| (file.to_owned(), file.to_owned()));
    assembly.pass_files("tiles", &files);
    if limit > 0 {
        let wear = wear(library, label, &demand.key, blocks, block_w + count_w);
        assembly.place("wear", &wear);
    }
    let all = tiles.port("read_all_i").is_some();
    joints(&mut assembly, [addr_w, stored], all);
    programming(&mut assembly, limit > 0);

    let block = match addr_w - block_w {
        0 => format!("{blocks_w}'d0"),
        _ => format!("put_address_q[{block_w} +: {blocks_w}]"),
    };
    let body = |shell: &Shell| {
        Body {
            shell,
            width,
            cell_w,
            cells: stored / cell_w,
            latency,
            step_w: clog2(u64::from(last) + 1),
            write_cycles,
            rounds,
            limit,
            block_w,
            is_block: addr_w == block_w,
            count_w,
            block,
            outside: if demand.words < 1 << addr_w {
                format!("put_address_q > {addr_w}'d{}", demand.words - 1)
            } else {
                "1'b0".to_owned()
            },
            refused: if latency == 1 {
                "read_enable_i && busy_q"
            } else {
                "{refused_q[LATENCY-2:0], read_enable_i && busy_q}"
            },
            padded: if stored > width { format!("{{{}'d0, data_q}}", stored - width) } else { "data_q".to_owned() },
            place: match demand.storage.placing {
                Placing::Adjacent => "c*CELL_W + k",
                Placing::Spread => "k*CELLS + c",
            },
            gray: demand.storage.coding == Coding::Gray,
            all,
        }
        .render()
    };
    library.add(assembly.finish(), body)
}

/// Name, contract and ports.
fn outside(label: &str, memory: &TiledMemory<'_>) -> Module {
    let demand = memory.demand;
    let Timing { latency, write_cycles, rounds, endurance } = timing(memory.technology, demand, memory.selection);
    let (addr_w, width, last) = (demand.address_bits(), demand.bits, 3 * latency + write_cycles + rounds);
    let summary = format!("the memory {label}: {} words of {width} bits in RRAM", demand.words);
    let mut module = Module::new("rram", Some(label), &summary, &demand.key);
    module.contract = Contract {
        latency: format!("{latency} cycles from a read to its word; {} from a word to be programmed to done", last + 2),
        interval: "one read a cycle; one that comes while a word is programmed gives zeros and an error".into(),
        numbers: match endurance {
            Some(limit) => format!("words of a block of {BLOCK_WORDS} are programmed up to {limit} times"),
            None => "writes are not counted: the technology does not say how many there can be".into(),
        },
    };
    module.set_parameters(&[
        ("words", demand.words as u32),
        ("width", width),
        ("latency", latency),
        ("write_cycles", write_cycles),
    ]);
    let bits = Payload::Bits;
    module.interfaces = vec![
        Interface::clock(),
        Interface::new("lock", Role::Configuration, "Lock: words stay as they are").plain_input("lock", 1, bits),
        Interface::sink("program", "Words to be programmed")
            .input("address", addr_w, bits)
            .input("data", width, demand.payload)
            .of("WIDTH"),
        Interface::new("read", Role::Memory, "Read port")
            .input("enable", 1, bits)
            .input("address", addr_w, bits)
            .output("data", width, demand.payload)
            .of("WIDTH"),
        Interface::new(
            "status",
            Role::Status,
            "Programming: over, how it went, whether it goes on, whether it refused a read",
        )
        .plain_output("read_error", 1, bits)
        .plain_output("program_done", 1, bits)
        .plain_output("program_error", 3, bits)
        .of("$clog2(DIFFERS+1)")
        .plain_output("busy", 1, bits),
    ];
    module
}

/// Reads and writes of the macros; `all` where a read can go to all copies of a word.
fn joints(assembly: &mut Assembly, [addr_w, stored]: [u32; 2], all: bool) {
    let (program, read) = (assembly.own("program"), assembly.own("read"));
    let tiles_read = ("tiles", "read");
    for (field, net, width) in [("enable", "get", 1), ("address", "get_address", addr_w)] {
        assembly.derived(net, width, [read.net(field)]);
        assembly.fields(tiles_read, &[(field, net)]);
    }
    if all {
        assembly.net("get_all", 1);
        assembly.registers(["get_all"], Vec::<String>::new());
        assembly.fields(tiles_read, &[("all", "get_all")]);
    }
    assembly.net("stored", stored);
    assembly.fields(tiles_read, &[("data", "stored")]);
    assembly.combinational([read.net("data")], ["stored"]);

    let tiles_write = ("tiles", "write");
    for (field, net, width) in [("enable", "put", 1), ("data", "levels", stored)] {
        assembly.net(net, width);
        assembly.registers([net], program.nets(["data", "address", "valid"]));
        assembly.fields(tiles_write, &[(field, net)]);
    }
    assembly.register("put_address_q", addr_w, [program.net("address")]);
    assembly.fields(tiles_write, &[("address", "put_address_q")]);
}

/// The steps of a programming; `counted` where blocks count them.
fn programming(assembly: &mut Assembly, counted: bool) {
    let program = assembly.own("program");
    let mut reads = vec!["lock_i".into(), "stored".into(), program.net("valid"), program.net("address")];
    if counted {
        let wear = assembly.bundle(("wear", "counter"), "wear");
        assembly.registers([wear.net("address")], [program.net("address")]);
        assembly.combinational(wear.nets(["write_data", "write_enable"]), [wear.net("read_data")]);
        reads.push(wear.net("read_data"));
    }
    assembly.registers(["read_error_o"], ["read_enable_i"]);
    let status = ["program_done_o", "program_error_o", "busy_o"].map(String::from);
    assembly.registers([program.driven(), status.to_vec()].concat(), reads);
}

/// The counters of a memory.
fn wear(library: &mut Library, label: &str, key: &str, blocks: u64, width: u32) -> Arc<Module> {
    let summary = format!("{blocks} counters of writes: a model of cells that are not volatile");
    let mut module = Module::new("wear", Some(label), &summary, key);
    module.kind = ModuleKind::Model;
    module.contract = Contract {
        latency: "read in the same cycle".into(),
        interval: "one write a cycle".into(),
        numbers: String::new(),
    };
    module.interfaces = vec![
        Interface::clock_only(),
        Interface::new("counter", Role::Memory, "A counter, read and written")
            .plain_input("address", clog2(blocks), Payload::Bits)
            .of("$clog2(BLOCKS)")
            .port("read_data", Direction::Output, width, Payload::Bits)
            .of("WIDTH")
            .plain_input("write_enable", 1, Payload::Bits)
            .plain_input("write_data", width, Payload::Bits)
            .of("WIDTH"),
    ];
    module.combinational(&["read_data_o"], &["address_i"]);
    module.registers(&[], &["clk_i", "write_enable_i", "write_data_i"]);
    library.add(module, |shell| Wear { shell, blocks, width }.render())
}
