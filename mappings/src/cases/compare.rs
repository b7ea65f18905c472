//! Compares an expected tree with the one that came out, path by path.
//! Cases hold invented patients, so values may be shown here and nowhere else.

use isthmus_fhir::element::Element;

/// Differences shown of one case, at most.
const MAX_SHOWN: usize = 20;

/// The differences, one a line; none when both are equal. The order of members does not count.
pub fn differences(expected: &Element, found: &Element) -> Vec<String> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    flatten(expected, String::new(), &mut before);
    flatten(found, String::new(), &mut after);
    before.sort();
    after.sort();
    let mut lines = Vec::new();
    let find = |all: &[(String, String)], path: &str| -> Option<String> {
        let at = all
            .binary_search_by(|(known, _)| known.as_str().cmp(path))
            .ok()?;
        all.get(at).map(|(_, text)| text.clone())
    };
    for (path, text) in &before {
        match find(&after, path) {
            None => lines.push(format!("{path}: expected {text}, found nothing")),
            Some(other) if other != *text => {
                lines.push(format!("{path}: expected {text}, found {other}"));
            }
            Some(_) => {}
        }
    }
    let unexpected = after
        .iter()
        .filter(|(path, _)| find(&before, path).is_none());
    lines.extend(unexpected.map(|(path, text)| format!("{path}: found {text}, expected nothing")));
    let more = lines.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        lines.truncate(MAX_SHOWN);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Every leaf with its path. The reader bounds the depth of both trees.
fn flatten(element: &Element, path: String, leaves: &mut Vec<(String, String)>) {
    match element {
        Element::Array(all) if !all.is_empty() => {
            for (at, one) in all.iter().enumerate() {
                flatten(one, format!("{path}[{at}]"), leaves);
            }
        }
        Element::Object(object) if !object.is_empty() => {
            for (name, one) in object.members() {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(one, format!("{path}{dot}{name}"), leaves);
            }
        }
        Element::Array(_) => leaves.push((path, "[]".to_owned())),
        Element::Object(_) => leaves.push((path, "{}".to_owned())),
        Element::Null => leaves.push((path, "null".to_owned())),
        Element::String(text) => leaves.push((path, format!("{text:?}"))),
        Element::Boolean(_) | Element::Number(_) => {
            leaves.push((
                path,
                element.primitive_text().unwrap_or_default().to_owned(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isthmus_fhir::element::Object;

    #[test]
    fn differences_name_their_paths() {
        let one = Element::from(Object::new().with("a", "x").with("b", true));
        let other = Element::from(Object::new().with("c", "z").with("a", "y"));
        let lines = differences(&one, &other);
        assert_eq!(
            lines,
            [
                "a: expected \"x\", found \"y\"",
                "b: expected true, found nothing",
                "c: found \"z\", expected nothing"
            ]
        );
        assert!(differences(&one, &one).is_empty());
    }
}
