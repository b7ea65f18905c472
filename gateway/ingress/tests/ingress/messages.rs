//! Invented messages and senders.

/// An admission from the sender `north`, version 2.5.1, original mode.
pub(crate) fn admission(control_id: &str) -> String {
    Msh {
        control_id,
        ..Msh::default()
    }
    .message()
}

/// The header's fields that tests vary.
pub(crate) struct Msh<'m> {
    pub(crate) application: &'m str,
    pub(crate) facility: &'m str,
    pub(crate) event: &'m str,
    pub(crate) control_id: &'m str,
    pub(crate) version: &'m str,
    pub(crate) accept: &'m str,
    pub(crate) charset: &'m str,
    pub(crate) identifiers: &'m str,
}

impl Default for Msh<'_> {
    fn default() -> Self {
        Self {
            application: "NORTHADT",
            facility: "NORTH",
            event: "ADT^A01",
            control_id: "N1",
            version: "2.5.1",
            accept: "",
            charset: "",
            identifiers: "100001^^^NORTHMRN^MR",
        }
    }
}

impl Msh<'_> {
    pub(crate) fn message(&self) -> String {
        format!(
            "MSH|^~\\&|{}|{}|BRIDGE|HERE|20260101120000||{}|{}|P|{}|||{}|||{}\r\
             EVN||20260101120000\rPID|1||{}||Testcase^Ada\r",
            self.application,
            self.facility,
            self.event,
            self.control_id,
            self.version,
            self.accept,
            self.charset,
            self.identifiers,
        )
    }
}

/// The sender `north`, bound to the loopback network.
pub(crate) const NORTH: &str = r#"
    [[sender]]
    id = "north"
    networks = ["127.0.0.0/8"]
    applications = ["NORTHADT"]
    facilities = ["NORTH"]
    events = ["ADT^A01", "ORU^*"]
    authorities = ["NORTHMRN", "2.999.1"]
    default_charset = "UNICODE UTF-8"
    zone = "Europe/Berlin"
    default_authority = "NORTHMRN"
"#;

/// The sender `south`, bound to another network.
pub(crate) const SOUTH: &str = r#"
    [[sender]]
    id = "south"
    networks = ["10.2.0.0/16"]
    applications = ["SOUTHADT"]
    facilities = [""]
    events = ["ADT^*"]
    authorities = "any"
    default_charset = "8859/1"
    zone = "UTC"
    default_authority = "SOUTH"
"#;
