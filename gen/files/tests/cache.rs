//! A kept result is what was made, or it is made again.
#![allow(missing_docs)]

use alberti_files::cache::{Cache, CacheError, bytes, clear, entries, evict};
use std::{
    fs::{self, File},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, SystemTime},
};

/// Makes an entry of two files.
fn make(entry: &Path) -> Result<(), CacheError> {
    fs::create_dir(entry.join("below")).expect("an empty folder");
    fs::write(entry.join("below/netlist"), "0123456789".repeat(100)).expect("a file");
    fs::write(entry.join("report"), "area 12").expect("a file");
    Ok(())
}

#[test]
fn an_entry_is_made_once_and_a_failed_one_never_appears() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(folder.path().join("kind"));
    let failed = cache.get("k", |entry| {
        fs::write(entry.join("half"), "").expect("a file");
        Err(CacheError { path: "k".into(), source: std::io::ErrorKind::Other.into() })
    });
    assert!(failed.is_err() && entries(folder.path()).expect("a list").is_empty());
    let made = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let counted = |entry: &Path| {
                    made.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(20));
                    make(entry)
                };
                let entry = cache.get("k", counted).expect("an entry");
                assert_eq!(fs::read_to_string(entry.join("report")).expect("a file"), "area 12");
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn an_entry_that_was_cut_off_or_changed_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(folder.path().join("kind"));
    let entry = cache.get("k", make).expect("an entry");
    let (netlist, sums) = (entry.join("below/netlist"), entry.join("checksums"));
    let whole = fs::read(&netlist).expect("a file");
    let turned = || whole.iter().enumerate().map(|(i, &byte)| byte ^ u8::from(i == 500)).collect::<Vec<u8>>();
    let damages: [&dyn Fn(); 8] = [
        &|| fs::write(&netlist, &whole[..500]).expect("cut off"),
        &|| fs::write(&netlist, "").expect("emptied"),
        &|| fs::write(&netlist, turned()).expect("a bit turned"),
        &|| fs::remove_file(&netlist).expect("gone"),
        &|| fs::write(entry.join("more"), "").expect("a file of another's"),
        &|| fs::write(&sums, "").expect("sums emptied"),
        &|| fs::write(&sums, [0xff, 0]).expect("no text"),
        &|| fs::remove_file(&sums).expect("never finished"),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        let mut again = 0;
        for _ in 0..2 {
            let entry = cache
                .get("k", |entry| {
                    again += 1;
                    make(entry)
                })
                .expect("an entry");
            assert_eq!(fs::read(entry.join("below/netlist")).expect("a file"), whole, "{number}");
        }
        assert_eq!(again, 1, "{number}");
    }
}

/// An entry of a kilobyte that was used so many hours ago.
fn aged(folder: &Path, kind: &str, key: &str, hours: u64) {
    let entry = Cache::at(folder.join(kind)).get(key, make).expect("an entry");
    let then = SystemTime::now() - Duration::from_secs(3600 * hours);
    File::options().append(true).open(entry.join("checksums")).expect("sums").set_modified(then).expect("a time");
}

#[test]
fn the_least_recently_used_go_first_and_what_is_in_use_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, key, hours) in [("synth", "a", 5), ("verilator", "b", 9), ("synth", "c", 2), ("verilator", "d", 0)] {
        aged(folder.path(), kind, key, hours);
    }
    let keys = || entries(folder.path()).expect("a list").into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    assert_eq!(keys(), ["b", "a", "c", "d"]);
    // Using one makes it the last.
    Cache::at(folder.path().join("verilator")).get("b", make).expect("an entry");
    assert_eq!(keys()[0], "a");
    aged(folder.path(), "verilator", "b", 9);
    let one = entries(folder.path()).expect("a list")[0].bytes;
    let gone = evict(folder.path(), 2 * one).expect("they go");
    assert_eq!(gone.into_iter().map(|entry| entry.key).collect::<Vec<_>>(), ["b", "a"]);
    evict(folder.path(), 0).expect("they go");
    assert_eq!(keys(), ["d"], "it may be in use");
    clear(folder.path()).expect("it goes");
    assert!(keys().is_empty());
}

#[test]
fn folders_that_are_no_caches_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("thesis/chapter")).expect("a folder");
    fs::write(folder.path().join("thesis/chapter/checksums"), "mine").expect("a file");
    aged(folder.path(), "synth", "a", 2);
    assert_eq!(clear(folder.path()).expect("they go").len(), 1);
    assert!(folder.path().join("thesis/chapter/checksums").is_file());
    assert!(entries(&folder.path().join("nowhere")).expect("nothing").is_empty());
}

#[test]
fn a_number_of_bytes_has_a_unit_or_none() {
    assert_eq!([bytes("0"), bytes("12K"), bytes("3G")], [Ok(0), Ok(12 << 10), Ok(3 << 30)]);
    for text in ["", "G", "-1", "1.5G", "4 G", "4GB", "99999999999T"] {
        assert!(bytes(text).is_err(), "{text}");
    }
}
