//! A path in a line that a person copies into a shell.

use std::path::Path;

/// The path as it can be typed in a shell: quoted where a shell would take it apart.
pub(crate) fn shell_path(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@~".contains(letter);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(shell_path(Path::new("/etc/isthmus")), "/etc/isthmus");
        assert_eq!(shell_path(Path::new("a b's")), r"'a b'\''s'");
    }
}
