//! External memory on AXI4: what a master of the design reads and writes, and whether it keeps to the
//! protocol.
//!
//! | Module | Idea |
//! |---|---|
//! | `bytes` | what the memory holds |
//! | `channel` | one channel, taken from the master or given to it |
//! | `slave` | the memory at five of them |

mod bytes;
mod channel;
mod slave;

pub use bytes::Bytes;
pub use slave::{Axi, Begun, Rules, Traffic};
