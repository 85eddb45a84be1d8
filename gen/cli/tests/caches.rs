//! Results are kept where the user says, or in the user's own cache: never somewhere else. A damaged one is
//! made again.
#![allow(missing_docs)]

mod common;

use common::{Ran, command, fails, files, json, text};
use std::{fs, path::Path};

const PU4: &str = "designs/pu4.yaml";

/// Runs with a folder for kept results.
fn kept(arguments: &[&str], cache: &Path) -> Ran {
    command(arguments).env("ALBERTI_CACHE", cache).output().expect("it runs").into()
}

fn damage(folder: &Path, how: impl Fn(&mut Vec<u8>)) -> usize {
    let sound = |path: &Path| path.file_name().is_some_and(|name| name != "checksums" && name != "CACHEDIR.TAG");
    let all: Vec<_> = files(folder).into_iter().filter(|(path, bytes)| sound(path) && !bytes.is_empty()).collect();
    for (path, mut bytes) in all.iter().cloned() {
        how(&mut bytes);
        fs::write(path, bytes).expect("a writable file");
    }
    all.len()
}

#[test]
fn a_damaged_build_or_netlist_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    for (arguments, kind) in
        [(["sim", PU4, "-b", "stream_fifo"], "verilator"), (["synth", PU4, "-b", "stream_fifo"], "synth")]
    {
        let first = kept(&arguments, &cache);
        assert_eq!(first.code, 0, "{}", first.err);
        let ways: [fn(&mut Vec<u8>); 3] = [
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes.clear(),
            |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x10;
            },
        ];
        for way in ways {
            assert!(damage(&cache.join(kind), way) > 2);
            let again = kept(&arguments, &cache);
            assert_eq!((again.code, again.out.as_str()), (0, first.out.as_str()), "{}", again.err);
        }
    }
}

/// A repository of the user's own, with a lock file of cargo's and a folder build.
#[test]
fn nothing_is_kept_around_the_folder_that_a_command_runs_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, home) = (folder.path().join("mine"), folder.path().join("home"));
    let here = mine.join("below");
    fs::create_dir_all(&here).expect("a folder");
    fs::create_dir_all(&home).expect("a folder");
    fs::write(mine.join("Cargo.lock"), "").expect("a file");
    fs::copy(common::root().join(PU4), here.join("pu4.yaml")).expect("a copy");
    let before = files(&mine);
    let run = |variables: &[(&str, &Path)]| -> Ran {
        let mut command = command(&["synth", "pu4.yaml", "-b", "stream_fifo"]);
        command.current_dir(&here).env_remove("ALBERTI_CACHE").env_remove("XDG_CACHE_HOME").env_remove("HOME");
        command.envs(variables.iter().copied()).output().expect("it runs").into()
    };
    let (xdg, own) = (folder.path().join("xdg"), folder.path().join("own"));
    for (variables, place) in [
        (vec![("HOME", &*home)], home.join(".cache/alberti")),
        (vec![("HOME", &*home), ("XDG_CACHE_HOME", &*xdg)], xdg.join("alberti")),
        (vec![("HOME", &*home), ("XDG_CACHE_HOME", &*xdg), ("ALBERTI_CACHE", &*own)], own.clone()),
    ] {
        let ran = run(&variables);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(place.join("synth/CACHEDIR.TAG").is_file(), "{}", place.display());
        assert_eq!(files(&mine), before);
    }
    let nowhere = run(&[]);
    assert!(nowhere.code == 3 && nowhere.err.contains("ALBERTI_CACHE"), "{}", nowhere.err);
    let file = mine.join("Cargo.lock");
    let refused = run(&[("ALBERTI_CACHE", &file)]);
    assert!(refused.code == 3 && refused.err.contains("error[AE0804]"), "{}", refused.err);
}

#[test]
fn the_cache_is_listed_limited_and_cleared() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cache, out) = (folder.path().join("cache"), folder.path().join("out.json"));
    let empty = kept(&["cache"], &cache);
    assert!(empty.code == 0 && empty.out.contains("0 results of 0 bytes, at most 8,589,934,592"), "{}", empty.out);
    assert_eq!(kept(&["synth", PU4, "-b", "stream_fifo"], &cache).code, 0);
    let listed = kept(&["cache", "--json", text(&out)], &cache);
    assert!(listed.out.contains("synth") && listed.out.contains("units-"), "{}", listed.out);
    let result = &json(&out)["result"];
    let bytes: u64 =
        result["entries"].as_array().expect("entries").iter().filter_map(|e| e["size_bytes"].as_u64()).sum();
    assert!(bytes > 0 && result["size_bytes"].as_u64() == Some(bytes), "{result}");
    // What was used a moment ago stays.
    let limited = kept(&["cache", "--limit", "0"], &cache);
    assert!(limited.out.contains("removed 0 results of 0 bytes"), "{}", limited.out);
    let cleared = kept(&["cache", "--clear"], &cache);
    assert!(
        cleared.out.contains("0 results of 0 bytes, at most") && cleared.out.contains("removed "),
        "{}",
        cleared.out
    );
    assert_eq!(files(&cache).len(), 1, "the mark of the cache alone");
    fails(&["cache", "--limit", "much"], 2, "is no number of bytes");
    fails(&["cache", "--limit", "1G", "--clear"], 2, "cannot be used with");
    let wrong: Ran = command(&["cache"]).env("ALBERTI_CACHE_LIMIT", "much").output().expect("it runs").into();
    assert!(wrong.code == 2 && wrong.err.contains("ALBERTI_CACHE_LIMIT"), "{}", wrong.err);
}
