//! A design's machine, as the golden model and the compiler see it.

use crate::exit::{Failure, Result};
use alberti_golden::accelerator::Config;
use alberti_rtl::{Design, diagnostic::Code};
use alberti_sim::cosim::accelerator;

/// The machine of a design.
///
/// # Errors
/// When the design has none.
pub fn config(design: &Design) -> Result<Config> {
    if design.machine.is_none() {
        let message = format!("the design {} has no machine", design.name);
        let help = "give it the section `machine`; designs/machine4.yaml, designs/encoder16.yaml and designs/albert16.yaml have one";
        return Err(Failure::new(Code::BlockAbsent, message, help));
    }
    Ok(accelerator::config(design)?)
}
