//! Which known words a misspelt one may have meant; what is done with the suggestion is up to the
//! caller.

/// Longer words are not compared.
const LETTERS_MAX: usize = 64;

/// At most this many suggestions.
const SUGGESTIONS_MAX: usize = 3;

/// The words within reach of the misspelt one, nearest first, each once, at most three.
///
/// Within reach is a third of the letters, at least one: insertions, deletions, replacements and
/// swaps of neighbours count one each; case alone counts as nothing but is not the same word.
pub fn nearest<'w>(misspelt: &str, words: impl IntoIterator<Item = &'w str>) -> Vec<&'w str> {
    let letters = folded(misspelt);
    let reach = (letters.len() / 3).max(1);
    let mut near: Vec<(usize, &str)> = words
        .into_iter()
        .filter(|word| *word != misspelt)
        .filter(|word| word.chars().count().abs_diff(letters.len()) <= reach)
        .map(|word| (distance(&letters, &folded(word)), word))
        .filter(|(distance, _)| *distance <= reach)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(SUGGESTIONS_MAX)
        .map(|(_, word)| word)
        .collect()
}

fn folded(word: &str) -> Vec<char> {
    word.chars()
        .take(LETTERS_MAX)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Edit distance with swaps of neighbours (optimal string alignment), row by row.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut last_letter = None;
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut last_other = None;
        for (column, other) in to.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column).saturating_add(usize::from(letter != other));
            let mut best = replaced
                .min(at(&above, column + 1).saturating_add(1))
                .min(at(&current, column).saturating_add(1));
            let swapped = last_letter == Some(other) && last_other == Some(letter);
            if let (true, Some(earlier)) = (swapped, column.checked_sub(1)) {
                best = best.min(at(&before, earlier).saturating_add(1));
            }
            current.push(best);
            last_other = Some(other);
        }
        before = std::mem::replace(&mut above, current);
        last_letter = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_come_nearest_first() {
        let words = ["name", "telecom", "gender", "birthDate"];
        assert_eq!(nearest("telcom", words), ["telecom"]);
        assert_eq!(nearest("Name", words), ["name"]);
        assert_eq!(nearest("bithrDate", words), ["birthDate"]);
        assert_eq!(nearest("gneder", words), ["gender"]);
        assert_eq!(nearest("xyz", words), Vec::<&str>::new());
        assert_eq!(nearest("emial", ["email", "phone", "mail"]), ["email"]);
    }
}
