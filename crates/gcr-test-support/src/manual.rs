//! Generates the manual pages, one per command, that releases ship, and compares them with the files in `man/`.
//! clap_mangen makes them from the same clap tree that parses the command line, so both always agree;
//! `UPDATE_SNAPSHOTS=1 cargo test manual` rewrites the files.

use clap::Command;
use clap_mangen::Man;

use crate::error::{Error, Result};
use crate::snapshot::assert_snapshot;

/// Asserts that `man/` holds the pages of this command and its subcommands. The name of `root` is the plugin's file
/// name, for example `kubectl-gcr-secret`.
///
/// # Panics
/// A page differs.
#[track_caller]
pub fn assert_manual(root: Command) {
    let name = root.get_name().to_owned();
    let mut root = root
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true);
    // Propagates the global connection flags to the subcommands.
    root.build();
    assert_page(&root, &name, &typed(&name));
    for command in root.get_subcommands().filter(|it| !it.is_hide_set()) {
        let word = command.get_name();
        let (name, typed) = (format!("{name}-{word}"), format!("{} {word}", typed(&name)));
        assert_page(command, &name, &typed);
    }
}

/// Returns the command as typed: `kubectl gcr-secret` for `kubectl-gcr-secret`.
fn typed(name: &str) -> String {
    name.replacen('-', " ", 1)
}

#[track_caller]
fn assert_page(command: &Command, name: &str, typed: &str) {
    let page = page(command, name, typed).unwrap_or_else(|error| panic!("{error}"));
    assert_snapshot(&format!("man/{name}.1"), &page);
}

fn page(command: &Command, name: &str, typed: &str) -> Result<String> {
    let usage = command.get_overridden_usage().map(ToString::to_string);
    let words = [Some(typed), usage.as_deref(), Some("[options]")];
    let usage = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let examples = command.get_after_help().map(ToString::to_string);
    let command = command
        .clone()
        .display_name(name)
        .override_usage(usage)
        // List the global connection flags after the command's own flags.
        .mut_args(|arg| {
            let order = usize::from(arg.is_global_set());
            arg.display_order(order)
        });
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command)
        .title(name)
        // No date and no version: a page changes only when the command does.
        .date("")
        .source("")
        .manual("kubectl plugins");
    let mut page = Vec::new();
    man.render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| match has_subcommands {
            true => man.render_subcommands_section(&mut page),
            false => Ok(()),
        })
        .map_err(|error| Error::during(name, error))?;
    let mut page = String::from_utf8(page).map_err(|error| Error::during(name, error))?;
    page.extend(examples.map(|text| section("EXAMPLES", &text)));
    Ok(page)
}

/// Returns a section whose lines are not reformatted.
fn section(title: &str, text: &str) -> String {
    let mut section = format!(".SH {title}\n.nf\n");
    for line in text.trim().lines() {
        // roff treats `.` or `'` at the start of a line, and anything after a backslash, as a request.
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        let guard = if line.starts_with(['.', '\'']) {
            "\\&"
        } else {
            ""
        };
        section.push_str(&format!("{guard}{line}\n"));
    }
    section.push_str(".fi\n");
    section
}
