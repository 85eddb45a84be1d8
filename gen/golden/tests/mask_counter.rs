//! Counts of masks: at every density, over their end, and of masks that there are not.
#![allow(missing_docs)]

use alberti_golden::mask_counter::{Counts, count};

#[test]
fn all_masks_of_four_bits_have_half_of_their_bits_set() {
    let masks: Vec<u64> = (0..16).collect();
    assert_eq!(count(4, Counts::default(), &masks), Ok(Counts { masks: 16, ones: 32 }));
    assert_eq!(count(64, Counts::default(), &[u64::MAX, 0]), Ok(Counts { masks: 2, ones: 64 }));
}

#[test]
fn counts_go_on_and_wrap() {
    let before = Counts { masks: u32::MAX, ones: u32::MAX - 2 };
    assert_eq!(count(4, before, &[0b1011]), Ok(Counts { masks: 0, ones: 0 }));
}

#[test]
fn a_mask_that_is_wider_than_a_vector_is_named() {
    let error = count(4, Counts::default(), &[3, 0x10]).expect_err("five bits");
    assert_eq!(error.to_string(), "masks[1]: 0x10 has bits above the lowest 4");
    assert!(count(65, Counts::default(), &[]).is_err());
}
