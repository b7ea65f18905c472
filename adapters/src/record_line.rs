//! A record as one line of JSON with what released it; which file the line is put into is the
//! adapters' business.

use isthmus_core::destination::Outbound;

use crate::json_text::quoted;

/// The line, with its line feed. It opens with the delivery's id, which `append_file` looks for.
pub(crate) fn of(outbound: &Outbound) -> Vec<u8> {
    let grant = outbound.disclosure.grant();
    let mut bytes = format!(
        "{{\"id\":\"{}\",\"created\":\"{}\",\"flow\":{},\"flow_version\":{},\"purpose\":{},\
         \"record\":",
        outbound.id,
        outbound.created_at,
        quoted(grant.flow.as_str()),
        grant.flow_version,
        quoted(&grant.purpose),
    )
    .into_bytes();
    bytes.extend_from_slice(outbound.disclosure.content().reveal());
    bytes.extend_from_slice(b"}\n");
    bytes
}
