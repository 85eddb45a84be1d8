//! The macros of a memory at their places: decode by address, words side by side, choice among folded words and copies. What
//! `sram` and `rram` put their ports in front of.

use crate::{
    blocks::{
        Library,
        geometry::clog2,
        macros::{self, MacroPort},
    },
    design::MemoryKind,
    emit::Shell,
    memory::{Demand, Macro, MacroSelection, Technology},
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
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

impl Tile<'_> {
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

    fn drives(&self) -> Vec<String> {
        let (t, width, w) = (self.index, self.hard_macro.bits, self.high - self.low + 1);
        let mut lines = Vec::new();
        let turn_w = bits(&self.turns());
        let turn = |stage: &str| format!("turn{}[{stage}*{turn_w} +: {turn_w}]", self.turns());
        let (read, write) = (format!("tile{t}_read"), format!("tile{t}_write"));
        let (read, write) = (self.row(&read), self.row(&write));
        for copy in 0..self.copies {
            for (p, port) in self.ports.iter().enumerate() {
                let net = |field: &str| format!("tile{t}_{copy}_{}_{field}", port.name);
                let reader = self.readers.iter().position(|reader| reader.name == port.name);
                let writes = (self.writer.name == port.name).then(|| format!("tile{t}_writes"));
                let reads = reader.map(|reader| match self.turns() {
                    1 => format!("tile{t}_reads"),
                    _ => {
                        let number = copy as usize * self.readers.len() + reader;
                        let mine = format!("{} == {turn_w}'d{number}", turn(&self.delay.to_string()));
                        let mine =
                            if self.rram { format!("({mine} || all[{}])", self.delay) } else { format!("({mine})") };
                        format!("tile{t}_reads && {mine}")
                    }
                });
                let enable = [&reads, &writes]
                    .into_iter()
                    .flatten()
                    .map(|request| if self.turns() > 1 { format!("({request})") } else { request.clone() });
                let enable: Vec<_> = enable.collect();
                let enable = if enable.is_empty() { "1'b0".to_owned() } else { enable.join(" || ") };
                lines.push(format!("assign {} = {enable};", net("enable")));
                let address = match (&reads, &writes) {
                    (Some(_), Some(writes)) => format!("{writes} ? {write} : {read}"),
                    (None, Some(_)) => write.clone(),
                    _ => read.clone(),
                };
                lines.push(format!("assign {} = {address};", net("address")));
                if port.writes {
                    if port.reads {
                        lines.push(format!("assign {} = {};", net("write"), writes.as_deref().unwrap_or("1'b0")));
                    }
                    lines.extend(self.written(&net("in"), &net("mask"), copy, p));
                }
            }
        }
        // What the port gives that took the read.
        let outs: Vec<String> = (0..self.copies)
            .flat_map(|copy| self.readers.iter().map(move |port| format!("tile{t}_{copy}_{}_out", port.name)))
            .collect();
        lines.push(format!(
            "wire [{}:0] tile{t}_row = {};",
            width - 1,
            match outs.as_slice() {
                [one] => one.clone(),
                _ => {
                    let stage = "STAGES";
                    let (last, others) = outs.split_last().unwrap_or((&outs[0], &[]));
                    let others = others
                        .iter()
                        .enumerate()
                        .map(|(i, out)| format!("{} == {turn_w}'d{i} ? {out} : ", turn(stage)));
                    format!("{}{last}", others.collect::<String>())
                }
            }
        ));
        if self.fold == 1 && w < width {
            lines.push(format!("wire [{}:0] unused_tile{t} = tile{t}_row[{}:{w}];", width - w - 1, width - 1));
        }
        lines.push(match self.fold {
            1 => format!("wire [{}:0] tile{t}_word = tile{t}_row[{}:0];", w - 1, w - 1),
            _ => format!("wire [{}:0] tile{t}_word = tile{t}_row[tile{t}_shown*{} +: {w}];", w - 1, self.stride),
        });
        lines
    }

    /// The word that a macro is written: the memory's at its place, with its neighbours as they were read.
    fn written(&self, data: &str, mask: &str, copy: u32, port: usize) -> Vec<String> {
        let (t, width, w) = (self.index, self.hard_macro.bits, self.high - self.low + 1);
        let pad = |from: u32, to: u32| if to > from { format!("{}'d0, ", to - from) } else { String::new() };
        let word = format!("{{{}write_data_i[{}:{}]}}", pad(w, self.stride), self.high, self.low);
        let chosen = format!("tile{t}_write[{}:0]", self.fold_w().max(1) - 1);
        let rest = pad(self.stride * self.fold, width);
        let mut lines = Vec::new();
        if self.fold == 1 {
            lines.push(format!("assign {data} = {{{}write_data_i[{}:{}]}};", pad(w, width), self.high, self.low));
        } else if self.rram {
            let old = format!("tile{t}_{copy}_{}_out", self.ports[port].name);
            let old = if self.ports[port].reads { old } else { format!("tile{t}_{copy}_{}_out", self.readers[0].name) };
            lines.push(format!("reg [{}:0] tile{t}_{copy}_merged;", width - 1));
            lines.push("always @* begin".to_owned());
            lines.push(format!("    tile{t}_{copy}_merged = {old};"));
            lines.push(format!("    tile{t}_{copy}_merged[{chosen}*{} +: {}] = {word};", self.stride, self.stride));
            lines.push("end".to_owned());
            lines.push(format!("assign {data} = tile{t}_{copy}_merged;"));
        } else {
            lines.push(format!("assign {data} = {{{rest}{{{}{{{word}}}}}}};", self.fold));
        }
        let masks = macros::masks(self.hard_macro, if self.rram { MemoryKind::Rram } else { MemoryKind::Sram });
        if masks > 0 {
            // Group k lies in folded word k·grain div stride, and there in one code.
            let grain = self.hard_macro.write_enable_bits;
            let group = |k: u32| {
                let (at, within) = (k * grain / self.stride, k * grain % self.stride);
                let code = (self.low + within) / self.code_w;
                let lane = match (self.lanes, self.codes) {
                    (false, _) => None,
                    (true, 1) => Some("write_lanes_i".to_owned()),
                    (true, _) => Some(format!("write_lanes_i[{code}]")),
                };
                let folded = (self.fold > 1).then(|| format!("{chosen} == {}'d{at}", self.fold_w()));
                match at < self.fold && within < w {
                    false => "1'b0".to_owned(),
                    true => match (lane, folded) {
                        (None, None) => "1'b1".to_owned(),
                        (Some(one), None) | (None, Some(one)) => one,
                        (Some(lane), Some(folded)) => format!("{lane} && {folded}"),
                    },
                }
            };
            lines.extend((0..masks).map(|k| format!("assign {mask}[{k}] = {};", group(k))));
        }
        lines
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

/// Codes that are written alone: those of a word where all of its macros can, else the word.
pub(crate) fn lanes(memory: &TiledMemory<'_>) -> u32 {
    let code_w = memory.demand.bits / memory.demand.codes;
    let alone = |tile: &crate::memory::Tile| {
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
    let (addr_w, width, stages, write_cycles) =
        (demand.address_bits(), demand.stored_bits(), memory.stages(), memory.write_cycles());
    let lanes = lanes(memory);
    // The accelerator itself writes whole words.
    let masked = demand.writes_per_cycle == 0
        && memory.macros().any(|hard_macro| macros::masks(hard_macro, demand.storage.kind) > 0);
    let tile = |(index, tile): (usize, &crate::memory::Tile)| -> Option<Tile<'_>> {
        let hard_macro = memory.hard_macro(&tile.name)?;
        let grain = if rram { demand.storage.bits_per_cell } else { hard_macro.write_enable_bits };
        let ports = macros::ports(hard_macro.ports);
        let (writer, readers) = roles(&ports, demand);
        Some(Tile {
            index,
            addr_w,
            name: &hard_macro.name,
            hard_macro,
            first: tile.words.0,
            last: tile.words.1,
            low: tile.bits.0,
            high: tile.bits.1,
            fold: tile.fold,
            stride: if tile.fold == 1 { hard_macro.bits } else { hard_macro.bits / tile.fold / grain * grain },
            copies: tile.copies,
            delay: stages - demand.cycles(hard_macro.read_latency_ns) as u32,
            rram,
            codes: lanes,
            code_w: demand.bits / lanes,
            lanes: masked,
            gated: macros::masks(hard_macro, demand.storage.kind) == 0 && masked,
            ports,
            writer,
            readers,
        })
    };
    let tiles: Vec<Tile<'_>> = memory.selection.tiles.iter().enumerate().filter_map(tile).collect();
    let mut module = Module::new(
        "tiles",
        Some(label),
        &format!(
            "{} words of {width} bits, tiled from {} macros",
            demand.words,
            memory.selection.macros.values().sum::<u64>()
        ),
        &demand.key,
    );
    module.contract = Contract {
        latency: format!("{} cycles from a read to its word; one that there is not reads as zero", memory.latency()),
        interval: match memory.shared() {
            true => "one read a cycle, or a write while no read is on its way to the macros".into(),
            false => "one read and one write a cycle".into(),
        },
        numbers: String::new(),
    };
    let delay = tiles.iter().map(|tile| tile.delay).max().unwrap_or(0);
    let mut turns: Vec<u32> = tiles.iter().map(Tile::turns).filter(|&turns| turns > 1).collect();
    turns.sort_unstable();
    turns.dedup();
    let resets = delay > 0 || !turns.is_empty();
    let mut read = Interface::new("read", Role::Memory, "Read port").input("enable", 1, Payload::Bits).input(
        "address",
        addr_w,
        Payload::Bits,
    );
    let all = rram && !turns.is_empty();
    if all {
        read = read.input("all", 1, Payload::Bits);
    }
    let mut write = Interface::new("write", Role::Memory, "Write port")
        .input("enable", 1, Payload::Bits)
        .input("address", addr_w, Payload::Bits)
        .input("data", width, Payload::Bits);
    if masked {
        write = write.input("lanes", lanes, Payload::Bits);
    }
    module.interfaces = vec![
        if resets { Interface::clock() } else { Interface::clock_only() },
        read.output("data", width, Payload::Bits),
        write,
    ];
    let mut requests: Vec<&str> = vec!["read_enable_i", "read_address_i", "write_enable_i", "write_address_i"];
    if masked {
        requests.push("write_lanes_i");
    }
    if all {
        requests.push("read_all_i");
    }
    let mut data = vec!["write_data_i", "write_address_i"];
    if masked {
        data.push("write_lanes_i");
    }
    let mut outs = Vec::new();
    for tile in &tiles {
        let model = macros::elaborate(library, memory.technology, tile.hard_macro, demand);
        let masks = macros::masks(tile.hard_macro, demand.storage.kind);
        for copy in 0..tile.copies {
            let mut instance = Instance::new(&format!("u_tile{}_{copy}", tile.index), &model)
                .with_parameters(&[("IMAGE", "IMAGE"), ("TILE", &format!("\"{}\"", tile.index))])
                .wire(&[("clk_i", "clk_i")]);
            if rram {
                instance = instance.with_parameters(&[("FAULTS", "FAULTS"), ("PULSE", &write_cycles.to_string())]);
            }
            for port in &tile.ports {
                let name = port.name;
                let net = |field: &str| format!("tile{}_{copy}_{name}_{field}", tile.index);
                let (enable, address, write, input, mask, out) =
                    (net("enable"), net("address"), net("write"), net("in"), net("mask"), net("out"));
                module.add_nets(&[(&enable, 1), (&address, tile.address_w())]);
                module.combinational(&[&enable, &address], &requests);
                instance =
                    instance.wire(&[(&format!("{name}_enable_i"), &enable), (&format!("{name}_address_i"), &address)]);
                if port.writes {
                    if port.reads {
                        module.add_nets(&[(&write, 1)]);
                        module.combinational(&[&write], &requests);
                        instance = instance.wire(&[(&format!("{name}_write_i"), &write)]);
                    }
                    module.add_nets(&[(&input, tile.hard_macro.bits)]);
                    let old = format!("tile{}_{copy}_{}_out", tile.index, tile.readers[0].name);
                    let old = if port.reads { out.clone() } else { old };
                    let mut from = data.clone();
                    if rram && tile.fold > 1 {
                        from.push(&old);
                    }
                    module.combinational(&[&input], &from);
                    instance = instance.wire(&[(&format!("{name}_data_i"), &input)]);
                    if masks > 0 {
                        module.add_nets(&[(&mask, masks)]);
                        module.combinational(&[&mask], &data);
                        instance = instance.wire(&[(&format!("{name}_mask_i"), &mask)]);
                    }
                }
                if port.reads {
                    if tile.readers.iter().any(|reader| reader.name == name) {
                        module.add_nets(&[(&out, tile.hard_macro.bits)]);
                        instance = instance.wire(&[(&format!("{name}_data_o"), &out)]);
                        outs.push(out);
                    } else {
                        instance = instance.open(&[(&format!("{name}_data_o"), tile.hard_macro.bits)]);
                    }
                }
            }
            module.instances.push(instance);
        }
    }
    let outs: Vec<&str> = outs.iter().map(String::as_str).collect();
    if memory.registered() {
        module.registers(&["read_data_o"], &outs);
    } else {
        module.combinational(&["read_data_o"], &outs);
    }
    module.registers(&[], &["clk_i"]);
    if resets {
        module.registers(&[], &["rst_ni"]);
    }
    let (all_delay, registered) = (if all { delay } else { 0 }, memory.registered());
    library.add(module, |shell| {
        Body { shell, width, addr_w, stages, delay, all_delay, turns, tiles, registered, rram, all }.render()
    })
}
