//! Manual pages, one a command, as files in `man/` that releases hold. Made by clap_mangen from the tree that is parsed
//! with, so that they cannot say anything else; `UPDATE_SNAPSHOTS=1 cargo test manual` writes them anew.

use clap::Command;
use clap_mangen::Man;

use crate::error::{Error, Result};
use crate::snapshot::assert_snapshot;

/// Asserts that `man/` holds the pages of this command and of what stands below it. The name of `root` is the file name
/// of a plugin, as `kubectl-gcr-secret`.
///
/// # Panics
/// It holds another page.
#[track_caller]
pub fn assert_manual(root: Command) {
    let name = root.get_name().to_owned();
    let mut root = root
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true);
    // Hands the connection's flags down.
    root.build();
    assert_page(&root, &name, &typed(&name));
    for command in root.get_subcommands().filter(|it| !it.is_hide_set()) {
        let word = command.get_name();
        let (name, typed) = (format!("{name}-{word}"), format!("{} {word}", typed(&name)));
        assert_page(command, &name, &typed);
    }
}

/// `kubectl gcr-secret` for `kubectl-gcr-secret`.
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
        // The connection's behind the command's own.
        .mut_args(|arg| {
            let order = usize::from(arg.is_global_set());
            arg.display_order(order)
        });
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command)
        .title(name)
        // Neither day nor version: a page changes when the command does.
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

/// A section of lines that stay as they are.
fn section(title: &str, text: &str) -> String {
    let mut section = format!(".SH {title}\n.nf\n");
    for line in text.trim().lines() {
        // A control character of roff at the beginning, or anything after a backslash, would be an order.
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
