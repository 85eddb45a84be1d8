//! Packages on disk: whole, ours alone, or not at all.

use crate::{design, netlist};
use alberti_files::{MANIFEST, WriteError};
use alberti_rtl::{Prefix, emit::Package};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

fn package(name: &str) -> Package {
    let design = design(name);
    Package::new(&Prefix::of_design(&design), &design, &netlist(&design), &[]).expect("a package")
}

/// Every file below a folder, with its bytes.
fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("a path below").display().to_string();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    files
}

#[test]
fn what_is_on_disk_is_the_package() {
    let (temporary, package) = (tempfile::tempdir().expect("a folder"), package("codec"));
    let target = temporary.path().join("deep/below/codec");
    package.write(&target).expect("written");
    assert_eq!(read(&target), package.files);
    let siblings = fs::read_dir(target.parent().expect("a parent")).expect("a folder").count();
    assert_eq!(siblings, 1, "something was left beside the package");
}

#[test]
fn the_manifest_lists_the_files_and_the_file_list_has_children_first() {
    let package = package("codec");
    let manifest: serde_json::Value = serde_json::from_slice(&package.files[MANIFEST]).expect("JSON");
    let listed: Vec<&str> = manifest["files"].as_array().expect("a list").iter().filter_map(|f| f.as_str()).collect();
    assert_eq!(listed, package.files.keys().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(manifest["top"], "codec");
    let list = String::from_utf8(package.files["codec.f"].clone()).expect("text");
    assert_eq!(list.lines().last(), Some("rtl/codec.v"));
    let verilog = package.files.keys().filter(|name| name.ends_with(".v")).count();
    assert_eq!(list.lines().filter(|line| !line.starts_with("//")).count(), verilog);
}

#[test]
fn every_file_that_can_hold_a_comment_names_its_licence() {
    let (package, line) = (package("accelerator4"), "SPDX-License-Identifier: Apache-2.0");
    let without = |name: &&String| {
        let text = String::from_utf8_lossy(&package.files[*name]);
        // The first line of a FuseSoC core is its version.
        !text.lines().take(2).any(|first| first.trim_matches(['/', '*', '#', ' ']) == line)
    };
    let without: Vec<_> = package.files.keys().filter(without).map(String::as_str).collect();
    assert_eq!(without, [MANIFEST, "registers/accelerator4_registers.md"]);
}

#[test]
fn an_earlier_package_is_replaced_whole() {
    let temporary = tempfile::tempdir().expect("a folder");
    let target = temporary.path().join("out");
    package("pu4").write(&target).expect("written");
    let codec = package("codec");
    codec.write(&target).expect("replaced");
    assert_eq!(read(&target), codec.files);
    assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 1);
}

#[test]
fn an_empty_folder_is_taken() {
    let temporary = tempfile::tempdir().expect("a folder");
    let (target, codec) = (temporary.path().join("out"), package("codec"));
    fs::create_dir(&target).expect("a folder");
    codec.write(&target).expect("written");
    assert_eq!(read(&target), codec.files);
}

#[test]
fn a_folder_with_other_files_is_refused_and_left_as_it_is() {
    let temporary = tempfile::tempdir().expect("a folder");
    let target = temporary.path().join("out");
    package("pu4").write(&target).expect("written");
    fs::write(target.join("rtl/notes.txt"), "mine").expect("written");
    let before = read(&target);
    let refused = package("codec").write(&target);
    assert!(
        matches!(&refused, Err(WriteError::Foreign { file, .. }) if file == Path::new("rtl/notes.txt")),
        "{refused:?}"
    );
    assert_eq!(read(&target), before);
    assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 1);
}

#[test]
fn a_file_of_the_folders_name_is_refused_and_left_as_it_is() {
    let temporary = tempfile::tempdir().expect("a folder");
    let target = temporary.path().join("out");
    fs::write(&target, "mine").expect("written");
    let refused = package("codec").write(&target);
    assert!(matches!(&refused, Err(WriteError::NotAFolder(path)) if *path == target), "{refused:?}");
    assert_eq!(fs::read(&target).expect("the file"), b"mine");
}

#[test]
fn a_parent_that_is_no_folder_is_an_error_and_nothing_is_left() {
    let temporary = tempfile::tempdir().expect("a folder");
    fs::write(temporary.path().join("file"), "mine").expect("written");
    let refused = package("codec").write(&temporary.path().join("file/out"));
    assert!(matches!(refused, Err(WriteError::Io { .. })), "{refused:?}");
    assert_eq!(read(temporary.path()).len(), 1);
}

#[test]
fn a_parent_that_cannot_be_written_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a folder");
    let parent = temporary.path().join("locked");
    fs::create_dir(&parent).expect("a folder");
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).expect("a mode");
    // A superuser writes everywhere: there the lock is one that binds it too.
    let target = if fs::write(parent.join("probe"), "").is_ok() {
        Path::new("/proc/alberti").to_owned()
    } else {
        parent.join("out")
    };
    let refused = package("codec").write(&target);
    let _ = fs::remove_file(parent.join("probe"));
    assert!(matches!(refused, Err(WriteError::Io { .. })), "{refused:?}");
    assert_eq!(read(&parent).len(), 0);
}
