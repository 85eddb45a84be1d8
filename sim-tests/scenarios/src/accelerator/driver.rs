//! The package's driver in C, on a simulated accelerator: what it reads and writes goes through the
//! accelerator's AXI4-Lite port.
#![allow(unsafe_code)]

use super::bench::Bench;
use crate::{Error, Result};
use alberti_golden::accelerator::Registers;
use alberti_harness::toolchain::run;
use alberti_rtl::emit::Package;
use std::{path::Path, process::Command};

/// What reaches registers from C.
const ACCESS: &str = include_str!("access.c");

/// `enum alberti_result`, of calls that did what they were asked for.
pub const OK: u32 = 0;
/// `enum alberti_result`, of an accelerator that programs were not made for.
pub const OTHER_DESIGN: u32 = 3;
/// `enum alberti_result`, of a program that runs.
pub const BUSY: u32 = 4;
/// `enum alberti_result`, of an address that is too high.
pub const ADDRESS: u32 = 5;
/// `enum alberti_result`, of a program that was stopped.
pub const FAULT: u32 = 6;

/// `struct alberti_handle`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Handle {
    base: usize,
    causes: u32,
}

/// `struct alberti_job`.
#[repr(C)]
struct Job {
    program: u64,
    data: u64,
    bytes: u32,
    entropy_threshold: u32,
}

/// `struct alberti_status`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// A program runs.
    pub busy: u32,
    /// It came to its end.
    pub done: u32,
    /// Early.
    pub early: u32,
    /// After this layer.
    pub exit_layer: u32,
    /// Why it was stopped.
    pub fault: u32,
    /// The instruction that is being issued.
    pub instruction: u32,
    /// What the fault is about.
    pub address: u32,
}

/// The functions of a compiled driver. It stays loaded to the end of the process.
pub struct Driver {
    example: unsafe extern "C" fn(usize, *const Job, *mut Status) -> u32,
    probe: unsafe extern "C" fn(*mut Handle, usize) -> u32,
    load: unsafe extern "C" fn(*const Handle, *const Job) -> u32,
    start: unsafe extern "C" fn(*mut Handle) -> u32,
    status: unsafe extern "C" fn(*const Handle, *mut Status),
    wait: unsafe extern "C" fn(*const Handle, u32) -> u32,
    stop: unsafe extern "C" fn(*const Handle),
    watchdog: unsafe extern "C" fn(*const Handle, u32),
    enable: unsafe extern "C" fn(*const Handle, u32),
    interrupt: unsafe extern "C" fn(*mut Handle) -> u32,
    clear: unsafe extern "C" fn(*const Handle),
    count: unsafe extern "C" fn(*const Handle, *mut u32),
    counters: usize,
}

/// The accelerator that C reaches by its base, and the first thing that went wrong there.
struct DrivenBench<'a> {
    bench: &'a mut Bench,
    error: Option<Error>,
}

impl DrivenBench<'_> {
    /// After an error every register reads as zero, which no driver waits on.
    fn access(&mut self, access: impl FnOnce(&mut Bench) -> Result<u32>) -> u32 {
        if self.error.is_some() {
            return 0;
        }
        access(self.bench).unwrap_or_else(|error| {
            self.error = Some(error);
            0
        })
    }
}

/// The target after a base.
///
/// # Safety
/// The base is that which [`Driver::on`] gave to the call of C that is under way.
unsafe fn target<'a>(base: usize) -> &'a mut DrivenBench<'a> {
    // SAFETY: the target outlives the call of C, and nobody else uses it meanwhile.
    unsafe { &mut *std::ptr::with_exposed_provenance_mut(base) }
}

unsafe extern "C" fn read(base: usize, offset: u32) -> u32 {
    // SAFETY: the driver passes the base on that it was given.
    unsafe { target(base) }.access(|bench| bench.read_at(offset.into()))
}

unsafe extern "C" fn write(base: usize, offset: u32, value: u32) {
    // SAFETY: as in `read`.
    unsafe { target(base) }.access(|bench| bench.write_at(offset.into(), value).map(|()| 0));
}

impl Driver {
    /// Compiles the driver and the example of a package of the prefix `alberti`, `counters` of which the accelerator has, and loads
    /// them.
    ///
    /// # Errors
    /// When the package has none, the compiler has anything to say, or the library does not load.
    pub fn build(package: &Package, counters: usize) -> Result<Self> {
        let folder = tempfile::tempdir()
            .map_err(|error| alberti_harness::Error::io("create", Path::new("a temporary folder"), error))?;
        let put = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            path.parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, text))
                .map_err(|error| alberti_harness::Error::io("write", &path, error))
        };
        for (path, text) in &package.files {
            if path.starts_with("driver/") || path.starts_with("registers/") {
                put(path, text)?;
            }
        }
        put("access.c", ACCESS.as_bytes())?;
        let flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2", "-DALBERTI_ACCESS"];
        let mut command = Command::new("cc");
        command.current_dir(folder.path()).args(flags).args(["-shared", "-fPIC", "-o", "driver.so"]);
        run(command.args(["access.c", "driver/alberti.c", "driver/alberti_example.c"]), "the driver")?;
        Self::open(&folder.path().join("driver.so"), counters)
    }

    fn open(path: &Path, counters: usize) -> Result<Self> {
        let fail = |e: libloading::Error| alberti_harness::Error::Load { path: path.to_owned(), reason: e.to_string() };
        // SAFETY: the library is ours, and runs nothing when it is loaded.
        let library = unsafe { libloading::Library::new(path) }.map_err(fail)?;
        macro_rules! symbol {
            ($name:literal) => {
                // SAFETY: the name and type are those of the driver's header and of `access.c`.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(fail)?
            };
        }
        type Read = unsafe extern "C" fn(usize, u32) -> u32;
        type Write = unsafe extern "C" fn(usize, u32, u32);
        let attach: unsafe extern "C" fn(Read, Write) = symbol!("bench_attach");
        // SAFETY: it keeps two functions that are always there.
        unsafe { attach(read, write) };
        let driver = Self {
            example: symbol!("alberti_example"),
            probe: symbol!("alberti_probe"),
            load: symbol!("alberti_load"),
            start: symbol!("alberti_start"),
            status: symbol!("alberti_status"),
            wait: symbol!("alberti_wait"),
            stop: symbol!("alberti_stop"),
            watchdog: symbol!("alberti_watchdog"),
            enable: symbol!("alberti_enable"),
            interrupt: symbol!("alberti_interrupt"),
            clear: symbol!("alberti_clear"),
            count: symbol!("alberti_count"),
            counters,
        };
        std::mem::forget(library);
        Ok(driver)
    }

    /// Lets C reach the accelerator at the base that `call` gets.
    fn on<T>(bench: &mut Bench, call: impl FnOnce(usize) -> T) -> Result<T> {
        let mut target = DrivenBench { bench, error: None };
        let answer = call((&raw mut target).expose_provenance());
        target.error.map_or(Ok(answer), Err)
    }

    /// The same for a call that takes a handle, of which the base is good for this call alone.
    fn with<T>(bench: &mut Bench, handle: &mut Handle, call: impl FnOnce(*mut Handle) -> T) -> Result<T> {
        Self::on(bench, |base| {
            handle.base = base;
            call(handle)
        })
    }

    /// `alberti_example`: a program from probe to status.
    ///
    /// # Errors
    /// When the accelerator breaks a protocol, or answers an access with an error. So of all that follow.
    pub fn example(&self, bench: &mut Bench, registers: &Registers) -> Result<(u32, Status)> {
        let mut status = Status::default();
        // SAFETY: both live through the call.
        let result = Self::on(bench, |base| unsafe { (self.example)(base, &job(registers), &mut status) })?;
        Ok((result, status))
    }

    /// `alberti_probe`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn probe(&self, bench: &mut Bench) -> Result<(u32, Handle)> {
        let mut handle = Handle::default();
        // SAFETY: the handle lives through the call; so in all that follow.
        let result = Self::on(bench, |base| unsafe { (self.probe)(&mut handle, base) })?;
        Ok((result, handle))
    }

    /// `alberti_load`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn load(&self, bench: &mut Bench, handle: &mut Handle, registers: &Registers) -> Result<u32> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.load)(handle, &job(registers)) })
    }

    /// `alberti_start`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn start(&self, bench: &mut Bench, handle: &mut Handle) -> Result<u32> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.start)(handle) })
    }

    /// `alberti_status`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn status(&self, bench: &mut Bench, handle: &mut Handle) -> Result<Status> {
        let mut status = Status::default();
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.status)(handle, &mut status) })?;
        Ok(status)
    }

    /// `alberti_wait`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn wait(&self, bench: &mut Bench, handle: &mut Handle, reads: u32) -> Result<u32> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.wait)(handle, reads) })
    }

    /// `alberti_stop`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn stop(&self, bench: &mut Bench, handle: &mut Handle) -> Result<()> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.stop)(handle) })
    }

    /// `alberti_watchdog`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn watchdog(&self, bench: &mut Bench, handle: &mut Handle, cycles: u32) -> Result<()> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.watchdog)(handle, cycles) })
    }

    /// `alberti_enable`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn enable(&self, bench: &mut Bench, handle: &mut Handle, causes: u32) -> Result<()> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.enable)(handle, causes) })
    }

    /// `alberti_interrupt`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn interrupt(&self, bench: &mut Bench, handle: &mut Handle) -> Result<u32> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.interrupt)(handle) })
    }

    /// `alberti_clear`.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn clear(&self, bench: &mut Bench, handle: &mut Handle) -> Result<()> {
        // SAFETY: see `probe`.
        Self::with(bench, handle, |handle| unsafe { (self.clear)(handle) })
    }

    /// `alberti_count`: the counters in the order of their registers.
    ///
    /// # Errors
    /// As [`example`](Self::example).
    pub fn count(&self, bench: &mut Bench, handle: &mut Handle) -> Result<Vec<u32>> {
        let mut counters = vec![0; self.counters];
        // SAFETY: see `probe`; `struct alberti_counters` is as many words as the map has registers of them.
        Self::with(bench, handle, |handle| unsafe { (self.count)(handle, counters.as_mut_ptr()) })?;
        Ok(counters)
    }
}

fn job(registers: &Registers) -> Job {
    Job {
        program: registers.program_base,
        data: registers.data_base,
        bytes: registers.program_length,
        entropy_threshold: registers.entropy_threshold.into(),
    }
}
