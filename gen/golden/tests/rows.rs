//! Accumulator, requantiser and storage.

use alberti_arith::Format;
use alberti_golden::{accumulator::Accumulator, requantize, sram::Sram, stream_fifo::StreamFifo};

#[test]
fn the_first_pass_starts_from_the_bias_and_the_last_hands_out() {
    let mut accumulator = Accumulator::new(32, 3, &[10, -20]).expect("an accumulator");
    for job in 0..2 {
        for pass in 0..3 {
            for row in 0..3usize {
                let addend = accumulator.addend(row, pass == 0).expect("a row").to_vec();
                let sums: Vec<i64> = addend.iter().map(|a| a + row as i64 + 1).collect();
                let out = accumulator.take(row, pass == 2, sums).expect("a row");
                let done = 3 * (row as i64 + 1);
                let expected = (pass == 2).then(|| vec![10 + job + done, -20 + done]);
                assert_eq!(out, expected, "job {job}, pass {pass}, row {row}");
            }
        }
        accumulator.set_bias(&[11, -20]).expect("fits");
    }
}

#[test]
fn a_single_pass_is_first_and_last_at_once() {
    let mut accumulator = Accumulator::new(24, 1, &[5, 6]).expect("an accumulator");
    let addend = accumulator.addend(0, true).expect("a row").to_vec();
    assert_eq!(accumulator.take(0, true, addend).expect("a row"), Some(vec![5, 6]));
}

#[test]
fn an_accumulator_refuses_rows_and_sums_that_it_has_no_room_for() {
    let mut accumulator = Accumulator::new(24, 2, &[0, 0]).expect("an accumulator");
    assert!(accumulator.addend(2, true).is_err());
    assert!(accumulator.take(0, false, vec![1]).is_err());
    assert!(accumulator.take(0, false, vec![1 << 23, 0]).is_err());
    assert!(accumulator.take(0, false, vec![-(1 << 23), 0]).is_ok());
    assert!(accumulator.set_bias(&[1 << 23, 0]).is_err());
    assert!(Accumulator::new(24, 2, &[0]).is_err(), "one lane");
}

#[test]
fn each_column_has_a_shift_of_its_own() {
    let sums = [256, 256, -(1 << 30), 3];
    assert_eq!(requantize::row(Format::AF8_3, &sums, &[7, 6, 0, -2]), Ok(vec![0x10, 0x20, 0xff, 0x38]));
    assert_eq!(requantize::row(Format::Q3_5, &sums, &[2, 63, 0, -64]), Ok(vec![64, 0, 0x80, 0x7f]));
    assert!(requantize::row(Format::Q3_5, &sums, &[0, 0, 0]).is_err());
    assert!(requantize::row(Format::Q3_5, &[0], &[64]).is_err());
    assert!(requantize::row(Format::Q3_5, &[0], &[-65]).is_err());
}

#[test]
fn a_memory_answers_what_was_written_before_the_read() {
    let mut memory = Sram::new(4, 0u64);
    assert_eq!(memory.cycle(None, Some((2, 7))), Ok(None));
    assert_eq!(memory.cycle(Some(2), Some((2, 8))), Ok(Some(7)), "the word being written still reads as the old one");
    assert_eq!(memory.cycle(Some(2), None), Ok(Some(8)));
    assert_eq!(memory.words(), [0, 0, 8, 0]);
    assert!(memory.cycle(Some(4), None).is_err());
    assert!(memory.cycle(None, Some((4, 1))).is_err());
}

#[test]
fn a_fifo_keeps_order_and_refuses_what_does_not_fit() {
    let mut fifo = StreamFifo::new(2);
    assert_eq!((fifo.push(1), fifo.push(2), fifo.push(3)), (Ok(()), Ok(()), Err(3)));
    assert_eq!((fifo.pop(), fifo.push(4), fifo.len()), (Some(1), Ok(()), 2));
    assert_eq!((fifo.pop(), fifo.pop(), fifo.pop()), (Some(2), Some(4), None));
    assert!(fifo.is_empty());
}
