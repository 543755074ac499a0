//! The dashboard's page, as it was built into the program; nothing where it was not.

use aios_server::Page;

/// The page.
pub(crate) const PAGE: Page = Page(include!(concat!(env!("OUT_DIR"), "/page.rs")));
