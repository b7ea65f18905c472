//! Words that were perhaps meant, as a complaint offers them; which are nearest is found in
//! `isthmus_fhir::spelling`.

/// `did you mean ...?` with the nearest words.
pub(in crate::privacy) fn did_you_mean<S: AsRef<str>>(words: &[S]) -> Option<String> {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    (!words.is_empty()).then(|| format!("did you mean {}?", words.join(" or ")))
}
