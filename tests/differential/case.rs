//! The definition of a test case. Kubeconfigs, flags, variables, files and expectations can contain the placeholders that
//! `fixture` replaces, such as `{SERVER}`.

use crate::servers::{Behaviour, Issuer};

/// One row of the test table.
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
    pub(crate) expected: Expected,
    pub(crate) declared_difference: Option<DeclaredDifference>,
}

/// The pair of commands to run: one of kubectl and one of the plugins that sends the same requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Reads the ServiceAccount `default`.
    Read,
    /// Reads the ServiceAccount and patches it.
    Patch,
    /// Creates a Secret, which sends a key.
    Create,
}

/// The expected result of a run. A field that is `None` is not checked, only compared between kubectl and the plugin.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    /// The accesses to servers and proxies; see `servers` for their format.
    pub(crate) reached: Option<Vec<String>>,
    /// Standard error, normalised by `observation`.
    pub(crate) stderr: Option<String>,
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// `Warning:` lines.
    pub(crate) warnings: Option<Vec<String>>,
    /// The files that the run changes, creates or removes.
    pub(crate) changed_files: Option<Vec<String>>,
}

/// A difference between kubectl and the plugin that is deliberate.
pub(crate) struct DeclaredDifference {
    /// The sentence of `docs/kubectl-differences.md` that declares the difference.
    pub(crate) reason: &'static str,
    pub(crate) expected: Expected,
}

/// Returns a case with this name, without a kubeconfig, whose server behaves correctly.
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
        expected: Expected::default(),
        declared_difference: None,
    }
}

impl Case {
    /// Sets the kubeconfig. It is written to `{WORK}/kubeconfig`, to which KUBECONFIG points.
    pub(crate) fn kubeconfig(mut self, text: impl Into<String>) -> Self {
        self.kubeconfig = Some(text.into());
        self
    }

    /// Sets a kubeconfig with these cluster and user settings, in YAML flow style without the braces.
    pub(crate) fn cluster_and_user(self, cluster: &str, user: &str) -> Self {
        self.kubeconfig(kubeconfig(cluster, user))
    }

    /// Sets a kubeconfig with the case's server, its CA and these user settings.
    pub(crate) fn user(self, user: &str) -> Self {
        self.cluster_and_user("server: '{SERVER}', certificate-authority-data: {CA}", user)
    }

    /// Sets the usual kubeconfig: the case's server, its CA and the token `good`.
    pub(crate) fn usual(self) -> Self {
        self.user("token: good")
    }

    /// Adds connection flags to both commands.
    pub(crate) fn flags<const N: usize>(mut self, flags: [&str; N]) -> Self {
        self.flags.extend(flags.map(String::from));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Adds a file, relative to the work directory.
    pub(crate) fn file(mut self, path: &'static str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push((path, text.into()));
        self
    }

    /// Adds a shell script on PATH. Each start adds a line to the file `starts`.
    pub(crate) fn script(mut self, name: &'static str, body: impl Into<String>) -> Self {
        self.scripts.push((name, body.into()));
        self
    }

    /// Sets the behaviour of the server.
    pub(crate) fn server(mut self, behaviour: impl Into<Behaviour>) -> Self {
        self.behaviour = behaviour.into();
        self
    }

    /// Adds an OpenID Connect issuer, at `{ISSUER}`.
    pub(crate) fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// Sets the pair of commands; the default is [`Command::Read`].
    pub(crate) fn command(mut self, command: Command) -> Self {
        self.command = command;
        self
    }

    /// Expects success and that only the server is reached, with this identity.
    pub(crate) fn reaches(self, user: &str) -> Self {
        self.reaches_exactly([&format!("server as {user}")])
    }

    /// Expects success and exactly these accesses. After an expected error, only the accesses.
    pub(crate) fn reaches_exactly<const N: usize>(mut self, reached: [&str; N]) -> Self {
        let expected = self.current_expectation();
        expected.reached = Some(reached.map(String::from).to_vec());
        expected.stderr.get_or_insert_default();
        expected.code.get_or_insert(0);
        self
    }

    /// Expects this text on standard error and exit code 1; after [`Case::reaches`], exit code 0.
    pub(crate) fn reports(mut self, line: &str) -> Self {
        let expected = self.current_expectation();
        expected.stderr = Some(line.into());
        expected.code.get_or_insert(1);
        self
    }

    /// Expects exit code 1 and does not check the error, whose words depend on the machine.
    pub(crate) fn fails(mut self) -> Self {
        self.current_expectation().code = Some(1);
        self
    }

    /// Expects exactly these warnings.
    pub(crate) fn warns<const N: usize>(mut self, lines: [&str; N]) -> Self {
        self.current_expectation().warnings = Some(lines.map(String::from).to_vec());
        self
    }

    /// Expects that the run changes, creates or removes exactly these files of the work directory.
    pub(crate) fn writes<const N: usize>(mut self, files: [&str; N]) -> Self {
        self.current_expectation().changed_files = Some(files.map(String::from).to_vec());
        self
    }

    /// Declares a deliberate difference. The expectations that follow are those of the plugin.
    pub(crate) fn but_plugin(mut self, reason: &'static str) -> Self {
        self.declared_difference = Some(DeclaredDifference {
            reason,
            expected: Expected::default(),
        });
        self
    }

    fn current_expectation(&mut self) -> &mut Expected {
        match &mut self.declared_difference {
            Some(declared_difference) => &mut declared_difference.expected,
            None => &mut self.expected,
        }
    }
}

/// Returns a kubeconfig with one cluster, user and context.
pub(crate) fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters:\n- name: k\n  cluster: {{{cluster}}}\n\
         users:\n- name: u\n  user: {{{user}}}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\n"
    )
}
