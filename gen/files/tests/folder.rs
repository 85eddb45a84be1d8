//! A folder whose entries are replaced one by one is brought to its end wherever that stopped.
#![allow(missing_docs)]

use alberti_files::{Folder, MANIFEST};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

type Files = BTreeMap<String, Vec<u8>>;

fn package(names: &[&str]) -> Files {
    let manifest = format!("{{\"generator\": \"alberti 1\", \"files\": [{}]}}", {
        let all = names.iter().copied().chain([MANIFEST]);
        all.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    });
    let files = names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec()));
    files.chain([(MANIFEST.to_owned(), manifest.into_bytes())]).collect()
}

fn put(folder: &Path, files: &Files, only: &[&str]) {
    for name in only {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, &files[*name]).expect("a file");
    }
}

fn read(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match entry.is_dir() {
            true => all.extend(read(&entry)),
            false => all.push((entry.clone(), fs::read(&entry).expect("a file"))),
        }
    }
    all.sort();
    all
}

/// Every state between the first entry that goes and the last that comes, taken up by a write of a file beside
/// them, which makes nothing of its own of the package.
#[test]
fn the_earlier_package_comes_back_or_the_new_one_is_completed() {
    let (earlier, new) = (package(&["a.v", "rtl/b.v"]), package(&["a.v", "c.v"]));
    let going = [MANIFEST, "a.v", "rtl/b.v"];
    let coming = ["a.v", "c.v", MANIFEST];
    for moved in 0..=6usize {
        let temporary = tempfile::tempdir().expect("a folder");
        let (folder, expected) = (temporary.path().join("out"), temporary.path().join("expected"));
        let draft = folder.join(".alberti-abcdef.draft");
        fs::create_dir_all(draft.join("new")).expect("a folder");
        let (out, into) = (moved.min(3), moved.saturating_sub(3));
        let aside = draft.join(if moved < 3 { "old" } else { "replaced" });
        fs::create_dir_all(&aside).expect("a folder");
        put(&aside, &earlier, &going[..out]);
        put(&folder, &earlier, &going[out..]);
        put(&folder, &new, &coming[..into]);
        put(&draft.join("new"), &new, &coming[into..]);
        // It may be written again as it is.
        Folder::at(&folder).expect("a package's folder");
        alberti_files::File::at(&folder.join("log")).expect("a place").write(b"").expect("written");
        fs::remove_file(folder.join("log")).expect("it goes");
        let whole = if moved < 3 { &earlier } else { &new };
        put(&expected, whole, &whole.keys().map(String::as_str).collect::<Vec<_>>());
        let relative = |root: &Path| {
            let all = read(root).into_iter();
            all.map(|(path, bytes)| (path.strip_prefix(root).expect("below").to_owned(), bytes)).collect::<Vec<_>>()
        };
        assert_eq!(relative(&folder), relative(&expected), "{moved} entries moved");
    }
}
