//! The macros of a memory at their places: decode by address, words side by side, choice among folded words
//! and copies. What `sram` and `rram` put their ports in front of.

use crate::{
    blocks::{
        Assembly, Library,
        geometry::clog2,
        macros::{self, MacroPort},
    },
    design::MemoryKind,
    emit::Shell,
    memory::{self, Demand, Macro, MacroSelection, Technology},
    netlist::{Contract, Interface, Module, Net, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

/// What a memory is made of, and the cycles that follow.
#[derive(Clone, Copy)]
pub struct TiledMemory<'a> {
    /// Where its macros are from.
    pub technology: &'a Technology,
    /// What is asked of it.
    pub demand: &'a Demand,
    /// Its macros.
    pub selection: &'a MacroSelection,
}

impl<'a> TiledMemory<'a> {
    /// The macro of a name that is selected.
    fn hard_macro(&self, name: &str) -> Option<&'a Macro> {
        self.technology.macros.iter().find(|hard_macro| hard_macro.name == name)
    }

    fn macros(&self) -> impl Iterator<Item = &'a Macro> {
        self.selection.macros.keys().filter_map(|name| self.hard_macro(name))
    }

    /// Cycles that the slowest macro is programmed for.
    #[must_use]
    pub fn write_cycles(&self) -> u32 {
        self.macros().map(|hard_macro| self.demand.cycles(hard_macro.write_latency_ns)).max().unwrap_or(1) as u32
    }

    /// Cycles from a read to its data.
    #[must_use]
    pub fn latency(&self) -> u32 {
        self.demand.latency_cycles
    }

    /// Whether the latency leaves a cycle to register the data in.
    fn registered(&self) -> bool {
        u64::from(self.latency()) > self.selection.latency_cycles
    }

    /// Cycles from a read to the data of its macros.
    #[must_use]
    pub fn stages(&self) -> u32 {
        self.latency() - u32::from(self.registered())
    }

    /// The most copies of a word.
    #[must_use]
    pub fn copies(&self) -> u32 {
        self.selection.tiles.iter().map(|tile| tile.copies).max().unwrap_or(1)
    }

    /// Reads that see every copy of a word.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.selection
            .tiles
            .iter()
            .filter_map(|tile| Some(tile.copies * readers(self.hard_macro(&tile.name)?, self.demand)))
            .max()
            .unwrap_or(1)
    }

    /// Whether a write and a read meet at a port.
    #[must_use]
    pub fn shared(&self) -> bool {
        let meet = |hard_macro: &Macro| {
            let ports = macros::ports(hard_macro.ports);
            let (writer, readers) = roles(&ports, self.demand);
            readers.iter().any(|reader| reader.name == writer.name)
        };
        self.macros().any(meet)
    }
}

/// The port that takes writes, and those that take reads: where writes come in every cycle, the others.
fn roles(ports: &[MacroPort], demand: &Demand) -> (MacroPort, Vec<MacroPort>) {
    let writer = ports.iter().copied().find(|port| port.writes).unwrap_or(ports[0]);
    let apart = ports.iter().any(|port| port.reads && port.name != writer.name) && demand.writes_per_cycle > 0;
    let readers = ports.iter().copied().filter(|port| port.reads && !(apart && port.name == writer.name));
    (writer, readers.collect())
}

/// Ports of a macro that take reads.
fn readers(hard_macro: &Macro, demand: &Demand) -> u32 {
    roles(&macros::ports(hard_macro.ports), demand).1.len() as u32
}

/// A macro at its place, for the template.
struct Tile<'a> {
    index: usize,
    /// Bits of the memory's address.
    addr_w: u32,
    name: &'a str,
    hard_macro: &'a Macro,
    first: u64,
    last: u64,
    low: u32,
    high: u32,
    fold: u32,
    /// Bits of the macro's word from one folded word to the next.
    stride: u32,
    copies: u32,
    /// Stage of the request that it takes.
    delay: u32,
    rram: bool,
    codes: u32,
    code_w: u32,
    /// Whether lanes are written alone, by a port of their own.
    lanes: bool,
    /// Whether the lanes decide on whole words, since the macro has no write enables and another has.
    gated: bool,
    ports: Vec<MacroPort>,
    writer: MacroPort,
    readers: Vec<MacroPort>,
}

impl<'a> Tile<'a> {
    /// The tile of a memory; `None` when the technology lacks its macro.
    fn new(index: usize, tile: &memory::Tile, memory: &TiledMemory<'a>) -> Option<Self> {
        let (demand, hard_macro) = (memory.demand, memory.hard_macro(&tile.name)?);
        let rram = demand.storage.kind == MemoryKind::Rram;
        let grain = if rram { demand.storage.bits_per_cell } else { hard_macro.write_enable_bits };
        let ports = macros::ports(hard_macro.ports);
        let (writer, readers) = roles(&ports, demand);
        let (lanes, masked) = (lanes(memory), masked(memory));
        Some(Tile {
            index,
            addr_w: demand.address_bits(),
            name: &hard_macro.name,
            hard_macro,
            first: tile.words.0,
            last: tile.words.1,
            low: tile.bits.0,
            high: tile.bits.1,
            fold: tile.fold,
            stride: if tile.fold == 1 { hard_macro.bits } else { hard_macro.bits / tile.fold / grain * grain },
            copies: tile.copies,
            delay: memory.stages() - demand.cycles(hard_macro.read_latency_ns) as u32,
            rram,
            codes: lanes,
            code_w: demand.bits / lanes,
            lanes: masked,
            gated: macros::masks(hard_macro, demand.storage.kind) == 0 && masked,
            ports,
            writer,
            readers,
        })
    }

    /// What the names of a port's nets begin with.
    fn stem(&self, copy: u32, port: &MacroPort) -> String {
        format!("tile{}_{copy}_{}", self.index, port.name)
    }

    /// Those of all ports.
    fn stems(&self) -> Vec<String> {
        let of_copy = |copy| self.ports.iter().map(move |port| self.stem(copy, port));
        (0..self.copies).flat_map(of_copy).collect()
    }

    /// The word that a port is given.
    fn input(&self, copy: u32, port: &MacroPort) -> String {
        format!("{}_in", self.stem(copy, port))
    }

    /// The word that a port gives.
    fn out(&self, copy: u32, port: &MacroPort) -> String {
        format!("{}_out", self.stem(copy, port))
    }

    /// What all ports give that take reads.
    fn outs(&self) -> Vec<String> {
        let of_copy = |copy| self.readers.iter().map(move |port| self.out(copy, port));
        (0..self.copies).flat_map(of_copy).collect()
    }

    /// Bits of an address within the tile: those of the macro and of the fold.
    fn inner_w(&self) -> u32 {
        self.addr_w.min(self.fold_w() + self.address_w())
    }

    /// The address of a read within the tile.
    fn at_delay(&self) -> String {
        let width = self.inner_w();
        format!("address[{}*ADDR_W +: {width}]{}", self.delay, self.minus(width))
    }

    /// The lowest `width` bits of the difference to the tile's first word.
    fn minus(&self, width: u32) -> String {
        match self.first % (1 << width) {
            0 => String::new(),
            first => format!(" - {width}'d{first}"),
        }
    }

    fn bounds(&self, address: &str) -> Vec<String> {
        let mut all = Vec::new();
        if self.first > 0 {
            all.push(format!("{address} >= {}'d{}", self.addr_w, self.first));
        }
        if self.last + 1 < 1 << self.addr_w {
            all.push(format!("{address} <= {}'d{}", self.addr_w, self.last));
        }
        all
    }

    /// Whether an address is of this tile, as further terms of a conjunction.
    fn within(&self, what: &str) -> String {
        let address = match what {
            "write" => "write_address_i".to_owned(),
            _ => format!("address[{}*ADDR_W +: ADDR_W]", self.delay),
        };
        let gate = (self.gated && what == "write").then(|| "write_lanes_i".to_owned());
        let terms: Vec<String> = self.bounds(&address).into_iter().chain(gate).collect();
        terms.iter().map(|term| format!("{}&& {term}", Self::before(&terms))).collect()
    }

    /// What stands between terms: two of them fill a line.
    fn before(terms: &[String]) -> &'static str {
        if terms.len() > 1 { "\n                    " } else { " " }
    }

    fn shows(&self) -> String {
        let bounds = self.bounds("address[STAGES*ADDR_W +: ADDR_W]");
        if bounds.is_empty() { "1'b1".to_owned() } else { bounds.join(&format!("{}&& ", Self::before(&bounds))) }
    }

    /// Bits that choose among folded words.
    fn fold_w(&self) -> u32 {
        self.fold.ilog2()
    }

    fn address_w(&self) -> u32 {
        clog2(self.hard_macro.words.into())
    }

    /// The macro's address of a word of the tile.
    fn row(&self, word: &str) -> String {
        let (low, width) = (self.fold_w(), self.address_w());
        let held_w = self.inner_w().saturating_sub(low);
        match held_w {
            0 => format!("{width}'d0"),
            _ if held_w >= width => format!("{word}[{low} +: {width}]"),
            _ => format!("{{{}'d0, {word}[{low} +: {held_w}]}}", width - held_w),
        }
    }

    /// Ports that take reads, over all copies.
    fn turns(&self) -> u32 {
        self.copies * self.readers.len() as u32
    }

    /// What drives the ports of the macros, and the word that they give.
    fn drives(&self) -> Vec<String> {
        let ports = |copy| self.ports.iter().flat_map(move |port| self.driven(copy, port));
        (0..self.copies).flat_map(ports).chain(self.given()).collect()
    }

    /// Whose turn a read is, by its stage.
    fn turn(&self, stage: &str) -> String {
        let turn_w = bits(&self.turns());
        format!("turn{}[{stage}*{turn_w} +: {turn_w}]", self.turns())
    }

    /// Whether a port takes a read; `None` for one that takes none.
    fn reads(&self, copy: u32, port: &MacroPort) -> Option<String> {
        let (t, turns) = (self.index, self.turns());
        let reader = self.readers.iter().position(|reader| reader.name == port.name)?;
        if turns == 1 {
            return Some(format!("tile{t}_reads"));
        }
        let number = copy as usize * self.readers.len() + reader;
        let mine = format!("{} == {}'d{number}", self.turn(&self.delay.to_string()), bits(&turns));
        let mine = if self.rram { format!("({mine} || all[{}])", self.delay) } else { format!("({mine})") };
        Some(format!("tile{t}_reads && {mine}"))
    }

    /// What drives a port of a copy.
    fn driven(&self, copy: u32, port: &MacroPort) -> Vec<String> {
        let (t, stem) = (self.index, self.stem(copy, port));
        let reads = self.reads(copy, port);
        let writes = (self.writer.name == port.name).then(|| format!("tile{t}_writes"));
        let alone = |request: &String| if self.turns() > 1 { format!("({request})") } else { request.clone() };
        let requests: Vec<String> = [&reads, &writes].into_iter().flatten().map(alone).collect();
        let enable = if requests.is_empty() { "1'b0".to_owned() } else { requests.join(" || ") };
        let (read, write) = (self.row(&format!("tile{t}_read")), self.row(&format!("tile{t}_write")));
        let address = match (&reads, &writes) {
            (Some(_), Some(writes)) => format!("{writes} ? {write} : {read}"),
            (None, Some(_)) => write,
            _ => read,
        };
        let mut lines =
            vec![format!("assign {stem}_enable = {enable};"), format!("assign {stem}_address = {address};")];
        if port.writes && port.reads {
            lines.push(format!("assign {stem}_write = {};", writes.as_deref().unwrap_or("1'b0")));
        }
        if port.writes {
            lines.extend(self.written(copy, port));
            lines.extend(self.masks(&format!("{stem}_mask")));
        }
        lines
    }

    /// What the port gives that took the read, and the memory's word in it.
    fn given(&self) -> Vec<String> {
        let (t, width, w) = (self.index, self.hard_macro.bits, self.high - self.low + 1);
        let outs = self.outs();
        let (last, others) = outs.split_last().unwrap_or((&outs[0], &[]));
        let (turn, turn_w) = (self.turn("STAGES"), bits(&self.turns()));
        let others = others.iter().enumerate().map(|(i, out)| format!("{turn} == {turn_w}'d{i} ? {out} : "));
        let row = format!("{}{last}", others.collect::<String>());
        let mut lines = vec![format!("wire [{}:0] tile{t}_row = {row};", width - 1)];
        if self.fold == 1 && w < width {
            lines.push(format!("wire [{}:0] unused_tile{t} = tile{t}_row[{}:{w}];", width - w - 1, width - 1));
        }
        lines.push(match self.fold {
            1 => format!("wire [{}:0] tile{t}_word = tile{t}_row[{}:0];", w - 1, w - 1),
            _ => format!("wire [{}:0] tile{t}_word = tile{t}_row[tile{t}_shown*{} +: {w}];", w - 1, self.stride),
        });
        lines
    }

    /// The lowest bits of a write's address in the tile, which choose among folded words.
    fn chosen(&self) -> String {
        format!("tile{}_write[{}:0]", self.index, self.fold_w().max(1) - 1)
    }

    /// The port whose word a port's is merged with.
    fn old(&self, copy: u32, port: &MacroPort) -> String {
        self.out(copy, if port.reads { port } else { &self.readers[0] })
    }

    /// The word that a macro is written: the memory's at its place, with its neighbours as they were read.
    fn written(&self, copy: u32, port: &MacroPort) -> Vec<String> {
        let (t, width, w) = (self.index, self.hard_macro.bits, self.high - self.low + 1);
        let pad = |from: u32, to: u32| if to > from { format!("{}'d0, ", to - from) } else { String::new() };
        let word = format!("{{{}write_data_i[{}:{}]}}", pad(w, self.stride), self.high, self.low);
        let (data, rest) = (self.input(copy, port), pad(self.stride * self.fold, width));
        if self.fold == 1 {
            vec![format!("assign {data} = {{{}write_data_i[{}:{}]}};", pad(w, width), self.high, self.low)]
        } else if self.rram {
            let (old, chosen) = (self.old(copy, port), self.chosen());
            vec![
                format!("reg [{}:0] tile{t}_{copy}_merged;", width - 1),
                "always @* begin".to_owned(),
                format!("    tile{t}_{copy}_merged = {old};"),
                format!("    tile{t}_{copy}_merged[{chosen}*{} +: {}] = {word};", self.stride, self.stride),
                "end".to_owned(),
                format!("assign {data} = tile{t}_{copy}_merged;"),
            ]
        } else {
            vec![format!("assign {data} = {{{rest}{{{}{{{word}}}}}}};", self.fold)]
        }
    }

    /// Which groups of bits a write changes. Group k lies in folded word k·grain div stride, and there in one
    /// code.
    fn masks(&self, mask: &str) -> Vec<String> {
        let masks = macros::masks(self.hard_macro, if self.rram { MemoryKind::Rram } else { MemoryKind::Sram });
        let (grain, w) = (self.hard_macro.write_enable_bits, self.high - self.low + 1);
        let group = |k: u32| {
            let (at, within) = (k * grain / self.stride, k * grain % self.stride);
            if at >= self.fold || within >= w {
                return "1'b0".to_owned();
            }
            let code = (self.low + within) / self.code_w;
            let lane = match (self.lanes, self.codes) {
                (false, _) => None,
                (true, 1) => Some("write_lanes_i".to_owned()),
                (true, _) => Some(format!("write_lanes_i[{code}]")),
            };
            let folded = (self.fold > 1).then(|| format!("{} == {}'d{at}", self.chosen(), self.fold_w()));
            match (lane, folded) {
                (None, None) => "1'b1".to_owned(),
                (Some(one), None) | (None, Some(one)) => one,
                (Some(lane), Some(folded)) => format!("{lane} && {folded}"),
            }
        };
        (0..masks).map(|k| format!("assign {mask}[{k}] = {};", group(k))).collect()
    }
}

/// Bits that number so many ports.
fn bits(count: &u32) -> u32 {
    clog2((*count).into())
}

#[derive(Template)]
#[template(path = "rtl/tiles.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    addr_w: u32,
    stages: u32,
    /// The latest stage of a request that a macro takes.
    delay: u32,
    all_delay: u32,
    turns: Vec<u32>,
    tiles: Vec<Tile<'a>>,
    registered: bool,
    rram: bool,
    /// Whether a read can go to all copies.
    all: bool,
}

impl Body<'_> {
    /// What the names of the macros' nets begin with.
    fn stems(&self) -> String {
        self.tiles.iter().flat_map(Tile::stems).collect::<Vec<_>>().join(" ")
    }
}

/// Codes that are written alone: those of a word where all of its macros can, else the word.
pub(crate) fn lanes(memory: &TiledMemory<'_>) -> u32 {
    let code_w = memory.demand.bits / memory.demand.codes;
    let alone = |tile: &memory::Tile| {
        let hard_macro = memory
            .hard_macro(&tile.name)
            .filter(|hard_macro| macros::masks(hard_macro, memory.demand.storage.kind) > 0);
        let grain = hard_macro.map_or(0, |hard_macro| hard_macro.write_enable_bits);
        grain > 0 && code_w.is_multiple_of(grain) && tile.bits.0.is_multiple_of(grain)
    };
    if memory.selection.tiles.iter().all(alone) { memory.demand.codes } else { 1 }
}

/// The tiles of a memory.
pub(crate) fn elaborate(library: &mut Library, label: &str, memory: &TiledMemory<'_>) -> Arc<Module> {
    let demand = memory.demand;
    let rram = demand.storage.kind == MemoryKind::Rram;
    let tiles: Vec<Tile<'_>> =
        memory.selection.tiles.iter().enumerate().filter_map(|(index, tile)| Tile::new(index, tile, memory)).collect();
    let delay = tiles.iter().map(|tile| tile.delay).max().unwrap_or(0);
    let mut turns: Vec<u32> = tiles.iter().map(Tile::turns).filter(|&turns| turns > 1).collect();
    turns.sort_unstable();
    turns.dedup();
    let (resets, all) = (delay > 0 || !turns.is_empty(), rram && !turns.is_empty());
    let mut assembly = Assembly::new(outside(label, memory, resets, all));
    for tile in &tiles {
        let model = macros::elaborate(library, memory.technology, tile.hard_macro, demand);
        for copy in 0..tile.copies {
            place(&mut assembly, tile, copy, &model, memory.write_cycles());
        }
    }
    let outs: Vec<String> = tiles.iter().flat_map(Tile::outs).collect();
    if memory.registered() {
        assembly.registers(["read_data_o"], outs);
    } else {
        assembly.combinational(["read_data_o"], outs);
    }
    assembly.state(Vec::<String>::new());
    let body = |shell: &Shell| {
        Body {
            shell,
            width: demand.stored_bits(),
            addr_w: demand.address_bits(),
            stages: memory.stages(),
            delay,
            all_delay: if all { delay } else { 0 },
            turns,
            tiles,
            registered: memory.registered(),
            rram,
            all,
        }
        .render()
    };
    library.add(assembly.finish(), body)
}

/// Whether the words of a memory are written by lanes: the accelerator itself writes whole words.
fn masked(memory: &TiledMemory<'_>) -> bool {
    let kind = memory.demand.storage.kind;
    memory.demand.writes_per_cycle == 0 && memory.macros().any(|hard_macro| macros::masks(hard_macro, kind) > 0)
}

/// Name, contract and ports; `all` where a read can go to all copies of a word.
fn outside(label: &str, memory: &TiledMemory<'_>, resets: bool, all: bool) -> Module {
    let demand = memory.demand;
    let (addr_w, width) = (demand.address_bits(), demand.stored_bits());
    let macros = memory.selection.macros.values().sum::<u64>();
    let summary = format!("{} words of {width} bits, tiled from {macros} macros", demand.words);
    let mut module = Module::new("tiles", Some(label), &summary, &demand.key);
    module.contract = Contract {
        latency: format!("{} cycles from a read to its word; one that there is not reads as zero", memory.latency()),
        interval: match memory.shared() {
            true => "one read a cycle, or a write while no read is on its way to the macros".into(),
            false => "one read and one write a cycle".into(),
        },
        numbers: String::new(),
    };
    let port = |name: &str, summary: &str| {
        let port = Interface::new(name, Role::Memory, summary).input("enable", 1, Payload::Bits);
        port.input("address", addr_w, Payload::Bits).of("ADDR_W")
    };
    let mut read = port("read", "Read port");
    if all {
        read = read.input("all", 1, Payload::Bits);
    }
    let mut write = port("write", "Write port").input("data", width, Payload::Bits).of("WIDTH");
    if masked(memory) {
        write = write.input("lanes", lanes(memory), Payload::Bits).of(format!("WIDTH/{}", width / lanes(memory)));
    }
    module.interfaces = vec![
        if resets { Interface::clock() } else { Interface::clock_only() },
        read.output("data", width, Payload::Bits).of("WIDTH"),
        write,
    ];
    module
}

/// Places a copy of a tile. Its nets are named after tile, copy and port: all of a port's fields but data,
/// which are `in` and `out`.
fn place(assembly: &mut Assembly, tile: &Tile<'_>, copy: u32, model: &Arc<Module>, write_cycles: u32) {
    let part = format!("tile{}_{copy}", tile.index);
    assembly.place(&part, model);
    let number = format!("\"{}\"", tile.index);
    assembly.set_parameters(&part, &[("IMAGE", "IMAGE"), ("TILE", &number)]);
    if tile.rram {
        assembly.set_parameters(&part, &[("FAULTS", "FAULTS"), ("PULSE", &write_cycles.to_string())]);
    }
    let (read, write) = (assembly.own("read"), assembly.own("write"));
    let data: Vec<String> = write.read().into_iter().filter(|port| *port != write.net("enable")).collect();
    let requests = [read.read(), write.read()].concat();
    let requests: Vec<String> = requests.into_iter().filter(|port| *port != write.net("data")).collect();
    let width = tile.hard_macro.bits;
    for port in &tile.ports {
        let stem = tile.stem(copy, port);
        if port.writes {
            let input = tile.input(copy, port);
            // A word of RRAM is programmed with its neighbours as they were read.
            let neighbours = (tile.rram && tile.fold > 1).then(|| tile.old(copy, port));
            assembly.declare(Net::wire(&input, width), &stem);
            assembly.combinational([&input], data.iter().cloned().chain(neighbours));
            assembly.wire(&part, &format!("{}_data_i", port.name), &input);
        }
        if tile.readers.iter().any(|reader| reader.name == port.name) {
            let out = tile.out(copy, port);
            assembly.declare(Net::wire(&out, width), &stem);
            assembly.wire(&part, &format!("{}_data_o", port.name), &out);
        } else if port.reads {
            assembly.open(&part, &format!("{}_data_o", port.name));
        }
        let nets = assembly.bundle((&part, port.name), &stem);
        for (field, net) in nets.fields() {
            assembly.combinational([net], if field == "mask" { &data } else { &requests });
        }
    }
}
