//! The register file by what its page promises, access by access.

use alberti_golden::csr::{Csr, Field, Inputs, Kind, Map, Register, Response};

/// A constant, a status beside a setting, a cause and its enable, a command and what it samples.
fn map() -> Map {
    let field = |low, bits, reset, kind| Field { low, bits, reset, kind };
    let register = |address, fields: &[Field]| Register { address, fields: fields.to_vec() };
    let registers = vec![
        register(0, &[field(0, 32, 0xa1b2_c3d4, Kind::Constant)]),
        register(4, &[field(0, 4, 0, Kind::Status), field(8, 16, 0x1234, Kind::Setting)]),
        register(8, &[field(0, 1, 0, Kind::Cause), field(1, 1, 0, Kind::Cause)]),
        register(12, &[field(0, 1, 0, Kind::Setting), field(1, 1, 0, Kind::Setting)]),
        register(16, &[field(3, 1, 0, Kind::Command)]),
        register(20, &[field(0, 32, 0, Kind::Sampled(4, 0))]),
    ];
    Map { registers, interrupt: [2, 3] }
}

struct Bench {
    csr: Csr,
    inputs: Inputs,
}

impl Bench {
    fn new() -> Self {
        let csr = Csr::new(map()).expect("a map");
        let fields = csr.outputs().fields.iter().map(|fields| vec![0; fields.len()]).collect();
        Self { csr, inputs: Inputs { b_ready: true, r_ready: true, fields, ..Inputs::default() } }
    }

    fn cycle(&mut self) {
        self.csr.cycle(&self.inputs).expect("inputs of every field");
        (self.inputs.aw, self.inputs.w, self.inputs.ar) = (None, None, None);
    }

    fn write(&mut self, address: u32, data: u32, strobes: u8) -> Response {
        (self.inputs.aw, self.inputs.w) = (Some(address), Some((data, strobes)));
        self.cycle();
        self.cycle();
        self.csr.outputs().b.expect("a response in the second cycle after")
    }

    fn read(&mut self, address: u32) -> (Response, u32) {
        self.inputs.ar = Some(address);
        self.cycle();
        self.cycle();
        self.csr.outputs().r.expect("a response in the second cycle after")
    }
}

#[test]
fn settings_take_the_bytes_that_are_strobed() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(4), (Response::Okay, 0x12_3400));
    assert_eq!(bench.write(4, 0xffab_cdff, 0b0010), Response::Okay);
    assert_eq!(bench.read(6), (Response::Okay, 0x12_cd00));
    assert_eq!(bench.write(7, 0xffab_cdff, 0b1101), Response::Okay);
    bench.inputs.fields[1][0] = 0x15;
    assert_eq!(bench.read(4), (Response::Okay, 0xab_cd05));
}

#[test]
fn what_is_not_there_or_read_only_is_an_error() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(0, 1, 15), Response::SlaveError);
    assert_eq!(bench.write(20, 1, 15), Response::SlaveError);
    assert_eq!(bench.write(24, 1, 15), Response::SlaveError);
    assert_eq!(bench.read(24), (Response::SlaveError, 0));
    assert_eq!(bench.read(0), (Response::Okay, 0xa1b2_c3d4));
}

#[test]
fn a_cause_is_set_by_hardware_and_cleared_by_ones_and_set_wins() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(12, 2, 15), Response::Okay);
    bench.inputs.fields[2] = vec![1, 1];
    bench.cycle();
    assert!(bench.csr.outputs().interrupt);
    bench.write(8, 3, 15);
    assert_eq!(bench.csr.outputs().fields[2], [1, 1]);
    bench.inputs.fields[2] = vec![0, 0];
    bench.write(8, 2, 15);
    assert_eq!((bench.csr.outputs().fields[2].clone(), bench.csr.outputs().interrupt), (vec![1, 0], false));
    bench.write(8, 1, 0b1110);
    assert_eq!(bench.read(8), (Response::Okay, 1));
}

#[test]
fn a_command_lasts_a_cycle_and_samples_what_stood_in_it() {
    let mut bench = Bench::new();
    bench.inputs.fields[5][0] = 77;
    bench.write(16, 8, 1);
    assert_eq!(bench.csr.outputs().fields[4], [1]);
    bench.inputs.fields[5][0] = 78;
    bench.cycle();
    bench.inputs.fields[5][0] = 79;
    assert_eq!(bench.csr.outputs().fields[4], [0]);
    assert_eq!(bench.read(20), (Response::Okay, 78));
    assert_eq!(bench.read(16), (Response::Okay, 0));
}

#[test]
fn a_response_waits_and_behind_it_one_more_request() {
    let mut bench = Bench::new();
    bench.inputs.b_ready = false;
    bench.write(12, 1, 15);
    assert_eq!(bench.write(0, 3, 15), Response::Okay);
    assert_eq!(bench.csr.outputs().ready, [false, false, true]);
    bench.inputs.b_ready = true;
    bench.cycle();
    assert_eq!((bench.csr.outputs().b, bench.csr.outputs().ready), (Some(Response::SlaveError), [true; 3]));
    bench.csr.reset();
    assert_eq!((bench.csr.outputs().b, bench.csr.outputs().fields[3].clone()), (None, vec![0, 0]));
}

#[test]
fn a_map_that_cannot_be_is_refused() {
    let with = |change: fn(&mut Map)| {
        let mut map = map();
        change(&mut map);
        Csr::new(map).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert!(with(|map| map.registers[1].address = 0).is_err());
    assert!(with(|map| map.registers[1].address = 2).is_err());
    assert!(with(|map| map.registers[1].fields[0].bits = 9).is_err());
    assert!(with(|map| map.registers[1].fields[1].low = 17).is_err());
    assert!(with(|map| map.registers[5].fields[0].kind = Kind::Sampled(1, 0)).is_err());
    assert!(with(|map| map.interrupt[1] = 6).is_err());
}
