//! `global_buffer`: a memory of rows that the accelerator's parts share.

use super::ports::{ADDRESS_W, reads, writes};
use crate::{
    blocks::{Library, geometry::clog2},
    emit::Shell,
    memory::{Demand, demands},
    netlist::{Contract, Instance, Interface, Module, Payload, Role},
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
    answer: String,
    /// Where a bank's number begins in an address, and where the row within it, each behind what it is added to.
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
    /// The memory's name.
    pub memory: &'static str,
    /// Readers.
    pub reads: Vec<&'static str>,
    /// Writers.
    pub writes: Vec<&'static str>,
}

/// The demand of a memory of the accelerator.
///
/// # Panics
/// When the design has no such memory.
pub fn demand(library: &Library, memory: &str) -> Demand {
    demands(library.design()).into_iter().find(|of| of.memory == memory).expect("an accelerator has its memories")
}

/// The buffer of a memory with its readers and writers; `None` when no macro serves it.
pub fn elaborate(library: &mut Library, clients: &Clients) -> Option<Arc<Module>> {
    let demand = demand(library, clients.memory);
    let bank = library.memory_of_design(&demand).ok()?;
    let (width, banks, word_w) = (demand.bits, demand.banks, demand.address_bits());
    let memory_latency = bank.parameters["latency"] as u32;
    let latency = super::latency(library.design());
    let mut module = Module::new(
        "global_buffer",
        Some(clients.memory),
        &format!(
            "the {} memory, shared by {} readers and {} writers",
            clients.memory,
            clients.reads.len(),
            clients.writes.len()
        ),
        &demand.key,
    );
    module.contract = Contract {
        latency: format!("a row {latency} cycles after its address was taken"),
        interval:
            "each bank takes a read and a write a cycle, if its macros do; who comes first in the port list goes first"
                .into(),
        numbers: String::new(),
    };
    module.set_parameters(&[("width", width), ("banks", banks), ("words", demand.words as u32), ("latency", latency)]);
    let bits = Payload::Bits;
    module.interfaces = vec![Interface::clock()];
    let payload = demand.payload;
    module.interfaces.extend(clients.reads.iter().map(|name| reads(name, "Reads", width, payload).flipped()));
    module.interfaces.extend(clients.writes.iter().map(|name| writes(name, "Writes", width, payload).flipped()));
    module.interfaces.push(
        Interface::new("past", Role::Status, "A row past the end was asked for")
            .plain_output("past", 1, bits)
            .plain_output("past_row", ADDRESS_W, bits),
    );
    module.interfaces.push(
        Interface::new("events", Role::Status, "Banks that were read, and written, a cycle ago")
            .plain_output("read", banks, bits)
            .plain_output("written", banks, bits),
    );
    module.add_nets(&[
        ("bank_read_enable", banks),
        ("bank_read_address", banks * word_w),
        ("bank_write_valid", banks),
        ("bank_write_address", banks * word_w),
        ("bank_write_data", banks * width),
    ]);
    module.add_nets(&[("bank_read_data", banks * width), ("bank_write_ready", banks)]);

    let joints = [
        ("read_enable_i", "bank_read_enable", 1, ""),
        ("read_address_i", "bank_read_address", word_w, "WORD_W"),
        ("read_data_o", "bank_read_data", width, "WIDTH"),
        ("write_valid_i", "bank_write_valid", 1, ""),
        ("write_ready_o", "bank_write_ready", 1, ""),
        ("write_address_i", "bank_write_address", word_w, "WORD_W"),
        ("write_data_i", "bank_write_data", width, "WIDTH"),
    ];
    let mut instance = if banks == 1 {
        joints.iter().fold(Instance::new("u_bank", &bank), |bank, (port, net, _, _)| bank.wire(&[(port, net)]))
    } else {
        let row = Instance::replicated("u_bank", &bank, "bank", banks);
        joints.iter().fold(row, |bank, (port, net, width, symbol)| bank.lane(port, net, *width, symbol))
    }
    .wire(&[("clk_i", "clk_i")]);
    if bank.port("rst_ni").is_some() {
        instance = instance.wire(&[("rst_ni", "rst_ni")]);
    }
    let lanes = bank.port("write_lanes_i").map_or(0, |port| port.width);
    if lanes != 0 {
        module.add_nets(&[("all_lanes", lanes)]);
        module.combinational(&["all_lanes"], &[]);
        instance = instance.wire(&[("write_lanes_i", "all_lanes")]);
    }
    module.instances = vec![instance];
    let named = |names: &[&str], fields: &[&str]| -> Vec<String> {
        names.iter().flat_map(|name| fields.iter().map(move |field| format!("{name}_{field}"))).collect()
    };
    let requests =
        [named(&clients.reads, &["valid_i", "address_i"]), named(&clients.writes, &["valid_i", "address_i"])].concat();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    let data = named(&clients.writes, &["data_i"]);
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    module
        .combinational(&["bank_read_enable", "bank_read_address", "bank_write_valid", "bank_write_address"], &requests);
    module.combinational(&["bank_write_data"], &[requests.as_slice(), &data].concat());
    let ready = named(&clients.reads, &["ready_o"]);
    module.combinational(&ready.iter().map(String::as_str).collect::<Vec<_>>(), &requests);
    let ready = named(&clients.writes, &["ready_o"]);
    let ready: Vec<&str> = ready.iter().map(String::as_str).collect();
    module.combinational(&ready, &[requests.as_slice(), &["bank_write_ready"]].concat());
    let rows = named(&clients.reads, &["data_o"]);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    module.registers(&rows, &["clk_i", "bank_read_data"]);
    module.registers(&["past_o", "past_row_o", "read_o", "written_o"], &["clk_i", "rst_ni"]);
    // Two streams of rows that lie anywhere meet in a bank once, and then go through the banks one behind the other.
    let interleaved = banks > 1 && library.design().interleaves_banks();
    let (bank_at, word_at) = if interleaved { ("0", "+BANK_W") } else { ("WORD_W", "") };
    let stages = latency - memory_latency - 1;
    let (reads, writes) = (clients.reads.clone(), clients.writes.clone());
    Some(library.add(module, |shell| {
        Body {
            shell,
            width,
            addr_w: ADDRESS_W,
            word_w,
            bank_w: clog2(banks.into()),
            banks,
            rows: demand.words * u64::from(banks),
            latency: memory_latency,
            lanes,
            reads,
            writes,
            bank_at,
            word_at,
            pads: (1..=stages).collect(),
            answer: if stages == 0 { "row_q".into() } else { format!("row{stages}_q") },
        }
        .render()
    }))
}
