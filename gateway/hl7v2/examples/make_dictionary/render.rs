//! Turns rows of facts about HL7 v2 into the compact text of `dictionary/*.txt`: what is the same
//! in several versions is written once. Files are read and written in `main`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The versions in order; the crate's `dictionary` has the same list.
const VERSIONS: [&str; 12] = [
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2",
];

pub(crate) const WIDTH_MAX: usize = 100;

/// Groups that stand for "one of these segments".
const CHOICES: [&str; 6] = [
    "CHOICE",
    "ORDER_CHOICE",
    "OBRRQDRQ1RXOODSODT_SUPPGRP",
    "OBRRXO_SUPPGRP",
    "OBR_SUPPGRP",
    "OBRANYHL7SEGMENT_SUPPGRP",
];

/// Groups that one version lists by their segments, with the names other versions give them.
const NAMES: [(&str, &str); 18] = [
    ("AUTCTD_SUPPGRP2", "AUTHORIZATION_CONTACT"),
    ("EVNPIDPV1TXAOBX_SUPPGRP", "RESULT"),
    ("FACPDCNTE_SUPPGRP", "FACILITY_DETAIL"),
    ("FACPSHPDCPSHFACPDCNTEED_SUPPGRP", "FACILITY"),
    ("OBXNTE_SUPPGRP", "OBSERVATION"),
    ("OBXTCDSIDNTE_SUPPGRP", "RESULT"),
    ("ORCOBRNTETQ1TQ2CTDOBXNTECTI_SUPPGRP", "ORDER"),
    ("ORCRXARXR_SUPPGRP", "STUDY_PHARM"),
    (
        "PIDNTEORCOBRNTETQ1TQ2CTDOBXNTECTI_SUPPGRP",
        "QUERY_RESPONSE",
    ),
    ("PIDNTE_SUPPGRP", "PATIENT"),
    ("PIDPD1NTE_SUPPGRP", "PATIENT"),
    ("PSHPDC_SUPPGRP", "PRODUCT"),
    ("PV1PV2_SUPPGRP", "VISIT"),
    ("RXARXR_SUPPGRP", "RX_ADMIN"),
    (
        "SPMOBXSACINVOBRORCNTETQ1TQ2OBXTCDSIDNTECTI_SUPPGRP",
        "SPECIMEN",
    ),
    ("SPMOBXSACINV_SUPPGRP", "SPECIMEN"),
    ("SPMSAC_SUPPGRP2", "SPECIMEN"),
    ("TQ1TQ2_SUPPGRP", "TIMING_QTY"),
];

/// Version 2.1 lists the kinds of order in a row, though an order is of one kind.
const KINDS_OF_ORDER: [&str; 3] = ["OBR", "ORO", "RX1"];

pub(crate) type Problem = Box<dyn std::error::Error>;

pub(crate) fn version_place(version: &str) -> Result<usize, Problem> {
    let place = VERSIONS.iter().position(|known| *known == version);
    place.ok_or_else(|| format!("unknown version {version}").into())
}

/// `2.3-2.5.1,2.7`: runs of neighbouring versions. `places` is in order.
pub(crate) fn ranges(places: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &place in places {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == place => *last = place,
            Some(_) | None => runs.push((place, place)),
        }
    }
    let name = |place: usize| VERSIONS.get(place).copied().unwrap_or_default();
    let texts = runs.iter().map(|&(first, last)| {
        if first == last {
            String::from(name(first))
        } else {
            format!("{}-{}", name(first), name(last))
        }
    });
    texts.collect::<Vec<_>>().join(",")
}

/// Table numbers: `HL70203` is table 203; 9999 stands for "no table known" and is left out.
fn table(text: &str) -> String {
    match text
        .strip_prefix("HL7")
        .and_then(|digits| digits.parse::<u16>().ok())
    {
        Some(9999) | None => String::from("-"),
        Some(number) => number.to_string(),
    }
}

/// Fields of segments, or components of datatypes, with the versions each form stands in.
pub(crate) fn elements(csv: &str, what: &str) -> Result<String, Problem> {
    type Forms = BTreeMap<(u16, usize, String), Vec<usize>>;
    let mut owners: BTreeMap<&str, Forms> = BTreeMap::new();
    let mut forms_seen: BTreeMap<(&str, u16, String), usize> = BTreeMap::new();
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let &[version, owner, number, name, datatype, min, max, codes] = cells.as_slice() else {
            return Err(format!("a row of {what} has {} cells, not 8", cells.len()).into());
        };
        let place = version_place(version)?;
        let number: u16 = number.parse()?;
        let datatype = if datatype.is_empty() { "-" } else { datatype };
        let form = format!("{name} {datatype} {min}..{max} {}", table(codes));
        // A form that stands in several versions keeps the place of its first.
        let first = *forms_seen
            .entry((owner, number, form.clone()))
            .or_insert(place);
        let forms = owners.entry(owner).or_default();
        forms.entry((number, first, form)).or_default().push(place);
    }
    let mut text = format!(
        "# HL7 v2 {what}, made by the example make_dictionary.\n\
         # number NAME datatype min..max table versions\n"
    );
    for (owner, forms) in owners {
        writeln!(text, "{owner}")?;
        for ((number, _, form), places) in forms {
            writeln!(text, "  {number} {form} {}", ranges(&places))?;
        }
    }
    Ok(text)
}

/// One place in a structure: `text` is the name with its cardinality mark.
struct Node {
    text: String,
    children: Option<Vec<Node>>,
}

/// Message structures, each distinct tree once, with the versions it stands in.
pub(crate) fn structures(csv: &str) -> Result<String, Problem> {
    let mut rows: BTreeMap<(&str, usize), Vec<Vec<&str>>> = BTreeMap::new();
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let (Some(version), Some(structure)) = (cells.first(), cells.get(1)) else {
            return Err("a row of messages is too short".into());
        };
        rows.entry((structure, version_place(version)?))
            .or_default()
            .push(cells);
    }
    let mut trees: BTreeMap<&str, Vec<(String, Vec<usize>)>> = BTreeMap::new();
    for ((structure, place), rows) in rows {
        let nodes = tree(structure, &mut rows.iter().map(Vec::as_slice).peekable(), 1)?;
        let mut text = String::new();
        write_nodes(&mut text, &nodes, 1);
        let known = trees.entry(structure).or_default();
        match known.iter_mut().find(|(other, _)| *other == text) {
            Some((_, places)) => places.push(place),
            None => known.push((text, vec![place])),
        }
    }
    let mut text = String::from(
        "# HL7 v2 message structures, made by the example make_dictionary.\n\
         # ? none or one, * any number, + at least one, | one of the neighbours so\n\
         # marked; group( ... ). Places where any segment may stand are left out.\n",
    );
    for (structure, forms) in trees {
        for (form, places) in forms {
            write!(text, "{structure} {}\n{form}", ranges(&places))?;
        }
    }
    Ok(text)
}

fn tree<'r, I>(
    structure: &str,
    rows: &mut std::iter::Peekable<I>,
    depth: usize,
) -> Result<Vec<Node>, Problem>
where
    I: Iterator<Item = &'r [&'r str]>,
{
    let mut nodes = Vec::new();
    while let Some(&[_, _, _, level, kind, name, min, max]) = rows.peek().copied() {
        if level.parse::<usize>()? < depth {
            break;
        }
        rows.next();
        let mark = match (min, max) {
            ("1", "1") => "",
            ("0", "1") => "?",
            ("0", "*") => "*",
            ("1", "*") => "+",
            _ => return Err(format!("unknown cardinality {min}..{max} in {structure}").into()),
        };
        if kind == "segment" {
            if name.len() == 3 {
                nodes.push(Node {
                    text: format!("{name}{mark}"),
                    children: None,
                });
            }
            continue;
        }
        let prefix = format!("{}_", structure.to_uppercase());
        let name = name.strip_prefix(prefix.as_str()).unwrap_or(name);
        let known = NAMES.iter().find(|(listed, _)| *listed == name);
        let name = known.map_or(name, |(_, official)| official);
        let mut children = tree(structure, rows, depth + 1)?;
        let is_choice = |node: &&mut Node| KINDS_OF_ORDER.contains(&node.text.as_str());
        if children.iter_mut().filter(is_choice).count() == KINDS_OF_ORDER.len() {
            for child in children.iter_mut().filter(is_choice) {
                child.text.push('|');
            }
        }
        if CHOICES.contains(&name) {
            // One of several segments: they join the group around, marked as alternatives.
            for child in &mut children {
                child.text.push('|');
            }
            nodes.append(&mut children);
        } else if !children.is_empty() {
            nodes.push(Node {
                text: format!("{name}{mark}"),
                children: Some(children),
            });
        }
    }
    Ok(nodes)
}

/// Neighbouring segments share a line; a group has lines of its own.
fn write_nodes(text: &mut String, nodes: &[Node], depth: usize) {
    let indent = "  ".repeat(depth);
    let mut line = String::new();
    for node in nodes {
        let Some(children) = &node.children else {
            if indent.len() + line.len() + node.text.len() + 1 > WIDTH_MAX {
                end_line(text, &indent, &mut line);
            }
            line.push(' ');
            line.push_str(&node.text);
            continue;
        };
        end_line(text, &indent, &mut line);
        let mut inner = String::new();
        write_nodes(&mut inner, children, depth + 1);
        let one_line = inner.lines().count() == 1;
        let short = format!("{indent}{}( {} )\n", node.text, inner.trim());
        if one_line && short.len() <= WIDTH_MAX {
            text.push_str(&short);
        } else {
            text.extend([&indent, &node.text, "(\n", &inner, &indent, ")\n"]);
        }
    }
    end_line(text, &indent, &mut line);
}

fn end_line(text: &mut String, indent: &str, line: &mut String) {
    if !line.is_empty() {
        text.extend([indent, line.trim_start(), "\n"]);
        line.clear();
    }
}

/// Table 0354: each structure with the events that use it. Codes stand between separators of
/// several kinds, some with a mistyped first letter (`|17` for `I17`); prose is passed over.
pub(crate) fn events(csv: &str) -> String {
    let mut text = String::from(
        "# HL7 v2 table 0354, message structure and the events that use it, made by the example\n\
         # make_dictionary. What older versions did differently is in older-events.txt.\n",
    );
    for row in csv.lines().skip(2) {
        let Some((structure, rest)) = row.split_once(',') else {
            continue;
        };
        let cell = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map_or("", |(cell, _)| cell),
            None => rest.split_once(',').map_or("", |(cell, _)| cell),
        };
        let codes: Vec<String> = cell
            .split([',', '.', ' '])
            .map(|code| code.replace('|', "I"))
            .filter(|code| is_event(code))
            .collect();
        if !codes.is_empty() {
            text.extend([structure, " ", &codes.join(" "), "\n"]);
        }
    }
    text
}

fn is_event(code: &str) -> bool {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    code.len() == 3 && code.bytes().all(upper) && code.starts_with(|c: char| c.is_ascii_uppercase())
}
