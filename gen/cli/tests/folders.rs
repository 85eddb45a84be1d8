//! An output folder holds the earlier package or the new one, whole, whatever kind of folder it is, whoever
//! else writes to it, and whenever the command is ended. What an ended command leaves, the next one clears.
#![allow(missing_docs)]

mod common;

use common::{Ran, command, fails, files, json, text, well};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Two designs whose packages take a while to write.
const DESIGNS: [&str; 2] = ["designs/accelerator4.yaml", "designs/pu16.yaml"];

type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a folder by their paths from it.
fn tree(folder: &Path) -> Tree {
    let below = |path: PathBuf| path.strip_prefix(folder).expect("it lies below").to_owned();
    files(folder).into_iter().map(|(path, bytes)| (below(path), bytes)).collect()
}

/// The packages of both designs.
fn packages(folder: &Path) -> [Tree; 2] {
    DESIGNS.map(|design| {
        let out = folder.join("reference");
        well(&["gen", design, "-o", text(&out)]);
        let tree = tree(&out);
        fs::remove_dir_all(out).expect("it goes");
        tree
    })
}

fn absolute(design: &str) -> String {
    text(&common::root().join(design)).to_owned()
}

/// Runs `gen` from a folder.
fn generate(design: &str, out: &str, from: &Path) -> Ran {
    command(&["gen", &absolute(design), "-o", out]).current_dir(from).output().expect("it runs").into()
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

#[test]
fn the_current_folder_is_filled_and_refilled_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let references = packages(folder.path());
    let here = folder.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let inode = || fs::metadata(&here).expect("a folder").ino();
    let before = inode();
    let empty = generate(DESIGNS[0], ".", &here);
    assert_eq!((empty.code, empty.err.as_str()), (0, ""), "an empty folder loses nothing");
    assert_eq!(tree(&here), references[0]);
    let again = generate(DESIGNS[1], ".", &here);
    assert!(again.code == 0 && again.err.contains("warning[AE0812]"), "{}", again.err);
    assert!(again.err.contains("it is the current folder"), "{}", again.err);
    assert_eq!(tree(&here), references[1]);
    // A folder around the current one, and the current one by another name.
    fs::create_dir_all(folder.path().join("around/below")).expect("a folder");
    let ran = generate(DESIGNS[0], "..", &folder.path().join("around/below"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = generate(DESIGNS[0], "../here", &here);
    assert_eq!((ran.code, tree(&here) == references[0]), (0, true), "{}", ran.err);
    assert_eq!(inode(), before, "who stands in the folder still stands there");
    fs::write(here.join("mine.txt"), "mine").expect("a file");
    let refused = generate(DESIGNS[1], ".", &here);
    assert!(refused.code == 3 && refused.err.contains("mine.txt"), "{}", refused.err);
}

#[test]
fn a_link_stays_and_what_it_points_to_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let references = packages(folder.path());
    let (real, link) = (folder.path().join("real/out"), folder.path().join("link"));
    fs::create_dir_all(&real).expect("a folder");
    symlink("real/out", &link).expect("a link");
    for (design, reference) in DESIGNS.iter().zip(&references) {
        well(&["gen", design, "-o", text(&link)]);
        assert!(link.is_symlink());
        assert_eq!(&tree(&real), reference);
    }
    let nothing = folder.path().join("nothing");
    symlink("nowhere", &nothing).expect("a link");
    fails(&["gen", DESIGNS[0], "-o", text(&nothing)], 3, "is a link to a folder that is not there");
    let file = folder.path().join("out.json");
    symlink("real.json", &file).expect("a link");
    for _ in 0..2 {
        well(&["explain", "AE0203", "--json", text(&file)]);
        assert!(file.is_symlink() && json(&folder.path().join("real.json"))["command"] == "explain");
    }
}

/// The binary where every user can run it, run by one who owns nothing if we are the superuser, whom no
/// permissions bind.
fn bound(folder: &Path, arguments: &[&str]) -> Ran {
    let binary = folder.join("alberti");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_alberti"), &binary).expect("a copy");
    }
    let mut run = Command::new(binary);
    run.args(arguments).current_dir("/");
    if superuser(folder) {
        run.uid(65534).gid(65534);
    }
    run.output().expect("it runs").into()
}

fn superuser(folder: &Path) -> bool {
    fs::metadata(folder).expect("a folder").uid() == 0
}

#[test]
fn a_folder_whose_parent_refuses_is_filled_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    let (parent, design) = (folder.path().join("parent"), folder.path().join("design.yaml"));
    let out = parent.join("out");
    fs::create_dir_all(&out).expect("a folder");
    fs::copy(absolute(DESIGNS[1]), &design).expect("a copy");
    open(folder.path(), 0o755);
    open(&out, 0o777);
    open(&parent, 0o555);
    let first = bound(folder.path(), &["gen", text(&design), "-o", text(&out)]);
    let second = bound(folder.path(), &["gen", text(&design), "-o", text(&out)]);
    let beside = bound(folder.path(), &["gen", text(&design), "-o", text(&parent.join("new"))]);
    open(&parent, 0o755);
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    assert!(second.code == 0 && second.err.contains("the folder around it cannot be written"), "{}", second.err);
    assert!(out.join("manifest.json").is_file() && names(&out).iter().all(|name| !name.starts_with('.')));
    assert!(beside.code == 3 && beside.err.contains("error[AE0804]"), "{}", beside.err);
}

#[test]
fn a_mount_point_is_filled_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let script = "mount -t tmpfs none \"$1\" || exit 77\n\
                  \"$2\" gen \"$3\" -o \"$1\" && \"$2\" gen \"$3\" -o \"$1\" && ls -A \"$1\"";
    let unshare = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", text(&out)])
        .args([env!("CARGO_BIN_EXE_alberti"), &absolute(DESIGNS[1])])
        .output();
    let Ok(ran) = unshare else { return eprintln!("skipped: there is no unshare") };
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.code() == Some(77) || said.contains("unshare failed") {
        return eprintln!("skipped: nothing can be mounted here: {said}");
    }
    assert!(ran.status.success() && said.contains("it is a mount point"), "{said}");
    let listing = String::from_utf8(ran.stdout).expect("UTF-8");
    assert!(listing.contains("manifest.json") && !listing.contains(".alberti-"), "{listing}");
}

/// Starts `gen`.
fn start(design: &str, out: &str, from: &Path) -> Child {
    let mut command = command(&["gen", &absolute(design), "-o", out]);
    command.current_dir(from).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs")
}

#[test]
fn commands_that_write_one_folder_at_once_leave_the_package_of_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let references = packages(folder.path());
    for (from, out) in [(folder.path().to_owned(), "out"), (folder.path().join("here"), ".")] {
        fs::create_dir_all(&from).expect("a folder");
        let children: Vec<Child> = (0..8).map(|run| start(DESIGNS[run % 2], out, &from)).collect();
        for child in children {
            let ran = child.wait_with_output().expect("it ends");
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        }
        assert!(references.contains(&tree(&from.join(out))), "{out}");
    }
    assert_eq!(names(folder.path()), ["here", "out"]);
}

#[test]
fn a_command_that_is_killed_at_any_moment_leaves_the_earlier_package_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let references = packages(folder.path());
    let out = folder.path().join("out");
    well(&["gen", DESIGNS[0], "-o", text(&out)]);
    let mut ended = 0;
    for run in 0..40 {
        let mut child = start(DESIGNS[(run + 1) % 2], text(&out), folder.path());
        thread::sleep(Duration::from_micros(1_500 * run as u64));
        child.kill().expect("it is ours");
        ended += u32::from(!child.wait().expect("it ends").success());
        assert!(references.contains(&tree(&out)), "run {run}");
    }
    assert!(ended > 0, "all runs were done before they were killed");
    well(&["gen", DESIGNS[0], "-o", text(&out)]);
    assert_eq!((names(folder.path()), tree(&out) == references[0]), (vec!["out".to_owned()], true));
}

#[test]
fn a_command_that_is_killed_in_its_own_folder_is_brought_to_an_end_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let references = packages(folder.path());
    let here = folder.path().join("here");
    fs::create_dir(&here).expect("a folder");
    for run in 0..30 {
        let mut child = start(DESIGNS[run % 2], ".", &here);
        thread::sleep(Duration::from_micros(2_000 * run as u64));
        child.kill().expect("it is ours");
        child.wait().expect("it ends");
        if run % 3 == 2 {
            // The next from within, and the next from outside.
            let next = if run % 2 == 0 {
                generate(DESIGNS[0], ".", &here)
            } else {
                generate(DESIGNS[0], "here", folder.path())
            };
            assert_eq!(next.code, 0, "{}", next.err);
            assert_eq!(tree(&here), references[0]);
        }
    }
}

#[test]
fn what_an_ended_command_left_is_cleared_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    fs::create_dir_all(place(".alberti-abc123.draft/new/rtl")).expect("a folder");
    fs::write(place(".alberti-abc123.draft/new/rtl/a.v"), "x").expect("a file");
    fs::write(place(".alberti-xyz789.draft"), "x").expect("a file");
    let mine = [".alberti-notes", ".alberti-abc123.draft.txt", ".alberti-longer-name.draft"];
    mine.iter().for_each(|name| fs::write(place(name), "mine").expect("a file"));
    well(&["explain", "AE0203", "--json", text(&place("out.json"))]);
    let mut left: Vec<_> = mine.iter().map(|name| (*name).to_owned()).chain(["out.json".to_owned()]).collect();
    left.sort();
    assert_eq!(names(folder.path()), left);
}
