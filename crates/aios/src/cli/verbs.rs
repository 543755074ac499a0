//! The verbs of a noun, as its `mod.rs` lists them.

/// Makes a noun's `Command` from its verbs: `Variant(file::Type)` for each. A verb's own words and flags
/// stand in its file, which has `run(self, &Context, &mut dyn Write) -> anyhow::Result<Exit>`.
macro_rules! verbs {
    ($(#[$about:meta])* Command { $($variant:ident($verb:ty),)* }) => {
        $(#[$about])*
        #[derive(Debug, clap::Args)]
        pub(super) struct Command {
            #[command(subcommand)]
            verb: Verb,
        }

        #[derive(Debug, clap::Subcommand)]
        enum Verb {
            $($variant($verb),)*
        }

        impl Command {
            pub(super) fn run(
                self,
                context: &$crate::cli::context::Context,
                out: &mut dyn std::io::Write,
            ) -> anyhow::Result<$crate::cli::output::Exit> {
                match self.verb {
                    $(Verb::$variant(verb) => verb.run(context, out),)*
                }
            }
        }
    };
}

pub(super) use verbs;
