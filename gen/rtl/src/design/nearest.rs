//! The word that a user may have meant.

/// Candidates that are looked at: who lists more has more to read than a near miss.
const LOOKED_AT: usize = 128;

/// The candidate nearest to `word`, if a slip of the fingers could lie between them: at most a third of the
/// letters. Of equally near candidates the first; only the first `LOOKED_AT` are looked at.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).collect();
    candidates
        .into_iter()
        .take(LOOKED_AT)
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.chars().collect();
            let most = 1.max(letters.len().max(word.len()) / 3);
            // Words that differ more in length need no closer look.
            let distance = (letters.len().abs_diff(word.len()) <= most).then(|| distance(&word, &letters))?;
            (distance <= most).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; capitals cost nothing.
fn distance(a: &[char], b: &[char]) -> usize {
    let same = |x: char, y: char| x.eq_ignore_ascii_case(&y);
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            row[j + 1] = (last[j] + usize::from(!same(a[i], b[j]))).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && same(a[i], b[j - 1]) && same(a[i - 1], b[j]) {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        let keys = ["n", "operand", "result", "accumulator_bits", "accumulator_rows"];
        assert_eq!(nearest("acumulator_bits", keys), Some("accumulator_bits"));
        assert_eq!(nearest("oeprand", keys), Some("operand"));
        assert_eq!(nearest("N", keys), Some("n"));
        assert_eq!(nearest("accumulator_row", keys), Some("accumulator_rows"));
    }

    #[test]
    fn a_word_that_resembles_none_finds_none() {
        assert_eq!(nearest("voltage", ["operand", "result", "pipeline"]), None);
        assert_eq!(nearest("", ["operand"]), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_slip() {
        assert_eq!(nearest("ab", ["ba"]), Some("ba"));
    }
}
