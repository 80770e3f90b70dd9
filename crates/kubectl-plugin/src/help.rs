//! Formats the help of a clap command in kubectl's layout.
//!
//! Source: kubectl `util/templates` (`templates.go`, `templater.go`, `help_flags_printer.go`). cobra's `Short` is clap's
//! `about`, `Long` is `long_about`, `Example` is `after_help`, and `Use` without the name is `override_usage`.

use clap::Command;
use clap::builder::StyledStr;

use crate::flag::Flag;
use crate::wrap::Width;

/// The layout of a help page.
#[derive(Clone, Copy, Default)]
pub(crate) struct Page<'a> {
    /// The name typed after `kubectl`, as the texts of the commands contain it.
    pub(crate) plugin: &'a str,
    /// The root command as the user typed it: `kubectl PLUGIN`, or a file name.
    pub(crate) program: &'a str,
    /// The width of the stream that the page is written to.
    pub(crate) width: Width,
    /// The width of standard output, for the flags: kubectl uses it even if it writes the page to standard error.
    pub(crate) flags: Width,
}

/// Returns the full command, from the program to the last command in `path`.
pub(crate) fn command_path(program: &str, path: &[&Command]) -> String {
    let mut words = vec![program];
    words.extend(path.iter().skip(1).map(|command| command.get_name()));
    words.join(" ")
}

impl Page<'_> {
    /// Returns the help of the last command in `path`.
    pub(crate) fn help(self, path: &[&Command]) -> String {
        let Some(command) = path.last() else {
            return String::new();
        };
        let long = text(command.get_long_about().or(command.get_about()));
        let sections = [
            self.examples(command),
            self.subcommands(command),
            self.options(path),
            self.usage(command, path),
            self.tips(command, path),
        ];
        let sections: Vec<_> = sections.into_iter().flatten().collect();
        let long = self.width.wrap(self.with_program_name(&long).trim());
        let rest = self.with_program_name(&sections.join("\n\n"));
        let rest = self.width.wrap(&rest);
        format!("{long}\n\n{rest}")
    }

    /// Returns the output of the `options` command: kubectl's global options.
    pub(crate) fn global_options(self, root: &Command) -> String {
        let flags = self.flags_of(&[root], true);
        let text = format!("The following options can be passed to any command:\n\n{flags}\n");
        self.width.wrap(&text)
    }

    fn examples(self, command: &Command) -> Option<String> {
        let examples = text(command.get_after_help());
        let lines: Vec<_> = examples
            .trim()
            .lines()
            .map(|line| format!("  {line}"))
            .collect();
        (!examples.is_empty()).then(|| format!("Examples:\n{}", lines.join("\n")))
    }

    fn subcommands(self, command: &Command) -> Option<String> {
        let mut visible: Vec<_> = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .collect();
        visible.sort_by_key(|command| command.get_name());
        let width = visible
            .iter()
            .map(|command| command.get_name().len())
            .max()?;
        let line = |command: &&Command| {
            format!(
                "\n  {:width$}   {}",
                command.get_name(),
                text(command.get_about())
            )
        };
        Some(format!(
            "Available Commands:{}",
            visible.iter().map(line).collect::<String>()
        ))
    }

    /// Returns the command's own flags, followed by the global ones for a root without an `options` command.
    fn options(self, path: &[&Command]) -> Option<String> {
        let own = self.flags_of(path, false);
        if own.is_empty() {
            return None;
        }
        let own = format!("Options:\n{}", own.trim_end());
        if !matches!(path, [root] if !root.has_subcommands()) {
            return Some(own);
        }
        let global = self.flags_of(path, true);
        Some(format!(
            "{own}\n\nConnection Options:\n{}",
            global.trim_end()
        ))
    }

    fn flags_of(self, path: &[&Command], global: bool) -> String {
        let visible = Flag::all(path)
            .into_iter()
            .filter(|flag| !flag.is_hidden() && flag.is_global() == global);
        visible.map(|flag| self.flag(flag)).collect()
    }

    fn flag(self, flag: Flag<'_>) -> String {
        let shorthand = flag
            .shorthand()
            .map(|shorthand| format!("-{shorthand}, "))
            .unwrap_or_default();
        let usage = self.flags.of_flags().wrap(&flag.usage());
        format!(
            "    {shorthand}--{}={}:\n\t{}\n\n",
            flag.name(),
            flag.default(),
            usage.replace('\n', "\n\t")
        )
    }

    fn usage(self, command: &Command, path: &[&Command]) -> Option<String> {
        let mut line = command_path(self.program, path);
        let rest = text(command.get_overridden_usage());
        for word in [rest.trim(), "[options]"] {
            if !word.is_empty() {
                line.push(' ');
                line.push_str(word);
            }
        }
        Some(format!("Usage:\n  {line}"))
    }

    fn tips(self, command: &Command, path: &[&Command]) -> Option<String> {
        let mut tips = Vec::new();
        if command.has_subcommands() {
            let path = command_path(self.program, path);
            tips.push(format!(
                "Use \"{path} <command> --help\" for more information about a given command."
            ));
        }
        if path.first().is_some_and(|root| root.has_subcommands()) {
            tips.push(format!(
                "Use \"{} options\" for a list of global command-line options (applies to all commands).",
                self.program
            ));
        }
        (!tips.is_empty()).then(|| tips.join("\n"))
    }

    /// Replaces `kubectl PLUGIN` by the file name `kubectl-PLUGIN` if a file was called directly.
    fn with_program_name(self, text: &str) -> String {
        if self.program.starts_with("kubectl-") {
            let typed = format!("kubectl {}", self.plugin);
            text.replace(&typed, &format!("kubectl-{}", self.plugin))
        } else {
            text.to_owned()
        }
    }
}

fn text(styled: Option<&StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}
