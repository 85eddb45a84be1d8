//! The port to external memory against what its datasheet says.

use alberti_golden::dma::{Burst, Command, PAGE, Port, Response};

fn port() -> Port {
    Port::new(40, 64, 16, 8).expect("a port")
}

fn read(address: u64, bytes: u32) -> Command {
    Command { write: false, address, bytes }
}

#[test]
fn bursts_cover_every_beat_once_and_stay_within_their_page() {
    for (data_bits, burst_beats) in [(32, 1), (32, 256), (64, 16), (64, 100), (128, 256), (128, 3)] {
        let port = Port::new(40, data_bits, burst_beats, 4).expect("a port");
        let size = u64::from(data_bits / 8);
        for start in [0, size, PAGE - size, PAGE - 3 * size, 17 * size] {
            for bytes in [1, 7, 8, 9, 255, 4095, 4096, 4097, 20_000] {
                let mut next = start;
                for Burst { address, beats } in port.bursts(&read(start, bytes)).expect("it is there") {
                    let last = address + u64::from(beats) * size - 1;
                    assert!(address == next && beats > 0 && beats <= burst_beats && address / PAGE == last / PAGE);
                    next = last + 1;
                }
                assert_eq!(next, (start + u64::from(bytes)).next_multiple_of(size));
            }
        }
    }
}

#[test]
fn what_is_not_aligned_or_not_there_is_refused_and_nothing_is_moved() {
    let top = 1 << 40;
    for (address, bytes, refused) in
        [(4, 8, true), (4, 0, true), (0, 0, false), (top - 8, 8, false), (top - 8, 3, false), (top - 8, 9, true)]
    {
        let done = port().run(&read(address, bytes), |_| Response::Okay, |_| Response::Okay);
        let expected = if refused { (Response::Refused, Some(address)) } else { (Response::Okay, None) };
        assert_eq!((done.response, done.address), expected, "{bytes} bytes from {address:#x}");
    }
    let widest = Port::new(64, 32, 1, 2).expect("a port");
    assert!(widest.bursts(&read(u64::MAX - 3, 4)).is_some_and(|bursts| bursts.len() == 1));
    assert_eq!(widest.bursts(&read(u64::MAX - 3, 5)), None);
    assert!(Port::new(40, 256, 16, 2).is_err());
}

#[test]
fn the_first_failure_is_told_and_what_came_before_it_was_read() {
    let fails = |address: u64| match address {
        0x1108..0x1110 => Response::SlaveError,
        0x1200.. => Response::DecodeError,
        _ => Response::Okay,
    };
    let done = port().run(&read(0x1000, 1024), fails, |_| Response::Okay);
    assert_eq!((done.response, done.address, done.read_beats), (Response::SlaveError, Some(0x1100), 33));
    let write = Command { write: true, ..read(0x1110, 1024) };
    let done = port().run(&write, |_| Response::Okay, |burst| fails(burst.address));
    assert_eq!((done.response, done.address), (Response::DecodeError, Some(0x1210)));
}

#[test]
fn strobes_are_of_the_bytes_that_are_there() {
    assert_eq!([0, 1, 2].map(|beat| port().strobes(19, beat)), [0xff, 0xff, 0b111]);
    assert_eq!([0, 1].map(|beat| port().strobes(16, beat)), [0xff; 2]);
}

#[test]
fn latency_costs_once_while_the_open_bursts_cover_it() {
    let bursts = port().bursts(&read(0, 128 * 8)).expect("it is there");
    assert_eq!(port().cycles(false, &[], 5), 3);
    assert_eq!(port().cycles(false, &bursts, 40), 5 + 40 + 128);
    assert_eq!(port().cycles(true, &bursts, 40), 5 + 40 + 128);
    // Two open bursts of 16 beats cover 32 cycles from an address to its answer.
    let two = Port::new(40, 64, 16, 2).expect("a port");
    assert!(two.cycles(false, &bursts, 14) == 5 + 14 + 128 && two.cycles(false, &bursts, 40) > 5 + 40 + 128);
}
