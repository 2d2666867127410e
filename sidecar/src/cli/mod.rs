//! The command line.

pub mod check_config;
pub mod operator;
mod print;

pub use print::{complain, print};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, Parser)]
#[command(
    name = "latchkey",
    version,
    about = "Passkey sign-in for services behind Envoy or Istio",
    long_about = "Passkey sign-in for services behind Envoy or Istio.\n\n\
        This program is the sidecar: it hosts the pages and the WebAuthn ceremonies with which \
        people register and sign in, keeps users, passkeys and sessions, and mints the short-lived \
        session tokens that the Latchkey filter checks inside the gateway. A gateway routes one \
        path (public_url) to its public listener, and fetches the token keys from the internal one.",
    after_help = "Try `latchkey help serve`, or `latchkey help keys` for what an operator can do.",
    after_long_help = AFTER_HELP,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the sidecar until SIGTERM or SIGINT
    #[command(
        long_about = "Runs the sidecar until SIGTERM or SIGINT.\n\n\
            On such a signal no new connection is taken, requests under way are finished (20 \
            seconds at most), and everything is on disk when the program ends; a second signal \
            ends it at once. Log lines go to standard error. GET /readyz on the internal listener \
            says when it is ready.",
        after_long_help = "Examples:\n  \
            latchkey serve --config latchkey.toml\n  \
            LATCHKEY_LOG__FORMAT=json latchkey serve --config /etc/latchkey/latchkey.toml"
    )]
    Serve {
        /// The configuration, as `latchkey example-config` shows it
        #[arg(
            long,
            short,
            value_name = "FILE",
            env = "LATCHKEY_CONFIG",
            default_value = "latchkey.toml"
        )]
        config: PathBuf,
    },
    /// Say whether configuration files are right, without starting anything
    #[command(
        long_about = "Says whether configuration files are right, without starting anything.\n\n\
            Understood are the sidecar's own TOML, and the filter's configuration: as JSON or YAML \
            of its own, inside Istio's WasmPlugin or TrafficExtension, or inside an Envoy \
            configuration. The answers are the ones that the sidecar and the filter themselves \
            give at start. For the sidecar's file the environment counts too, as in `serve`.\n\n\
            Whatever stands around the filter's configuration is looked at, too: in Envoy's file the \
            routes beside it and the TLS of its filter chain, in the output of `kubectl kustomize` \
            the Gateway, VirtualService, RequestAuthentication and AuthorizationPolicy. With the \
            sidecar's file among the files, each filter is compared with it.\n\n\
            A note is something that is allowed, and perhaps not meant.",
        after_long_help = "Examples:\n  \
            latchkey check-config latchkey.toml\n  \
            latchkey check-config filter.json wasm-plugin.yaml envoy.yaml\n  \
            latchkey check-config --strict latchkey.toml envoy.yaml"
    )]
    CheckConfig {
        /// Fail where there are notes, too
        #[arg(long)]
        strict: bool,
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Show, rotate or revoke the signing keys of the running sidecar
    #[command(
        alias = "key",
        arg_required_else_help = true,
        after_long_help = "Examples:\n  \
            latchkey keys list\n  \
            latchkey keys rotate\n  \
            latchkey keys revoke 1uKMLHIwZgH0Ms4WzYqXrmjQ1lUtjTq36RnHmXp9xTs"
    )]
    Keys {
        /// What to do.
        #[command(subcommand)]
        order: operator::Keys,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Show or end sessions at the running sidecar
    #[command(
        alias = "session",
        arg_required_else_help = true,
        after_long_help = "Examples:\n  \
            latchkey sessions list --user alice\n  \
            latchkey sessions revoke --user alice\n  \
            latchkey sessions revoke --everyone"
    )]
    Sessions {
        /// What to do.
        #[command(subcommand)]
        order: operator::Sessions,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Make, show, change, disable or delete users at the running sidecar
    #[command(
        visible_alias = "user",
        arg_required_else_help = true,
        after_long_help = "Examples:\n  \
            latchkey users add alice --group eng --enroll\n  \
            latchkey users set alice --add-group oncall\n  \
            latchkey users link alice\n  \
            latchkey users link --all-without-passkey --csv > links.csv\n  \
            latchkey users list --search smith\n  \
            latchkey users disable alice\n  \
            latchkey users list --output json"
    )]
    Users {
        /// What to do.
        #[command(subcommand)]
        order: operator::Users,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Show, write or delete mounts (relying parties and their policies) at the running sidecar
    #[command(
        arg_required_else_help = true,
        after_long_help = "Examples:\n  \
            latchkey mounts list\n  \
            latchkey mounts set staff rp_display_name=Staff timeout=2m\n  \
            latchkey mounts delete staff"
    )]
    Mounts {
        /// What to do.
        #[command(subcommand)]
        order: operator::Mounts,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Search the audit log of the running sidecar, newest first
    #[command(after_long_help = "Examples:\n  \
        latchkey audit --user alice\n  \
        latchkey audit --action user_delete --since 2026-01-01T00:00:00Z --output json")]
    Audit {
        /// What to look for.
        #[command(flatten)]
        search: operator::Search,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Write every user with their passkeys into a file
    #[command(
        long_about = "Writes every user with their passkeys into a file that `latchkey import` \
            reads, here or at another installation for the same relying party id.\n\n\
            The file holds no secret: no session, no code, no hash of one, no signing key. Recovery \
            codes and links do not move; their owners make new ones. It does hold names, addresses \
            and groups, and is readable by its owner alone.",
        after_long_help = "Examples:\n  \
            latchkey export users.json\n  \
            latchkey export - | jq '.users | length'"
    )]
    Export {
        /// Where to.
        #[command(flatten)]
        order: operator::Export,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Bring users with their passkeys in from a file
    #[command(
        long_about = "Brings users with their passkeys in from a file: one that `latchkey export` \
            wrote, or a Keycloak realm export.\n\n\
            The whole file is looked at first. When anybody is refused, or in conflict with someone \
            who is here, nobody is imported, unless --skip leaves those out. Users who are here \
            already, the same, stay as they are, so an import can be repeated. Passkeys sign in for \
            the relying party id that they were registered for, and for no other. Up to 2,000 \
            users come in one step; longer files in several, each whole or not at all.\n\n\
            Of a Keycloak realm come users, their groups (by path), verified email addresses, and \
            credentials of the types webauthn-passwordless and webauthn. Passwords, one-time \
            passwords and roles stay behind. Who came without a passkey needs a link to register \
            one: `latchkey users link --all-without-passkey` makes them for all.",
        after_long_help = "Examples:\n  \
            latchkey import users.json --dry-run\n  \
            latchkey import realm-export.json --format keycloak --dry-run\n  \
            latchkey import realm-export.json --format keycloak --skip\n  \
            latchkey users link --all-without-passkey --csv > links.csv"
    )]
    Import {
        /// What, and how.
        #[command(flatten)]
        order: operator::Import,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
    /// Write a configuration to begin with, in which every key is described, to standard output
    #[command(
        long_about = "Writes a configuration to begin with to standard output. Every key of the \
            configuration is described in it; it is the file latchkey.example.toml of this version.",
        after_long_help = "Examples:\n  \
            latchkey example-config > latchkey.toml"
    )]
    ExampleConfig,
    /// Write the completions for a shell to standard output
    #[command(
        long_about = "Writes the completions for a shell to standard output.",
        after_long_help = "Examples:\n  \
            latchkey completions bash > /etc/bash_completion.d/latchkey\n  \
            latchkey completions zsh > \"${fpath[1]}/_latchkey\"\n  \
            latchkey completions fish > ~/.config/fish/completions/latchkey.fish"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Let the first administrator in
    #[command(
        arg_required_else_help = true,
        after_long_help = "Examples:\n  \
            latchkey admin bootstrap"
    )]
    Admin {
        /// What to do.
        #[command(subcommand)]
        order: operator::Admin,
        /// Where the sidecar is.
        #[command(flatten)]
        reach: operator::Reach,
    },
}

/// A configuration in which every key is described.
pub const EXAMPLE_CONFIG: &str = include_str!("../../latchkey.example.toml");

/// The completions of the program for a shell.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "latchkey", &mut script);
    script
}

const AFTER_HELP: &str = "\
Environment:
  LATCHKEY_CONFIG               the configuration, instead of --config
  LATCHKEY_PUBLIC_URL           overrides public_url
  LATCHKEY_<SECTION>__<KEY>     overrides a key of the configuration, lists with commas between
                                the items: LATCHKEY_LISTEN__PUBLIC=0.0.0.0:8080
  LATCHKEY_KEY_ENCRYPTION_KEY   32 bytes in base64 or hexadecimal: encrypts the signing keys in
                                the store

Exit codes:
  0  done, or stopped by a signal
  1  something failed while running: a port is taken, the store is locked or damaged; for orders,
     no sidecar is listening, or it refused
  2  the command line or a configuration is wrong

Examples:
  latchkey serve --config latchkey.toml
  latchkey check-config latchkey.toml filter.json
  latchkey users disable alice --config /etc/latchkey/latchkey.toml

keys, sessions, users, mounts, audit, admin, export and import are orders to the running sidecar,
over a Unix socket that only its owner can use (listen.control). Nobody is asked for a password: whoever can use it could read the store.

`latchkey example-config` shows every key of the configuration, described.";

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_shell_gets_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for word in ["serve", "users", "dry-run", "enroll", "completions"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn one_user_or_more_one_word_is_as_good_as_the_other() {
        for line in [
            "latchkey user add alice --group eng --enroll",
            "latchkey users add alice --group eng --enroll",
            "latchkey key list",
            "latchkey session list --user alice",
            "latchkey user passkeys alice --output json",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }

    /// The help of `latchkey ORDER SUB`.
    fn help_of(order: &str, sub: &str) -> String {
        let mut cli = Cli::command();
        let order = cli.find_subcommand_mut(order).unwrap();
        let sub = order.find_subcommand_mut(sub).unwrap();
        sub.render_long_help().to_string()
    }

    #[test]
    fn help_says_what_holds_for_the_command() {
        assert!(!help_of("users", "add").contains("taken away"));
        let set = help_of("users", "set");
        assert_eq!(set.matches("taken away").count(), 2, "{set}");
        for help in [help_of("users", "add"), set] {
            assert!(
                help.contains("--must-register-passkey <true|false>"),
                "{help}"
            );
        }
    }

    #[test]
    fn help_names_every_order() {
        let help = Cli::command().render_long_help().to_string();
        let orders = help.split("orders to the running sidecar").next().unwrap();
        let orders = orders.rsplit("\n\n").next().unwrap();
        let example = EXAMPLE_CONFIG.split("# control = ").next().unwrap();
        let example = example.rsplit("\n# A Unix socket").next().unwrap();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            if ["serve", "check-config", "example-config", "completions"].contains(&name) {
                continue;
            }
            assert!(orders.contains(name), "{name} is not among: {orders}");
            assert!(example.contains(name), "{name} is not in: {example}");
        }
    }

    #[test]
    fn help_names_what_a_newcomer_needs() {
        let help = Cli::command().render_long_help().to_string();
        for word in [
            "serve",
            "check-config",
            "LATCHKEY_KEY_ENCRYPTION_KEY",
            "Exit codes",
            "example-config",
        ] {
            assert!(help.contains(word), "{word} is not in:\n{help}");
        }
    }
}
