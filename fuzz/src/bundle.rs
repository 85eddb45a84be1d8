//! Several files in one input, as a folder has them: each after a line `@@ name`. Whatever stands before the
//! first such line is nobody's.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

const MARK: &[u8] = b"@@ ";

/// Files by their names.
pub type Files<'a> = BTreeMap<&'a str, &'a [u8]>;

/// The files as one input.
#[must_use]
pub fn join<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let file = |(name, content): (&str, &[u8])| [MARK, name.as_bytes(), b"\n", content, b"\n"].concat();
    files.into_iter().flat_map(file).collect()
}

/// The files of an input; the last of a name counts.
#[must_use]
pub fn split(input: &[u8]) -> Files<'_> {
    let starts = |at: &usize| input[*at..].starts_with(MARK) && (*at == 0 || input[*at - 1] == b'\n');
    let mut marks: Vec<usize> = (0..input.len()).filter(starts).collect();
    marks.push(input.len() + usize::from(!input.ends_with(b"\n")));
    let file = |at: &[usize]| {
        let part = &input[at[0] + MARK.len()..(at[1] - 1).min(input.len()).max(at[0] + MARK.len())];
        let end = part.iter().position(|&byte| byte == b'\n').unwrap_or(part.len());
        Some((std::str::from_utf8(&part[..end]).ok()?.trim(), part.get(end + 1..).unwrap_or_default()))
    };
    marks.windows(2).filter_map(file).collect()
}

/// Puts those files of an input that have one of these names into a folder, and takes the others away.
///
/// # Panics
/// When the folder cannot be written.
pub fn unpack(input: &[u8], names: &[&str], folder: &Path) {
    let files = split(input);
    for name in names {
        let path = folder.join(name);
        match files.get(name) {
            Some(content) => fs::write(&path, content).expect("a file"),
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => panic!("{}: {error}", path.display()),
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were() {
        let files: [(&str, &[u8]); 4] = [("a", b"x"), ("b", b""), ("c", b"1\n@ 2\n"), ("d", b"\0\xff")];
        assert_eq!(split(&join(files)), files.into());
        assert_eq!(split(b"nobody's\n@@ a\n1\n@@ a\n2"), [("a", &b"2"[..])].into());
        for odd in [&b""[..], b"@@ ", b"@@ \n", b"@@ @@ ", b"@@ a\n@@ "] {
            assert!(split(odd).len() <= 1);
        }
    }
}
