//! A resource: an object that says which type of resource it is; elements below it are in
//! `element`.

use crate::element::{Element, Object};
use std::fmt;
use thiserror::Error;

const RESOURCE_TYPE: &str = "resourceType";

/// An object with a `resourceType` (FHIR R4, 2.6.2, <https://hl7.org/fhir/R4/json.html>).
///
/// `Debug` shows kinds and member names, never a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource(Object);

/// The element does not say which type of resource it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a resource: give it a member resourceType that is a string")]
pub struct NotAResource;

impl Resource {
    /// A resource of this type without further members.
    pub fn new(resource_type: &str) -> Self {
        Self(Object::new().with(RESOURCE_TYPE, resource_type))
    }

    /// The type, such as `Patient`; empty only if the member was changed to something else.
    pub fn resource_type(&self) -> &str {
        self.0
            .get(RESOURCE_TYPE)
            .and_then(Element::as_str)
            .unwrap_or_default()
    }

    /// The logical id.
    pub fn id(&self) -> Option<&str> {
        self.0.get("id").and_then(Element::as_str)
    }

    /// The members, `resourceType` among them.
    pub const fn object(&self) -> &Object {
        &self.0
    }

    /// The members, to be changed; `resourceType` must stay what it is.
    pub const fn object_mut(&mut self) -> &mut Object {
        &mut self.0
    }

    /// The members alone.
    pub fn into_object(self) -> Object {
        self.0
    }
}

impl TryFrom<Object> for Resource {
    type Error = NotAResource;

    fn try_from(object: Object) -> Result<Self, NotAResource> {
        match object.get(RESOURCE_TYPE) {
            Some(Element::String(name)) if !name.is_empty() => Ok(Self(object)),
            Some(_) | None => Err(NotAResource),
        }
    }
}

impl TryFrom<Element> for Resource {
    type Error = NotAResource;

    fn try_from(element: Element) -> Result<Self, NotAResource> {
        if let Element::Object(object) = element {
            Self::try_from(object)
        } else {
            Err(NotAResource)
        }
    }
}

impl From<Resource> for Element {
    fn from(resource: Resource) -> Self {
        Self::Object(resource.0)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
