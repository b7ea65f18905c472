//! `ClosedList`, the words that a key of a policy takes and nothing else; which words those are is
//! said where the list is used.

/// An enum whose variants are the words of a closed list.
pub(in crate::privacy) trait ClosedList: Copy + 'static {
    /// Every word, in the order shown to people.
    const ALL: &'static [Self];

    /// Words that the policy language has and this version does not enforce.
    const NOT_ENFORCED: &'static [&'static str];

    /// The word as policies write it.
    fn word(self) -> &'static str;

    /// The variant with this word.
    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == word)
    }
}

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)+ }
        $(not enforced $($later:literal)+)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$what])* $variant,)+
        }

        impl $name {
            /// The word as policies write it.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::privacy::closed_list::ClosedList for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            const NOT_ENFORCED: &'static [&'static str] = &[$($($later,)+)?];

            fn word(self) -> &'static str {
                self.code()
            }
        }
    };
}

pub(in crate::privacy) use closed_list;
