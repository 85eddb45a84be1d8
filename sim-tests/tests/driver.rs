//! The driver in C that a package has, on the simulated accelerator: it stands between software and external
//! memory.

mod common;

use alberti_cost::configuration;
use alberti_golden::accelerator::{End, Interpreter, Registers};
use alberti_harness::{
    Seed, Stall,
    axi::{Bytes, Traffic},
};
use alberti_isa::{BYTES, Fault};
use alberti_rtl::{
    Design, Prefix,
    blocks::Block,
    elaborate,
    emit::Package,
    registers::{Access, Map},
};
use alberti_scenarios::{
    Result, Subject,
    accelerator::{
        Outside,
        bench::Bench,
        driver::{self, Driver, Status},
        error_code,
        programs::Case,
    },
};

const TRAFFIC: Traffic =
    Traffic { taken: Stall::Random(0.2), given: Stall::Random(0.2), latency: 9, data_first: false };

/// Names of the counters, in the order of `struct alberti_counters`.
fn counters(design: &Design) -> Vec<&'static str> {
    let map = Map::of(design).expect("registers");
    map.fields().filter(|(_, field)| field.access == Access::Snapshot).map(|(register, _)| register.name).collect()
}

/// The driver of a design's package, with changes: text that stands once in its source, and what stands there
/// instead.
fn driver(design: &Design, changes: &[(&str, &str)]) -> Result<Driver> {
    let netlist = elaborate(design).unwrap_or_else(|problems| panic!("{problems}"));
    let mut package =
        Package::new(&Prefix::new("alberti").expect("a prefix"), design, &netlist, &[]).expect("a package");
    let source = package.files.get_mut("driver/alberti.c").expect("a driver");
    let mut text = String::from_utf8(source.clone()).expect("text");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}` is to be replaced once");
        text = text.replace(from, to);
    }
    *source = text.into_bytes();
    Driver::build(&package, counters(design).len())
}

/// The driver of a design's package, and an accelerator after reset.
fn set_up(design: &Design, name: &str) -> Result<(Driver, Bench, Interpreter, Seed)> {
    let driver = driver(design, &[])?;
    let netlist = elaborate(design).unwrap_or_else(|problems| panic!("{problems}"));
    let (subject, seed) = (Subject::new(design, &netlist), Seed::from_env()?);
    let bench = Bench::new(design, &subject.build()?, name, seed, TRAFFIC)?;
    let interpreter = Interpreter::new(configuration::accelerator(design)?)?;
    Ok((driver, bench, interpreter, seed))
}

fn random(design: &Design, interpreter: &mut Interpreter, first: bool, rng: &mut alberti_harness::Rng) -> Result<Case> {
    let config = configuration::accelerator(design)?;
    let subject = Subject::of_block(design, Block::named("accelerator").expect("a block")).expect("an accelerator");
    Case::random(&config, &subject, interpreter, first, rng)
}

/// A random program that comes to its `halt`, for an accelerator as it is after reset.
fn halting(design: &Design, interpreter: &Interpreter, rng: &mut alberti_harness::Rng) -> Result<Case> {
    loop {
        let case = random(design, &mut interpreter.clone(), true, rng)?;
        if case.end == End::Halted {
            return Ok(case);
        }
    }
}

/// What the driver has to say of an end.
fn expected(end: End) -> (u32, Status) {
    match end {
        End::Halted => (driver::OK, Status { done: 1, ..Status::default() }),
        End::Exited { layer } => (driver::OK, Status { done: 1, early: 1, exit_layer: layer, ..Status::default() }),
        End::Stopped { .. } => (driver::FAULT, Status { fault: error_code(end).into(), ..Status::default() }),
    }
}

/// The same without the place, which the interpreter says in words of its own.
fn placeless(status: Status) -> Status {
    Status { instruction: 0, address: 0, ..status }
}

#[test]
fn random_programs_end_and_leave_what_the_interpreter_says() -> Result<()> {
    let design = common::design("accelerator4");
    let (driver, mut bench, mut interpreter, seed) = set_up(&design, "driver.programs")?;
    let mut rng = seed.rng("driver.programs.cases");
    for number in 0..8 {
        let case = random(&design, &mut interpreter, number == 0, &mut rng)?;
        *bench.memory() = case.before.clone();
        let (result, status) = driver.example(&mut bench, &case.registers)?;
        assert_eq!((result, placeless(status)), expected(case.end), "program {number}\n{}", case.program);
        bench.same_memory(&case.after)?;
    }
    Ok(())
}

#[test]
fn an_interrupt_is_taken_and_counters_tell_what_went_over_the_bus() -> Result<()> {
    let design = common::design("accelerator4");
    let (driver, mut bench, mut interpreter, seed) = set_up(&design, "driver.interrupt")?;
    let case = random(&design, &mut interpreter, true, &mut seed.rng("driver.interrupt.case"))?;
    *bench.memory() = case.before.clone();
    let (result, mut handle) = driver.probe(&mut bench)?;
    assert_eq!(result, driver::OK);
    driver.enable(&mut bench, &mut handle, 7)?;
    driver.clear(&mut bench, &mut handle)?;
    assert_eq!(driver.load(&mut bench, &mut handle, &case.registers)?, driver::OK);
    assert_eq!(driver.start(&mut bench, &mut handle)?, driver::OK);
    // It runs: nothing can be started meanwhile.
    assert_eq!(driver.wait(&mut bench, &mut handle, 3)?, driver::BUSY);
    assert_eq!(driver.load(&mut bench, &mut handle, &case.registers)?, driver::BUSY);
    assert_eq!(driver.start(&mut bench, &mut handle)?, driver::BUSY);
    bench.wait()?;
    let early = matches!(case.end, End::Exited { .. });
    assert_eq!(driver.interrupt(&mut bench, &mut handle)?, 1 | u32::from(early) << 2);
    assert_eq!(driver.interrupt(&mut bench, &mut handle)?, 0, "the causes were taken");
    assert_eq!(placeless(driver.status(&mut bench, &mut handle)?), expected(case.end).1);
    bench.same_memory(&case.after)?;
    let counted = driver.count(&mut bench, &mut handle)?;
    let counter =
        |name: &str| u64::from(counted[counters(&design).iter().position(|known| *known == name).expect("a counter")]);
    assert_eq!(counter("count_axi_written"), case.stored);
    assert!(counter("count_axi_read") > u64::from(case.registers.program_length), "{counted:?}");
    assert!(counter("count_cycles") > counter("count_array_busy"), "{counted:?}");
    driver.clear(&mut bench, &mut handle)?;
    assert!(driver.count(&mut bench, &mut handle)?.iter().all(|&count| count == 0));
    Ok(())
}

/// A program that cannot go on, in what it is, where it lies or how long it is said to be.
fn broken(case: &Case, fault: Fault) -> (Registers, Bytes) {
    let (mut registers, mut memory) = (case.registers, case.before.clone());
    match fault {
        // Of an instruction in the middle.
        Fault::Instruction => memory.set(registers.program_base + 2 * BYTES as u64, 0xff),
        Fault::ProgramEnd => registers.program_length -= BYTES as u32,
        Fault::ProgramSize => registers.program_length -= 4,
        Fault::Alignment => registers.program_base += 4,
        _ => unreachable!("no program is made for it"),
    }
    (registers, memory)
}

#[test]
fn what_stopped_a_program_is_reported_and_the_next_one_runs() -> Result<()> {
    let design = common::design("accelerator4");
    let (driver, mut bench, accelerator, seed) = set_up(&design, "driver.faults")?;
    let case = halting(&design, &accelerator, &mut seed.rng("driver.faults.case"))?;
    for fault in [Fault::Instruction, Fault::ProgramEnd, Fault::ProgramSize, Fault::Alignment] {
        let (registers, memory) = broken(&case, fault);
        let mut outside = Outside { bytes: memory.clone(), faults: Vec::new() };
        let config = configuration::accelerator(&design)?;
        let end = Interpreter::new(config)?.run(&registers, &mut outside, |_, _| {})?.end;
        assert!(matches!(end, End::Stopped { fault: of, .. } if of == fault), "{fault:?}: {end:?}");
        *bench.memory() = memory;
        let (result, status) = driver.example(&mut bench, &registers)?;
        assert_eq!((result, placeless(status)), expected(end), "{fault:?}");
    }
    *bench.memory() = case.before.clone();
    assert_eq!(driver.example(&mut bench, &case.registers)?.0, driver::OK);
    bench.same_memory(&case.after)
}

#[test]
fn a_program_can_be_stopped_by_software_and_by_the_watchdog() -> Result<()> {
    let design = common::design("accelerator4");
    let (driver, mut bench, accelerator, seed) = set_up(&design, "driver.stop")?;
    let case = halting(&design, &accelerator, &mut seed.rng("driver.stop.case"))?;
    *bench.memory() = case.before.clone();
    let (_, mut handle) = driver.probe(&mut bench)?;
    driver.load(&mut bench, &mut handle, &case.registers)?;
    driver.start(&mut bench, &mut handle)?;
    driver.stop(&mut bench, &mut handle)?;
    assert_eq!(driver.wait(&mut bench, &mut handle, 1000)?, driver::OK);
    let stopped = driver.status(&mut bench, &mut handle)?;
    assert_eq!(placeless(stopped), Status::default());
    // External memory that answers after the limit.
    driver.watchdog(&mut bench, &mut handle, 20)?;
    let (testbench, bus) = bench.testbench();
    testbench.bus_mut(bus).behave(Traffic { latency: 200, ..TRAFFIC });
    driver.start(&mut bench, &mut handle)?;
    assert_eq!(driver.wait(&mut bench, &mut handle, 1000)?, driver::OK);
    let status = driver.status(&mut bench, &mut handle)?;
    assert_eq!(status.fault, u32::from(Fault::Watchdog.code()));
    driver.watchdog(&mut bench, &mut handle, 1 << 20)?;
    assert_eq!(driver.example(&mut bench, &case.registers)?.0, driver::OK);
    bench.same_memory(&case.after)
}

#[test]
fn addresses_beyond_4_gb_are_written_in_halves_and_others_refused() -> Result<()> {
    let design = common::variant("accelerator4", &[("csr: {}", "csr: {program_address_bits: 40}")]);
    let (driver, mut bench, ..) = set_up(&design, "driver.addresses")?;
    let (_, mut handle) = driver.probe(&mut bench)?;
    let registers = |program_base, data_base| Registers {
        program_base,
        data_base,
        program_length: 0x1240,
        entropy_threshold: 0x0345,
    };
    assert_eq!(driver.load(&mut bench, &mut handle, &registers(0x12_3456_7880, 0xff_89ab_cdc0))?, driver::OK);
    for refused in [registers(1 << 40, 0), registers(0, 1 << 40)] {
        assert_eq!(driver.load(&mut bench, &mut handle, &refused)?, driver::ADDRESS);
    }
    for (register, value) in [
        ("program_base", 0x3456_7880),
        ("program_base_high", 0x12),
        ("data_base", 0x89ab_cdc0),
        ("data_base_high", 0xff),
        ("program_length", 0x1240),
        ("entropy_threshold", 0x0345),
    ] {
        assert_eq!(bench.read(register)?, value, "{register}");
    }
    Ok(())
}

#[test]
fn an_accelerator_of_another_design_is_told_apart() -> Result<()> {
    let design = common::design("accelerator4");
    let other = common::variant("accelerator4", &[("index: {words: 256}", "index: {words: 128}")]);
    let (_, mut bench, ..) = set_up(&design, "driver.other")?;
    let driver = driver(&other, &[])?;
    assert_eq!(driver.probe(&mut bench)?.0, driver::OTHER_DESIGN);
    Ok(())
}

#[test]
fn a_driver_with_a_fault_is_found() -> Result<()> {
    let design = common::design("accelerator4");
    let (_, mut bench, accelerator, seed) = set_up(&design, "driver.mutants")?;
    let case = halting(&design, &accelerator, &mut seed.rng("driver.mutants.case"))?;
    for change in [
        ("(uint32_t)job->data", "(uint32_t)job->program"),
        ("(uint32_t)job->program", "(uint32_t)job->data"),
        ("job->bytes", "job->bytes - 64"),
        ("ALBERTI_CONTROL_START_MASK", "ALBERTI_CONTROL_SOFT_RESET_MASK"),
        ("& ALBERTI_STATUS_ERROR_CODE_MASK", "& ALBERTI_STATUS_DONE_MASK"),
    ] {
        let driver = driver(&design, &[change])?;
        let mut right = true;
        // A program that ends, and one that does not.
        for length in [case.registers.program_length, 4] {
            let registers = Registers { program_length: length, ..case.registers };
            *bench.memory() = case.before.clone();
            let mut outside = Outside { bytes: case.before.clone(), faults: Vec::new() };
            let end = accelerator.clone().run(&registers, &mut outside, |_, _| {})?.end;
            let (result, status) = driver.example(&mut bench, &registers)?;
            right &= (result, placeless(status)) == expected(end) && bench.same_memory(&outside.bytes).is_ok();
        }
        assert!(!right, "{change:?} is not found");
    }
    Ok(())
}
