//! How the composite datatypes are written down: a view of one repetition whose components have
//! names. What each datatype has is in its own file.

/// Declares a view. Each accessor gives a place, so that absent, empty, null and valued stay
/// apart; a place has the text, too.
macro_rules! view {
    (
        $(#[$of:meta])*
        $name:ident { $($(#[$about:meta])* $number:literal $component:ident)* }
    ) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'m>(crate::field::Repetition<'m>);

        impl<'m> From<crate::field::Repetition<'m>> for $name<'m> {
            fn from(repetition: crate::field::Repetition<'m>) -> Self {
                Self(repetition)
            }
        }

        impl<'m> $name<'m> {
            /// Which of the four states the whole is in.
            pub fn presence(&self) -> crate::field::Presence {
                self.0.presence()
            }

            $(
                $(#[$about])*
                pub fn $component(&self) -> crate::field::Component<'m> {
                    self.0.component($number)
                }
            )*
        }
    };
}

pub(crate) use view;
