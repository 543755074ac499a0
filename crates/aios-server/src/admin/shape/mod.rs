//! How what other crates have is described in the API's document: their types know nothing of it, and stand here once
//! more as they are written to JSON.
//!
//! What is left out here, or is not there any more, does not compile. That the rest agrees, such as what may be absent,
//! is held against real answers by `tests/shapes.rs`.

pub(crate) mod audit;
pub(crate) mod canary;
pub(crate) mod erasure;
pub(crate) mod logs;
pub(crate) mod memory;
pub(crate) mod status;
pub(crate) mod words;

pub(crate) use words::{Time, Word};

/// Describes a type of another crate. Behind `of` stands the type, and `..` if some of it is not written.
macro_rules! mirror {
    ($(
        $(#[$about:meta])*
        struct $name:ident of $real:ty $(, $rest:tt)? {
            $($(#[$of:meta])* $field:ident: $shape:ty,)*
        }
    )+) => {$(
        #[derive(schemars::JsonSchema)]
        $(#[$about])*
        #[expect(dead_code, reason = "it is only described")]
        pub(crate) struct $name {
            $($(#[$of])* $field: $shape,)*
        }

        const _: fn(&$real) = |of| {
            type Real = $real;
            let Real { $($field: _,)* $($rest)? } = of;
        };
    )+};
}

/// Describes a type that is one of several, which a field `tag` names.
macro_rules! mirror_tagged {
    ($(
        $(#[$about:meta])*
        enum $name:ident of $real:ty, $tag:literal {
            $($(#[$one:meta])* $variant:ident { $($(#[$of:meta])* $field:ident: $shape:ty,)* })+
        }
    )+) => {$(
        #[derive(schemars::JsonSchema)]
        $(#[$about])*
        #[serde(tag = $tag, rename_all = "snake_case")]
        #[expect(dead_code, reason = "it is only described")]
        pub(crate) enum $name {
            $($(#[$one])* $variant { $($(#[$of])* $field: $shape,)* },)+
        }

        const _: fn(&$real) = |of| {
            type Real = $real;
            match of {
                $(Real::$variant { $($field: _,)* } => (),)+
            }
        };
    )+};
}

pub(crate) use {mirror, mirror_tagged};
