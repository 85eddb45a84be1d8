//! One target under libFuzzer, which `make fuzz` starts: the target's name is in `ALBERTI_FUZZ_TARGET`.
#![no_main]

use alberti_fuzz::{Target, guided::TARGET, limits::Watch};
use libfuzzer_sys::fuzz_target;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook},
    sync::{Mutex, PoisonError},
};

/// What the last panic said.
static PANIC: Mutex<String> = Mutex::new(String::new());

thread_local! {
    static WATCH: Watch = {
        let name = std::env::var(TARGET).unwrap_or_default();
        Watch::new(Target::named(&name).expect("the variable names a target"), alberti_fuzz::guided::CURRENT)
    };
}

fuzz_target!(
    // A reader may catch the panic of a library: no fault, and nothing to print. libFuzzer's hook would abort.
    init: set_hook(Box::new(|panic| *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string())),
    |bytes: &[u8]| WATCH.with(|watch| {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| watch.read(bytes))) {
            eprintln!("{}", PANIC.lock().unwrap_or_else(PoisonError::into_inner));
            resume_unwind(cause);
        }
    })
);
