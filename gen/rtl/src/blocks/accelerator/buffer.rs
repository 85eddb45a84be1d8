//! `global_buffer`: a memory of rows that the accelerator's parts share.

use super::{
    memories::LocalMemory,
    ports::{ADDRESS_W, NUMBER_W, out_of_range, reads, writes},
};
use crate::{
    blocks::{Assembly, Bundle, Library, geometry::clog2},
    emit::Shell,
    memory::Demand,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/global_buffer.v")]
struct Body<'a> {
    shell: &'a Shell,
    width: u32,
    addr_w: u32,
    word_w: u32,
    bank_w: u32,
    banks: u32,
    rows: u64,
    latency: u32,
    lanes: u32,
    reads: Vec<&'static str>,
    writes: Vec<&'static str>,
    pads: Vec<u32>,
    /// For each writer, the lowest last, whether its numbers may have saturated; empty where none's are.
    results: String,
    number_w: u32,
    answer: String,
    /// Where a bank's number begins in an address, and where the row within it, each after what it is added
    /// to.
    bank_at: &'static str,
    word_at: &'static str,
}

impl Body<'_> {
    /// Whether a request is for bank b, where there is a choice.
    fn here(&self, address: &str) -> String {
        let bank = match self.bank_at {
            "0" => String::new(),
            low => format!("+{low}"),
        };
        match self.banks {
            1 => String::new(),
            _ => format!("\n                    && {address}[i*ADDR_W{bank} +: BANK_W] == b[BANK_W-1:0]"),
        }
    }
}

/// Who reads and who writes a memory; those that are asked for first wait for nobody.
pub struct Clients {
    /// The memory.
    pub memory: LocalMemory,
    /// Readers.
    pub reads: Vec<&'static str>,
    /// Writers.
    pub writes: Vec<&'static str>,
    /// Writers of numbers that may have saturated, which are counted.
    pub results: Vec<&'static str>,
}

/// The buffer of a memory with its readers and writers; `None` when no macro serves it.
pub fn elaborate(library: &mut Library, clients: &Clients) -> Option<Arc<Module>> {
    let demand = clients.memory.demand(library);
    let bank = library.memory_of_design(&demand).ok()?;
    let memory_latency = bank.parameters["latency"] as u32;
    let latency = super::latency(library.design());
    let mut a = assembly(clients, &demand, latency);
    banks(&mut a, &bank, demand.banks);
    logic(&mut a, clients);
    let lanes = bank.port("write_lanes_i").map_or(0, |port| port.width);
    // Two streams of rows that lie anywhere meet in a bank once, and then go through the banks one after the
    // other.
    let interleaved = demand.banks > 1 && library.design().interleaves_banks();
    let (bank_at, word_at) = if interleaved { ("0", "+BANK_W") } else { ("WORD_W", "") };
    let stages = latency - memory_latency - 1;
    let (reads, writes) = (clients.reads.clone(), clients.writes.clone());
    let counted = |name: &&str| if clients.results.contains(name) { '1' } else { '0' };
    let results =
        if clients.results.is_empty() { String::new() } else { writes.iter().rev().map(counted).collect::<String>() };
    Some(library.add(a.finish(), |shell| {
        Body {
            shell,
            width: demand.bits,
            addr_w: ADDRESS_W,
            word_w: demand.address_bits(),
            bank_w: clog2(demand.banks.into()),
            banks: demand.banks,
            rows: demand.words * u64::from(demand.banks),
            latency: memory_latency,
            lanes,
            reads,
            writes,
            bank_at,
            word_at,
            pads: (1..=stages).collect(),
            results,
            number_w: NUMBER_W,
            answer: if stages == 0 { "row_q".into() } else { format!("row{stages}_q") },
        }
        .render()
    }))
}

/// The module with its ports.
fn assembly(clients: &Clients, demand: &Demand, latency: u32) -> Assembly {
    let (name, readers, writers) = (clients.memory.name(), clients.reads.len(), clients.writes.len());
    let summary = format!("the {name} memory, shared by {readers} readers and {writers} writers");
    let module = Module::new("global_buffer", Some(name), &summary, &demand.key);
    let contract = Contract {
        latency: format!("a row {latency} cycles after its address was taken"),
        interval:
            "each bank takes a read and a write a cycle, if its macros do; who comes first in the port list goes first"
                .into(),
        numbers: String::new(),
    };
    let (width, payload, bits) = (demand.bits, demand.payload, Payload::Bits);
    let reads =
        clients.reads.iter().map(|name| reads(name, "Reads", width, payload).flipped().widths(&[("data", "WIDTH")]));
    let writes =
        clients.writes.iter().map(|name| writes(name, "Writes", width, payload).flipped().widths(&[("data", "WIDTH")]));
    let events = Interface::new("events", Role::Status, "Banks that were read, and written, a cycle ago")
        .plain_output("read", demand.banks, bits)
        .of("BANKS")
        .plain_output("written", demand.banks, bits)
        .of("BANKS");
    let numbers = demand.bits / NUMBER_W;
    let events =
        if clients.results.is_empty() { events } else { events.plain_output("saturated", numbers, bits).of("NUMBERS") };
    let own = [out_of_range("A row past the end was asked for"), events];
    let parameters = [("width", width), ("banks", demand.banks), ("words", demand.words as u32), ("latency", latency)];
    let interfaces = [Interface::clock()].into_iter().chain(reads).chain(writes).chain(own).collect();
    Assembly::of(module, contract, &parameters, interfaces)
}

/// The banks, each with its slices of the same nets.
fn banks(a: &mut Assembly, bank: &Arc<Module>, count: u32) {
    if count == 1 {
        a.place("bank", bank);
    } else {
        a.place_row("bank", bank, "bank", count);
    }
    if let Some(lanes) = bank.port("write_lanes_i") {
        a.constants(&[("all_lanes", lanes.width)]);
        a.wire("bank", "write_lanes_i", "all_lanes");
    }
    let widths = [("address", "WORD_W"), ("data", "WIDTH")];
    a.lanes(("bank", "read"), "bank_read", &widths);
    a.lanes(("bank", "write"), "bank_write", &widths);
}

/// Who is answered, and what banks are asked for.
fn logic(a: &mut Assembly, clients: &Clients) {
    let own = |names: &[&str]| names.iter().map(|name| a.own(name)).collect::<Vec<_>>();
    let all = |of: &[Bundle], field: &str| of.iter().map(|client| client.net(field)).collect::<Vec<_>>();
    let (readers, writers) = (own(&clients.reads), own(&clients.writes));
    let requests = [&readers, &writers].map(|of| [all(of, "valid"), all(of, "address")].concat()).concat();
    let asked = ["bank_read_enable", "bank_read_address", "bank_write_valid", "bank_write_address"];
    a.combinational(asked, requests.clone());
    a.combinational(["bank_write_data"], [requests.clone(), all(&writers, "data")].concat());
    a.combinational(all(&readers, "ready"), requests.clone());
    a.combinational(all(&writers, "ready"), [requests.clone(), vec!["bank_write_ready".into()]].concat());
    a.registers(all(&readers, "data"), ["bank_read_data"]);
    let data = if clients.results.is_empty() { Vec::new() } else { all(&writers, "data") };
    a.registers([a.own("out_of_range").driven(), a.own("events").driven()].concat(), [requests, data].concat());
}
