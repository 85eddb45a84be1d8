//! `block_select`: which input each multiplier of a block-sparse lane takes.
//!
//! A block covers `block` inputs, of which `nonzeros` have a weight. Multiplier `k` takes the position of the
//! mask's `k`-th one (ascending), given as `position − k`: one of `block − nonzeros + 1` choices. Ones too
//! many are ignored; where there are too few, multipliers are left without an input, and so is one whose one
//! lies further up than its choices reach. Both are an error of that block.

use crate::{Error, Result, check};
use alberti_arith::Format;

/// n:m sparsity along the reduction: 2:4, 4:8 or 8:16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockSparsity {
    nonzeros: usize,
    block: usize,
}

impl BlockSparsity {
    /// Blocks of `block` inputs with `nonzeros` weights each.
    ///
    /// # Errors
    /// When it is none of 2:4, 4:8 and 8:16.
    pub fn new(nonzeros: usize, block: usize) -> Result<Self> {
        if !matches!((nonzeros, block), (2, 4) | (4, 8) | (8, 16)) {
            return Err(Error::new(format!("{nonzeros}:{block} sparsity: 2:4, 4:8 and 8:16 can be built")));
        }
        Ok(Self { nonzeros, block })
    }

    /// Weights of a block.
    #[must_use]
    pub fn nonzeros(self) -> usize {
        self.nonzeros
    }

    /// Inputs that a block covers.
    #[must_use]
    pub fn block(self) -> usize {
        self.block
    }

    /// From how many inputs a multiplier chooses: 9 in 8:16.
    #[must_use]
    pub fn choices(self) -> usize {
        self.block - self.nonzeros + 1
    }

    /// Blocks of a lane of `n` multipliers, which is `2n` inputs.
    ///
    /// # Errors
    /// When `n` is not a multiple of `nonzeros`.
    pub fn blocks(self, n: usize) -> Result<usize> {
        if n == 0 || !n.is_multiple_of(self.nonzeros) {
            return Err(Error::new(format!("n = {n} is not a multiple of the {} weights of a block", self.nonzeros)));
        }
        Ok(n / self.nonzeros)
    }

    /// The input that multiplier `multiplier` of a lane reaches with select `select`.
    #[must_use]
    pub fn input(self, multiplier: usize, select: u8) -> usize {
        let (block, k) = (multiplier / self.nonzeros, multiplier % self.nonzeros);
        block * self.block + k + usize::from(select)
    }
}

/// The selects of some multipliers, and how many blocks of the mask were wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `position − k` of each multiplier; none (all ones in hardware) where the mask has no one within its
    /// reach.
    pub selects: Vec<Option<u8>>,
    /// One flag per block: whether its mask has a number of ones other than `nonzeros`.
    pub errors: Vec<bool>,
}

/// The selects of one block's `nonzeros` multipliers, and whether the number of ones is wrong.
///
/// # Errors
/// When the mask has bits beyond the block.
pub fn select(sparsity: BlockSparsity, mask: u128) -> Result<(Vec<Option<u8>>, bool)> {
    check::mask("a block's mask", mask, sparsity.block)?;
    let ones = (0..sparsity.block).filter(|position| mask >> position & 1 == 1);
    let reached =
        ones.enumerate().map(|(k, position)| (position - k < sparsity.choices()).then_some((position - k) as u8));
    let mut selects: Vec<Option<u8>> = reached.take(sparsity.nonzeros).collect();
    selects.resize(sparsity.nonzeros, None);
    Ok((selects, mask.count_ones() as usize != sparsity.nonzeros))
}

/// The selects of all `n` multipliers of a lane from its `2n` mask bits, block after block.
///
/// # Errors
/// When `n` is not a multiple of `nonzeros`, or the mask has bits beyond `2n`.
pub fn select_lane(sparsity: BlockSparsity, n: usize, mask: u128) -> Result<Selection> {
    let blocks = sparsity.blocks(n)?;
    check::mask("a lane's mask", mask, 2 * n)?;
    let mut selection = Selection::default();
    for block in 0..blocks {
        let bits = mask >> (block * sparsity.block) & ((1 << sparsity.block) - 1);
        let (selects, error) = select(sparsity, bits)?;
        selection.selects.extend(selects);
        selection.errors.push(error);
    }
    Ok(selection)
}

/// The mask and the weights of a lane's inputs, the inverse of [`select_lane`]: every block has exactly as
/// many ones as weights. Where it has fewer other than zero, its first zeros are stored as well.
///
/// # Errors
/// When a block has more weights than it may.
pub fn pack(format: Format, sparsity: BlockSparsity, inputs: &[u16]) -> Result<(u128, Vec<u16>)> {
    let mut mask = 0u128;
    let mut values = Vec::with_capacity(inputs.len() / 2);
    for (number, block) in inputs.chunks(sparsity.block).enumerate() {
        let mut taken: Vec<bool> = block.iter().map(|&weight| !format.is_zero(weight)).collect();
        let weights = taken.iter().filter(|&&t| t).count();
        let Some(mut missing) = sparsity.nonzeros.checked_sub(weights) else {
            return Err(Error::new(format!("block {number}: {weights} weights, at most {}", sparsity.nonzeros)));
        };
        for place in &mut taken {
            if missing > 0 && !*place {
                *place = true;
                missing -= 1;
            }
        }
        for (position, &weight) in block.iter().enumerate().filter(|&(position, _)| taken[position]) {
            mask |= 1 << (number * sparsity.block + position);
            values.push(weight);
        }
    }
    Ok((mask, values))
}
