//! Parses a command line by the rules of cobra and pflag, with their error messages.
//!
//! clap's rules differ in many small ways (a value that starts with `-`, `-n=x`, repeated flags, the order of errors).
//! This module therefore parses the line itself, using clap's tree only as the list of commands and flags. clap then
//! receives an unambiguous form: every flag as `--name=value`, and every positional argument after `--`.
//!
//! Sources: cobra `command.go` (`Find`, `stripFlags`), pflag `flag.go` and `errors.go`.

use std::ffi::{OsStr, OsString};

use clap::Command;

use crate::flag::{Flag, Kind};
use crate::os_bytes::{as_bytes, from_bytes};
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::quote::go_quoted;

/// A command line that pflag accepts.
pub(crate) struct ParsedLine<'a> {
    /// The command and its parents, from the root.
    pub(crate) path: Vec<&'a Command>,
    /// The flags given, in order, with the values for clap; `None` for a flag without a value.
    pub(crate) flags: Vec<(Flag<'a>, Option<OsString>)>,
    /// The positional arguments.
    pub(crate) positionals: Vec<OsString>,
    /// Whether `--help` was given.
    pub(crate) help: bool,
    /// Whether `--` was given: all later arguments are positional.
    pub(crate) has_separator: bool,
}

/// The error of a command line, and the command that it belongs to.
pub(crate) struct ParseError<'a> {
    /// The command and its parents, from the root.
    pub(crate) path: Vec<&'a Command>,
    /// pflag's message.
    pub(crate) message: String,
}

impl<'a> ParsedLine<'a> {
    /// Parses the arguments after the program name.
    pub(crate) fn parse(root: &'a Command, argv: &[OsString]) -> Result<Self, ParseError<'a>> {
        let (path, rest) = find_command(root, argv);
        let mut line = Self {
            path,
            flags: Vec::new(),
            positionals: Vec::new(),
            help: false,
            has_separator: false,
        };
        let mut rest = rest.into_iter();
        while let Some(arg) = rest.next() {
            let bytes = as_bytes(arg);
            let parsed = match &*bytes {
                b"--" => {
                    line.has_separator = true;
                    line.positionals.extend(rest.by_ref().cloned());
                    Ok(())
                }
                [b'-', b'-', long @ ..] => line.long(long, &mut rest),
                [b'-', shorthands @ ..] if !shorthands.is_empty() => {
                    line.shorthands(shorthands, &mut rest)
                }
                _ => {
                    line.positionals.push(arg.clone());
                    Ok(())
                }
            };
            if let Err(message) = parsed {
                return Err(ParseError {
                    path: line.path,
                    message,
                });
            }
        }
        Ok(line)
    }

    /// Returns the command to run.
    pub(crate) fn command(&self) -> &'a Command {
        self.path[self.path.len() - 1]
    }

    /// Returns the line in the form for clap.
    pub(crate) fn for_clap(&self, program: OsString) -> Vec<OsString> {
        let mut argv = vec![program];
        argv.extend(
            self.path[1..]
                .iter()
                .map(|command| command.get_name().into()),
        );
        argv.extend(self.flags_for_clap(|_| true));
        argv.push("--".into());
        argv.extend(self.positionals.iter().cloned());
        argv
    }

    /// Returns the selected flags, in the form for clap.
    pub(crate) fn flags_for_clap(&self, is_selected: impl Fn(Flag<'_>) -> bool) -> Vec<OsString> {
        let selected = self.flags.iter().filter(|(flag, _)| is_selected(*flag));
        selected.filter_map(for_clap).collect()
    }

    fn long<'w>(
        &mut self,
        long: &[u8],
        rest: &mut impl Iterator<Item = &'w OsString>,
    ) -> Result<(), String> {
        if matches!(long.first(), None | Some(b'-' | b'=')) {
            return Err(format!("bad flag syntax: --{}", escaped(long)));
        }
        let (name, attached) = match long.iter().position(|byte| *byte == b'=') {
            Some(at) => (&long[..at], Some(&long[at + 1..])),
            None => (long, None),
        };
        let text = String::from_utf8_lossy(name);
        if text == "help" {
            return self.help(attached.unwrap_or(b"true"));
        }
        let flag = Flag::by_name(&self.path, &text)
            .ok_or_else(|| format!("unknown flag: --{}", escaped(name)))?;
        let value = match attached {
            Some(value) => Some(from_bytes(value)),
            None if flag.has_optional_value() => None,
            None => match rest.next() {
                Some(value) => Some(value.clone()),
                None => return Err(format!("flag needs an argument: --{}", escaped(name))),
            },
        };
        self.set(flag, value)
    }

    fn shorthands<'w>(
        &mut self,
        shorthands: &[u8],
        rest: &mut impl Iterator<Item = &'w OsString>,
    ) -> Result<(), String> {
        let mut shorthands = shorthands;
        while let [shorthand, tail @ ..] = shorthands {
            let attached = match tail {
                [b'=', value @ ..] if !value.is_empty() => Some(value),
                _ => None,
            };
            let quoted = format!("{:?}", char::from(*shorthand));
            if *shorthand == b'h' {
                self.help(attached.unwrap_or(b"true"))?;
                shorthands = if attached.is_some() { &[] } else { tail };
                continue;
            }
            let flag = Flag::by_shorthand(&self.path, char::from(*shorthand)).ok_or_else(|| {
                format!(
                    "unknown shorthand flag: {quoted} in -{}",
                    escaped(shorthands)
                )
            })?;
            if attached.is_none() && flag.has_optional_value() {
                self.set(flag, None)?;
                shorthands = tail;
                continue;
            }
            let value = match (attached, tail) {
                (Some(value), _) => from_bytes(value),
                (None, [_, ..]) => from_bytes(tail),
                (None, []) => match rest.next() {
                    Some(value) => value.clone(),
                    None => {
                        return Err(format!(
                            "flag needs an argument: {quoted} in -{}",
                            escaped(shorthands)
                        ));
                    }
                },
            };
            return self.set(flag, Some(value));
        }
        Ok(())
    }

    fn help(&mut self, value: &[u8]) -> Result<(), String> {
        self.help = match value {
            b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => true,
            b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => false,
            _ => {
                let value = go_quoted(value);
                return Err(format!(
                    "invalid argument {value} for \"-h, --help\" flag: strconv.ParseBool: parsing {value}: invalid syntax"
                ));
            }
        };
        Ok(())
    }

    fn set(&mut self, flag: Flag<'a>, value: Option<OsString>) -> Result<(), String> {
        let value = match value {
            None => None,
            Some(value) => {
                let text = value.to_string_lossy();
                let canonical = flag.check(&text).map_err(|reason| {
                    format!(
                        "invalid argument {} for {:?} flag: {reason}",
                        go_quoted(&as_bytes(&value)),
                        flag.error_name()
                    )
                })?;
                Some(canonical.map_or(value.clone(), OsString::from))
            }
        };
        // The last value of a repeated flag wins, but pflag validates all of them.
        if flag.kind() != Kind::List {
            self.flags.retain(|(other, _)| other.name() != flag.name());
        }
        self.flags.push((flag, value));
        Ok(())
    }
}

/// Returns the argument for clap, or `None` for a false boolean: clap's boolean flags take no value, unless their default is true.
fn for_clap((flag, value): &(Flag<'_>, Option<OsString>)) -> Option<OsString> {
    let mut arg = OsString::from(format!("--{}", flag.name()));
    match (flag.kind(), value) {
        (Kind::Bool, Some(value)) if value == "false" && !flag.takes_value() => return None,
        (Kind::Bool, _) if !flag.takes_value() => {}
        (_, None) => {}
        (_, Some(value)) => {
            arg.push("=");
            arg.push(value);
        }
    }
    Some(arg)
}

/// Returns the path to the command that the first positional argument names, and all other arguments.
fn find_command<'a, 'w>(
    root: &'a Command,
    argv: &'w [OsString],
) -> (Vec<&'a Command>, Vec<&'w OsString>) {
    match command_index(root, argv) {
        Some((index, command)) => {
            let rest = argv[..index].iter().chain(&argv[index + 1..]).collect();
            (vec![root, command], rest)
        }
        None => (vec![root], argv.iter().collect()),
    }
}

/// Returns the index of the first positional argument, if it names a command, and the command. Flags may precede it.
pub(crate) fn command_index<'a>(
    root: &'a Command,
    argv: &[OsString],
) -> Option<(usize, &'a Command)> {
    let commands = || std::iter::once(root).chain(root.get_subcommands());
    let mut is_value = false;
    for (index, arg) in argv.iter().enumerate() {
        if std::mem::take(&mut is_value) {
            continue;
        }
        match &*as_bytes(arg) {
            b"--" => break,
            [b'-', b'-', long @ ..] => {
                let name = String::from_utf8_lossy(long);
                let flag = || commands().find_map(|command| Flag::by_name(&[command], &name));
                is_value = !long.contains(&b'=')
                    && name != "help"
                    && !flag().is_some_and(Flag::has_optional_value);
            }
            [b'-', shorthand] => {
                let shorthand = char::from(*shorthand);
                let flag =
                    || commands().find_map(|command| Flag::by_shorthand(&[command], shorthand));
                is_value = shorthand != 'h' && !flag().is_some_and(Flag::has_optional_value);
            }
            [b'-', _, ..] => {}
            _ => {
                let mut commands = root.get_subcommands();
                let command = commands.find(|command| OsStr::new(command.get_name()) == arg)?;
                return Some((index, command));
            }
        }
    }
    None
}

fn escaped(bytes: &[u8]) -> String {
    escape_control(&String::from_utf8_lossy(bytes)).into_owned()
}

#[cfg(test)]
mod tests;
