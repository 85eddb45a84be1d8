//! What a reader may take for an input, whatever the input holds.
//!
//! Memory beyond the limit is refused on the spot, which ends the process; so does an overflow of the stack.
//! Each input is therefore [kept in a file](Watch) while it is read.

use crate::{Reader, Target};
use cap::Cap;
use rustix::time::{ClockId, clock_gettime};
use std::{
    alloc::System,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes that are alive at once for one input, beyond those that the reader has between inputs.
pub const MEMORY: usize = 256 << 20;

/// Seconds of the processor for one input, in code that is instrumented and checks its arithmetic.
pub const SECONDS: f64 = 2.0;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Reads inputs within the limits.
pub struct Watch {
    reader: Reader,
    file: fs::File,
    path: PathBuf,
}

impl Watch {
    /// Of a target; the input under way is in a file of this name in its folder.
    ///
    /// # Panics
    /// When the file cannot be made.
    #[must_use]
    pub fn new(target: &Target, name: &str) -> Self {
        let path = target.folder().join(name);
        fs::create_dir_all(target.folder()).expect("a folder");
        // A new file, not the earlier one again: somebody may be looking at that.
        let _ = fs::remove_file(&path);
        let file = fs::File::create_new(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { reader: (target.reader)(), file, path }
    }

    /// The file of the input under way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads an input.
    ///
    /// # Panics
    /// When the reader does, or takes too long. What takes too much memory ends the process.
    pub fn read(&self, bytes: &[u8]) {
        self.file.write_all_at(bytes, 0).and_then(|()| self.file.set_len(bytes.len() as u64)).expect("a writable file");
        let start = seconds();
        let limit = ALLOCATOR.allocated().saturating_add(MEMORY);
        ALLOCATOR.set_limit(limit).expect("the limit is above what is allocated");
        (self.reader)(bytes);
        ALLOCATOR.set_limit(usize::MAX).expect("no limit");
        let taken = seconds() - start;
        assert!(taken <= SECONDS, "{taken:.1} s of the processor for {} bytes, {SECONDS} are allowed", bytes.len());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // What is left was read without fault, unless this is the end of one.
        if !std::thread::panicking() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Seconds that this process has had of the processor.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
