//! A loaded library's functions, and the memory at a model's ports: with the accelerator's driver of the
//! scenarios the only unsafe code.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::path::Path;

use crate::bits::words_of;
use crate::error::{Error, Result};
use crate::ports::{Direction, PortSpec};

type Handle = *mut c_void;

/// The functions of a loaded library. It stays loaded to the end of the process, so they may be copied
/// freely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    new: unsafe extern "C" fn(c_int) -> Handle,
    delete: unsafe extern "C" fn(Handle),
    eval: unsafe extern "C" fn(Handle) -> c_int,
    stopped: unsafe extern "C" fn(Handle) -> *const c_char,
    printed: unsafe extern "C" fn(Handle) -> *const c_char,
    port: unsafe extern "C" fn(Handle, c_uint) -> *mut c_void,
    trace: unsafe extern "C" fn(Handle, *const c_char) -> c_int,
    dump: unsafe extern "C" fn(Handle, c_ulonglong),
    flush: unsafe extern "C" fn(Handle),
}

impl Loaded {
    /// Loads a library that [`crate::build`] made.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |e: libloading::Error| Error::Load { path: path.to_owned(), reason: e.to_string() };
        // SAFETY: the library comes from our own build; what it runs when loaded is the C++ runtime's
        // initialisation.
        let library = unsafe { libloading::Library::new(path) }.map_err(fail)?;
        macro_rules! symbol {
            ($name:literal) => {
                // SAFETY: the name and type are those that `shim` generates, and the cache key holds its
                // version.
                *unsafe { library.get(concat!("alberti_", $name, "\0").as_bytes()) }.map_err(fail)?
            };
        }
        let loaded = Loaded {
            new: symbol!("new"),
            delete: symbol!("delete"),
            eval: symbol!("eval"),
            stopped: symbol!("stopped"),
            printed: symbol!("printed"),
            port: symbol!("port"),
            trace: symbol!("trace"),
            dump: symbol!("dump"),
            flush: symbol!("flush"),
        };
        std::mem::forget(library);
        Ok(loaded)
    }
}

/// A port's memory inside a model: an integer of 8, 16, 32 or 64 bits, or words beyond that.
struct Slot {
    memory: *mut c_void,
    width: u32,
    input: bool,
}

/// One instance of a design, owned. Port numbers are those of the list that it was made with.
pub(crate) struct Instance {
    handle: Handle,
    loaded: Loaded,
    slots: Vec<Slot>,
}

// SAFETY: the instance owns its context and model, and each call sets the calling thread's context first; the
// library's shared state (its seed) is guarded by a lock of its own.
unsafe impl Send for Instance {}

impl Instance {
    /// A new instance; `ports` are those that the library was built with.
    pub fn new(loaded: Loaded, ports: &[PortSpec], seed: i32) -> Self {
        // SAFETY: `new` takes any number and returns an object that we own.
        let handle = unsafe { (loaded.new)(seed) };
        let mut instance = Instance { handle, loaded, slots: Vec::new() };
        if instance.stopped().is_none() {
            // SAFETY: `handle` is alive and its model was made.
            let memory = |i: usize| unsafe { (loaded.port)(handle, i as c_uint) };
            let slots = ports.iter().enumerate().map(|(i, port)| Slot {
                memory: memory(i),
                width: port.width,
                input: port.direction == Direction::Input,
            });
            instance.slots = slots.collect();
        }
        instance
    }

    /// Evaluates once; false when the design has stopped.
    pub fn eval(&mut self) -> bool {
        // SAFETY: `handle` is alive, and `&mut self` excludes readers of its ports.
        unsafe { (self.loaded.eval)(self.handle) == 0 }
    }

    /// Why the design has stopped, and what it printed.
    pub fn stopped(&self) -> Option<String> {
        // SAFETY: both functions return strings with a final zero that live until the next call that takes
        // `&mut self`.
        let text = |f: unsafe extern "C" fn(Handle) -> *const c_char| unsafe { CStr::from_ptr(f(self.handle)) };
        let reason = text(self.loaded.stopped).to_string_lossy();
        (!reason.is_empty()).then(|| format!("{reason}\n{}", text(self.loaded.printed).to_string_lossy()))
    }

    /// What the design printed so far.
    pub fn printed(&self) -> String {
        // SAFETY: as in `stopped`.
        unsafe { CStr::from_ptr((self.loaded.printed)(self.handle)) }.to_string_lossy().into_owned()
    }

    pub fn width(&self, port: usize) -> u32 {
        self.slots[port].width
    }

    pub fn is_input(&self, port: usize) -> bool {
        self.slots[port].input
    }

    /// The low 64 bits of a port.
    pub fn get(&self, port: usize) -> u64 {
        let Slot { memory, width, .. } = self.slots[port];
        // SAFETY: the generated interface asserts the port's size for this width at compile time; the memory
        // lives as long as `self`, and Verilator aligns it.
        unsafe {
            match width {
                0..=8 => u64::from(memory.cast::<u8>().read()),
                9..=16 => u64::from(memory.cast::<u16>().read()),
                17..=32 => u64::from(memory.cast::<u32>().read()),
                33..=64 => memory.cast::<u64>().read(),
                _ => {
                    let words = memory.cast::<u32>();
                    u64::from(words.read()) | u64::from(words.add(1).read()) << 32
                }
            }
        }
    }

    /// Sets a port of at most 64 bits; the caller has checked that the value fits and that the port is an
    /// input.
    pub fn set(&mut self, port: usize, value: u64) {
        let Slot { memory, width, .. } = self.slots[port];
        assert!(width <= 64, "a wide port is set by its words");
        // SAFETY: as in `get`; `&mut self` excludes other users.
        unsafe {
            match width {
                0..=8 => memory.cast::<u8>().write(value as u8),
                9..=16 => memory.cast::<u16>().write(value as u16),
                17..=32 => memory.cast::<u32>().write(value as u32),
                _ => memory.cast::<u64>().write(value),
            }
        }
    }

    /// The words of a port of more than 64 bits.
    pub fn wide(&self, port: usize) -> Option<&[u32]> {
        let Slot { memory, width, .. } = self.slots[port];
        // SAFETY: the generated interface asserts that the port is as many words; they change only through
        // `&mut self`.
        (width > 64).then(|| unsafe { std::slice::from_raw_parts(memory.cast::<u32>(), words_of(width)) })
    }

    /// The words of a port of more than 64 bits, to be written; unused bits have to stay zero.
    pub fn wide_mut(&mut self, port: usize) -> Option<&mut [u32]> {
        let Slot { memory, width, .. } = self.slots[port];
        // SAFETY: as in `wide`, and `&mut self` is exclusive.
        (width > 64).then(|| unsafe { std::slice::from_raw_parts_mut(memory.cast::<u32>(), words_of(width)) })
    }

    /// Opens a waveform file; false when the library was built without, or the file cannot be written.
    pub fn trace(&mut self, path: &CString) -> bool {
        // SAFETY: `handle` is alive and the string outlives the call.
        unsafe { (self.loaded.trace)(self.handle, path.as_ptr()) == 0 }
    }

    /// Writes the present values to the waveform, if one is open. The time has to grow.
    pub fn dump(&mut self, time: u64) {
        // SAFETY: `handle` is alive.
        unsafe { (self.loaded.dump)(self.handle, time) }
    }

    /// Writes what is buffered of the waveform.
    pub fn flush(&mut self) {
        // SAFETY: `handle` is alive.
        unsafe { (self.loaded.flush)(self.handle) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: we own `handle`, and it is not used again.
        unsafe { (self.loaded.delete)(self.handle) }
    }
}
