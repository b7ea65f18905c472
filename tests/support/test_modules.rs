//! The removal of inline `#[cfg(test)]` modules from a token list, since unit tests may reach
//! into their own file. Other conditional items stay.

use crate::tokens::{Token, behind_closing};

/// The tokens without those of inline modules that only exist in test builds.
pub fn without_test_modules<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(end) = test_module_end(tokens, at) {
            at = end;
        } else {
            kept.push(*token);
            at += 1;
        }
    }
    kept
}

/// The place behind the test module whose first attribute stands at `start`, if one does.
fn test_module_end(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    let mut at = start;
    let mut only_in_tests = false;
    while tokens.get(at)?.is_mark("#") {
        let end = behind_closing(tokens, at + 1);
        only_in_tests |= tokens.get(at + 1..end).is_some_and(asks_for_tests);
        at = end;
    }
    let is_inline_module = tokens.get(at)?.is_word("mod") && tokens.get(at + 2)?.is_mark("{");
    (only_in_tests && is_inline_module).then(|| behind_closing(tokens, at + 2))
}

/// Whether an attribute, from its `[`, is a `cfg` that holds in test builds only.
fn asks_for_tests(attribute: &[Token<'_>]) -> bool {
    let is_cfg = attribute.get(1).is_some_and(|token| token.is_word("cfg"));
    let names_test = attribute.iter().any(|token| token.is_word("test"));
    let may_hold_elsewhere = attribute
        .iter()
        .any(|token| token.is_word("not") || token.is_word("any"));
    is_cfg && names_test && !may_hold_elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    #[test]
    fn only_inline_test_modules_go() {
        let all = tokens(
            "#[cfg(test)] #[allow(x)] mod tests { fn a() {} } #[cfg(not(test))] mod b { } \
             #[cfg(test)] mod c;",
        );
        let kept = without_test_modules(&all);
        let has = |word: &str| kept.iter().any(|token| token.is_word(word));
        assert!(!has("tests") && !has("a"));
        assert!(has("b") && has("c"));
    }
}
