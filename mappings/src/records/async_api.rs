//! The `AsyncAPI` 3.0 document of what the gateway sends: a channel for each kind of record, made
//! of the schemas. What a webhook's request looks like is the adapter's business; here it is told.

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::writer::write_pretty;

use crate::records::schema::RecordSchema;
use crate::records::schemas::{EVENT, RecordSchemas};

/// The actions that this release sends; the event's schema has more, which are reserved.
pub const SENT_ACTIONS: [&str; 1] = ["upsert"];

/// The content type of an event in structured form (`CloudEvents` 1.0, JSON format, section 3).
const CONTENT_TYPE: &str = "application/cloudevents+json";

const ABOUT: &str = "Records of patients as the gateway releases them to one recipient, each in a \
                     signed webhook request. What to do with an event is told in \
                     mappings/records/README.md.";

const SECURITY: &str = "Every request is signed as Standard Webhooks says, version v1: \
                        HMAC-SHA-256 over `webhook-id`, `webhook-timestamp` and the body, with a \
                        dot between them, under the secret that both sides keep. Refuse a request \
                        without a valid signature, or with a timestamp more than five minutes \
                        off. While a secret is rotated there are two signatures, and one valid \
                        one suffices. TLS is required.";

/// The document, indented, ending with a line break; the same schemas give the same bytes. None
/// when the schema of the event is missing.
pub fn document(schemas: &RecordSchemas) -> Option<String> {
    let event = schemas.get(EVENT)?;
    let kinds: Vec<&RecordSchema> = schemas.kinds().collect();
    let info = Object::new()
        .with("title", "Isthmus records")
        .with("version", format!("{}.0", event.version()))
        .with("description", format!("{ABOUT}\n\n{SECURITY}"))
        .with("license", Object::new().with("name", "Apache-2.0"));
    let document = Object::new()
        .with("asyncapi", "3.0.0")
        .with("id", "urn:isthmus:records")
        .with("info", info)
        .with("defaultContentType", CONTENT_TYPE)
        .with(
            "channels",
            named(&kinds, |kind| (kind.name().to_owned(), channel(kind))),
        )
        .with(
            "operations",
            named(&kinds, |kind| (operation_name(kind), operation(kind))),
        )
        .with("components", components(event, &kinds));
    let mut bytes = Vec::new();
    write_pretty(&Element::from(document), &mut bytes);
    bytes.push(b'\n');
    String::from_utf8(bytes).ok()
}

fn named(kinds: &[&RecordSchema], member: impl Fn(&RecordSchema) -> (String, Object)) -> Object {
    let mut all = Object::new();
    for kind in kinds {
        let (name, object) = member(kind);
        all.insert(name.as_str(), object);
    }
    all
}

fn reference(path: &str) -> Object {
    Object::new().with("$ref", format!("#/{path}"))
}

/// `isthmus.person.upsert.v1`, the event's `type` and the message's name.
fn event_type(kind: &RecordSchema, action: &str) -> String {
    format!("isthmus.{}.{action}.v{}", kind.name(), kind.major())
}

/// `personUpsert`.
fn message_name(kind: &RecordSchema, action: &str) -> String {
    format!("{}{}", kind.name(), capital(action))
}

fn operation_name(kind: &RecordSchema) -> String {
    format!("send{}", capital(kind.name()))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

fn channel(kind: &RecordSchema) -> Object {
    let mut messages = Object::new();
    for action in SENT_ACTIONS {
        let name = message_name(kind, action);
        messages.insert(
            name.as_str(),
            reference(&format!("components/messages/{name}")),
        );
    }
    Object::new()
        .with("address", Element::Null)
        .with("title", kind.title())
        .with(
            "description",
            "The address is the URL that the recipient gives: `url` of its destination.",
        )
        .with("messages", messages)
}

fn operation(kind: &RecordSchema) -> Object {
    let message = |action: &&str| {
        let name = message_name(kind, action);
        Element::from(reference(&format!(
            "channels/{}/messages/{name}",
            kind.name()
        )))
    };
    let messages: Vec<Element> = SENT_ACTIONS.iter().map(message).collect();
    let security = reference("components/securitySchemes/webhookSignature");
    let http = Object::new()
        .with("method", "POST")
        .with("bindingVersion", "0.3.0");
    Object::new()
        .with("action", "send")
        .with("channel", reference(&format!("channels/{}", kind.name())))
        .with("title", format!("Send: {}", kind.title()))
        .with(
            "summary",
            "One request for each record, at least once, in order for each key.",
        )
        .with("security", vec![Element::from(security)])
        .with("bindings", Object::new().with("http", http))
        .with("messages", messages)
}

fn components(event: &RecordSchema, kinds: &[&RecordSchema]) -> Object {
    let mut messages = Object::new();
    for kind in kinds {
        for action in SENT_ACTIONS {
            messages.insert(message_name(kind, action).as_str(), message(kind, action));
        }
    }
    let mut schemas = Object::new()
        .with("webhookHeaders", headers())
        .with(EVENT, inner_schema(event));
    for kind in kinds {
        schemas.insert(kind.name(), inner_schema(kind));
    }
    let signature = Object::new()
        .with("type", "httpApiKey")
        .with("name", "webhook-signature")
        .with("in", "header")
        .with("description", SECURITY);
    Object::new()
        .with("messages", messages)
        .with("schemas", schemas)
        .with(
            "securitySchemes",
            Object::new().with("webhookSignature", signature),
        )
}

fn message(kind: &RecordSchema, action: &str) -> Object {
    let name = event_type(kind, action);
    let constant = |value: &str| Object::new().with("const", value);
    let data = Object::new()
        .with("kind", constant(kind.name()))
        .with("action", constant(action))
        .with(
            "record",
            reference(&format!("components/schemas/{}", kind.name())),
        );
    let data = Object::new()
        .with("required", vec![Element::from("record")])
        .with("properties", data);
    let own = Object::new()
        .with("type", constant(&name))
        .with("dataschema", constant(kind.id()))
        .with("data", data);
    let own = Object::new().with("type", "object").with("properties", own);
    let event = reference(&format!("components/schemas/{EVENT}"));
    let payload = Object::new().with("allOf", vec![Element::from(event), Element::from(own)]);
    Object::new()
        .with("name", name)
        .with("title", format!("{}: {action}", kind.title()))
        .with("contentType", CONTENT_TYPE)
        .with("headers", reference("components/schemas/webhookHeaders"))
        .with("payload", payload)
}

/// The headers of Standard Webhooks.
fn headers() -> Object {
    let text = |description: &str| {
        Object::new()
            .with("type", "string")
            .with("description", description)
    };
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let properties = Object::new()
        .with(
            "webhook-id",
            text("The event's `id`, the same at every attempt."),
        )
        .with(
            "webhook-timestamp",
            text("When this attempt was made, in seconds since 1970.").with("pattern", "^[0-9]+$"),
        )
        .with(
            "webhook-signature",
            text("`v1,` and the signature in base64; several with a space between them.")
                .with("pattern", "^v1,[A-Za-z0-9+/]+=*( v1,[A-Za-z0-9+/]+=*)*$"),
        );
    Object::new()
        .with("type", "object")
        .with("required", names.map(Element::from).to_vec())
        .with("properties", properties)
}

/// The schema as a part of the document: `$id` and `$schema` would move the base of its references.
fn inner_schema(schema: &RecordSchema) -> Element {
    let mut tree = schema.tree().clone();
    if let Some(object) = tree.as_object_mut() {
        object.remove("$schema");
        object.remove("$id");
        object.insert("x-id", schema.id());
    }
    tree
}
