//! HD, the name of an application, a facility or an authority. Whether a sender may use a name is
//! decided by the listener.

use std::borrow::Cow;

use crate::field::{Component, Field, Repetition, Subcomponent};

/// HD (HL7 v2.5.1 chapter 2A, section 2.A.33): of a field, or inside a component such as CX.4.
#[derive(Debug, Clone, Copy)]
pub struct HierarchicDesignator<'m>(Place<'m>);

#[derive(Debug, Clone, Copy)]
enum Place<'m> {
    Repetition(Repetition<'m>),
    Component(Component<'m>),
}

impl<'m> From<Field<'m>> for HierarchicDesignator<'m> {
    /// Of the first repetition.
    fn from(field: Field<'m>) -> Self {
        Self(Place::Repetition(field.repetition(0)))
    }
}

impl<'m> From<Component<'m>> for HierarchicDesignator<'m> {
    fn from(component: Component<'m>) -> Self {
        Self(Place::Component(component))
    }
}

impl<'m> HierarchicDesignator<'m> {
    /// HD.1, a name that sender and receiver know.
    pub fn namespace_id(&self) -> Subcomponent<'m> {
        self.part(1)
    }

    /// HD.2, an id that is unique in the world, such as an OID.
    pub fn universal_id(&self) -> Subcomponent<'m> {
        self.part(2)
    }

    /// HD.3, of which kind the universal id is (table 0301).
    pub fn universal_id_type(&self) -> Subcomponent<'m> {
        self.part(3)
    }

    /// The namespace id, else the universal id: without it two authorities could share a name.
    pub fn name(&self) -> Option<Cow<'m, str>> {
        let namespace = self.namespace_id().value();
        namespace.or_else(|| self.universal_id().value())
    }

    fn part(&self, number: usize) -> Subcomponent<'m> {
        match self.0 {
            Place::Repetition(whole) => whole.component(number).subcomponent(1),
            Place::Component(whole) => whole.subcomponent(number),
        }
    }
}
