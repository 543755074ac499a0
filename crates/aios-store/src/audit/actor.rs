//! Who acts where no token of the configuration does. Such a token cannot have one of these names.

/// The server of itself.
pub const SERVER: &str = "server";

/// Whoever runs a command on a data directory that no server uses.
pub const OPERATOR: &str = "operator (offline)";

/// Whoever shows the token that stands in the data directory.
pub const OWNER: &str = "owner";

/// Whoever shows no token, or none that is known.
pub const STRANGER: &str = "stranger";

/// All of them.
pub const RESERVED: [&str; 4] = [SERVER, OPERATOR, OWNER, STRANGER];
