//! A design's accelerator, as the golden model and the compiler see it.

use crate::exit::{Failure, Result};
use alberti_golden::accelerator::Config;
use alberti_rtl::{Design, diagnostic::Code};
use alberti_sim::cosim::accelerator;

/// The accelerator of a design.
///
/// # Errors
/// When the design has none.
pub fn config(design: &Design) -> Result<Config> {
    if design.accelerator.is_none() {
        let message = format!("the design {} has no accelerator", design.name);
        let help = "give it the section `accelerator`; designs/accelerator4.yaml, designs/accelerator16.yaml and designs/accelerator16_albert.yaml have one";
        return Err(Failure::new(Code::BlockAbsent, message, help));
    }
    Ok(accelerator::config(design)?)
}
