//! What a case can say. Text of kubeconfigs, flags, variables, files and expectations may hold the placeholders that
//! `setting` fills in, as `{SERVER}`.

use crate::servers::{Behaviour, Issuer};

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) kubeconfig: Option<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) environment: Vec<(&'static str, &'static str)>,
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) scripts: Vec<(&'static str, String)>,
    pub(crate) behaviour: Behaviour,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) command: Command,
    pub(crate) wanted: Wanted,
    pub(crate) deliberate: Option<Deliberate>,
}

/// What is typed: kubectl's command and the one of ours that asks the same of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Reads the ServiceAccount `default`.
    Read,
    /// Reads it and patches it.
    Patch,
    /// Creates a Secret: this one sends a key.
    Create,
}

/// What a run must come to. What is not said is only compared.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// Who is reached, as whom: see `evidence`.
    pub(crate) reached: Option<Vec<String>>,
    /// Standard error, less what `evidence` leaves out.
    pub(crate) said: Option<String>,
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// `Warning:` lines.
    pub(crate) warned: Option<Vec<String>>,
    /// The files that are changed, made or removed.
    pub(crate) wrote: Option<Vec<String>>,
}

/// That ours is to differ.
pub(crate) struct Deliberate {
    /// A sentence of `docs/kubectl-differences.md`, word for word.
    pub(crate) reason: &'static str,
    pub(crate) wanted: Wanted,
}

/// A case of this name: without a kubeconfig, in front of a server that does what it should.
pub(crate) fn case(name: &'static str) -> Case {
    Case {
        name,
        kubeconfig: None,
        flags: Vec::new(),
        environment: Vec::new(),
        files: Vec::new(),
        scripts: Vec::new(),
        behaviour: Behaviour::default(),
        issuer: None,
        command: Command::Read,
        wanted: Wanted::default(),
        deliberate: None,
    }
}

impl Case {
    /// The kubeconfig, at `{WORK}/kubeconfig`, which KUBECONFIG names.
    pub(crate) fn kubeconfig(mut self, text: impl Into<String>) -> Self {
        self.kubeconfig = Some(text.into());
        self
    }

    /// A kubeconfig with these settings of its cluster and its user, in YAML's short form without the braces.
    pub(crate) fn cluster_and_user(self, cluster: &str, user: &str) -> Self {
        self.kubeconfig(kubeconfig(cluster, user))
    }

    /// The good server and its CA, with these settings of the user.
    pub(crate) fn user(self, user: &str) -> Self {
        self.cluster_and_user("server: '{SERVER}', certificate-authority-data: {CA}", user)
    }

    /// The usual kubeconfig: the good server, its CA, a token.
    pub(crate) fn usual(self) -> Self {
        self.user("token: good")
    }

    /// Flags of the connection, for both.
    pub(crate) fn flags<const N: usize>(mut self, flags: [&str; N]) -> Self {
        self.flags.extend(flags.map(String::from));
        self
    }

    /// A variable of the environment.
    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// A file, relative to the work directory.
    pub(crate) fn file(mut self, path: &'static str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push((path, text.into()));
        self
    }

    /// A shell script on PATH that notes each of its starts.
    pub(crate) fn script(mut self, name: &'static str, body: impl Into<String>) -> Self {
        self.scripts.push((name, body.into()));
        self
    }

    /// What the server does.
    pub(crate) fn server(mut self, behaviour: impl Into<Behaviour>) -> Self {
        self.behaviour = behaviour.into();
        self
    }

    /// An OpenID Connect issuer, at `{ISSUER}`.
    pub(crate) fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// What is typed, where it is not a reading command.
    pub(crate) fn command(mut self, command: Command) -> Self {
        self.command = command;
        self
    }

    /// The server, and nobody else, is reached as this user, and all is well.
    pub(crate) fn reaches(self, user: &str) -> Self {
        self.sees([&format!("server as {user}")])
    }

    /// Exactly these are reached, and all is well.
    pub(crate) fn sees<const N: usize>(mut self, reached: [&str; N]) -> Self {
        let wanted = self.latest();
        wanted.reached = Some(reached.map(String::from).to_vec());
        wanted.said.get_or_insert_default();
        wanted.code.get_or_insert(0);
        self
    }

    /// The error; exit code 1. After [`Case::reaches`], what is said although all is well.
    pub(crate) fn says(mut self, line: &str) -> Self {
        let wanted = self.latest();
        wanted.said = Some(line.into());
        wanted.code.get_or_insert(1);
        self
    }

    /// An error in words that differ from machine to machine; exit code 1.
    pub(crate) fn fails(mut self) -> Self {
        self.latest().code = Some(1);
        self
    }

    /// The warnings.
    pub(crate) fn warns<const N: usize>(mut self, lines: [&str; N]) -> Self {
        self.latest().warned = Some(lines.map(String::from).to_vec());
        self
    }

    /// The files of the work directory that are changed, made or removed, and no others.
    pub(crate) fn writes<const N: usize>(mut self, files: [&str; N]) -> Self {
        self.latest().wrote = Some(files.map(String::from).to_vec());
        self
    }

    /// Ours differs, for this reason; what follows is what ours does.
    pub(crate) fn but_ours(mut self, reason: &'static str) -> Self {
        self.deliberate = Some(Deliberate {
            reason,
            wanted: Wanted::default(),
        });
        self
    }

    fn latest(&mut self) -> &mut Wanted {
        match &mut self.deliberate {
            Some(deliberate) => &mut deliberate.wanted,
            None => &mut self.wanted,
        }
    }
}

/// A kubeconfig with one cluster, user and context.
pub(crate) fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters:\n- name: k\n  cluster: {{{cluster}}}\n\
         users:\n- name: u\n  user: {{{user}}}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\n"
    )
}
