//! GELU: a table of what it lacks to ReLU, straight lines between its entries.

use crate::{rhu, tables, tables::Gelu};
use std::sync::LazyLock;

static TANH: LazyLock<[u16; 65]> = LazyLock::new(|| tables::gelu(Gelu::Tanh));
static ERF: LazyLock<[u16; 65]> = LazyLock::new(|| tables::gelu(Gelu::Erf));

/// `gelu(x)` in Q14.10 of `x` in Q14.10: `max(x, 0)` less a table of |x|, which is zero from 4 on.
#[must_use]
pub fn gelu(form: Gelu, x: i32) -> i32 {
    let table = match form {
        Gelu::Tanh => &TANH,
        Gelu::Erf => &ERF,
    };
    let a = x.unsigned_abs();
    let lack = if a < 4096 {
        let (j, r) = ((a >> 6) as usize, i64::from(a & 63));
        let (here, next) = (i64::from(table[j]), i64::from(table[j + 1]));
        here + (((next - here) * r + 32) >> 6)
    } else {
        0
    };
    x.max(0) - rhu(lack, 2) as i32
}
