//! A command line read by the rules of cobra and pflag, and in their words where it is wrong.
//!
//! clap's rules differ in many small ways (a value that starts with `-`, `-n=x`, repeated flags, which error comes
//! first). So the line is read here, with clap's tree as the table of what there is, and clap gets it in a form that
//! leaves nothing to decide: every flag as `--name=value`, every other word behind `--`.
//!
//! Sources: cobra `command.go` (`Find`, `stripFlags`), pflag `flag.go` and `errors.go`.

use std::ffi::{OsStr, OsString};

use clap::Command;

use super::flag::{Flag, Kind};
use super::os_bytes::{as_bytes, from_bytes};
use crate::domain::escape_control::escape_control;
use crate::domain::go_quote::go_quoted;

/// A command line that pflag would take.
pub(crate) struct ParsedLine<'a> {
    /// The command and its parents, from the root.
    pub(crate) path: Vec<&'a Command>,
    /// Every flag given, in order, with the value clap is to have; `None` for a bare one.
    pub(crate) flags: Vec<(Flag<'a>, Option<OsString>)>,
    /// The words that are no flags.
    pub(crate) words: Vec<OsString>,
    /// `--help` was given.
    pub(crate) help: bool,
    /// Everything behind `--` is a word.
    pub(crate) ended: bool,
}

/// What is wrong with a line, and for which command.
pub(crate) struct ParseError<'a> {
    /// The command and its parents, from the root.
    pub(crate) path: Vec<&'a Command>,
    /// In pflag's words.
    pub(crate) message: String,
}

impl<'a> ParsedLine<'a> {
    /// Reads what stands behind the program's name.
    pub(crate) fn read(root: &'a Command, argv: &[OsString]) -> Result<Self, ParseError<'a>> {
        let (path, rest) = find_command(root, argv);
        let mut line = Self {
            path,
            flags: Vec::new(),
            words: Vec::new(),
            help: false,
            ended: false,
        };
        let mut rest = rest.into_iter();
        while let Some(word) = rest.next() {
            let bytes = as_bytes(word);
            let read = match &*bytes {
                b"--" => {
                    line.ended = true;
                    line.words.extend(rest.by_ref().cloned());
                    Ok(())
                }
                [b'-', b'-', long @ ..] => line.long(long, &mut rest),
                [b'-', shorthands @ ..] if !shorthands.is_empty() => {
                    line.shorthands(shorthands, &mut rest)
                }
                _ => {
                    line.words.push(word.clone());
                    Ok(())
                }
            };
            if let Err(message) = read {
                return Err(ParseError {
                    path: line.path,
                    message,
                });
            }
        }
        Ok(line)
    }

    /// The command itself.
    pub(crate) fn command(&self) -> &'a Command {
        self.path[self.path.len() - 1]
    }

    /// The line as clap is to read it.
    pub(crate) fn for_clap(&self, program: OsString) -> Vec<OsString> {
        let mut argv = vec![program];
        argv.extend(
            self.path[1..]
                .iter()
                .map(|command| command.get_name().into()),
        );
        argv.extend(self.flags.iter().filter_map(for_clap));
        argv.push("--".into());
        argv.extend(self.words.iter().cloned());
        argv
    }

    /// kubectl's global flags alone, for clap.
    pub(crate) fn global_flags_for_clap(&self, program: OsString) -> Vec<OsString> {
        let global = self.flags.iter().filter(|(flag, _)| flag.is_global());
        std::iter::once(program)
            .chain(global.filter_map(for_clap))
            .collect()
    }

    fn long<'w>(
        &mut self,
        long: &[u8],
        rest: &mut impl Iterator<Item = &'w OsString>,
    ) -> Result<(), String> {
        if matches!(long.first(), None | Some(b'-' | b'=')) {
            return Err(format!("bad flag syntax: --{}", shown(long)));
        }
        let (name, attached) = match long.iter().position(|byte| *byte == b'=') {
            Some(at) => (&long[..at], Some(&long[at + 1..])),
            None => (long, None),
        };
        let text = String::from_utf8_lossy(name);
        if text == "help" {
            return self.help(attached.unwrap_or(b"true"));
        }
        let flag = Flag::named(&self.path, &text)
            .ok_or_else(|| format!("unknown flag: --{}", shown(name)))?;
        let value = match attached {
            Some(value) => Some(from_bytes(value)),
            None if flag.may_be_bare() => None,
            None => match rest.next() {
                Some(value) => Some(value.clone()),
                None => return Err(format!("flag needs an argument: --{}", shown(name))),
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
        while let [letter, tail @ ..] = shorthands {
            let attached = match tail {
                [b'=', value @ ..] if !value.is_empty() => Some(value),
                _ => None,
            };
            let quoted = format!("{:?}", char::from(*letter));
            if *letter == b'h' {
                self.help(attached.unwrap_or(b"true"))?;
                shorthands = if attached.is_some() { &[] } else { tail };
                continue;
            }
            let flag = Flag::lettered(&self.path, char::from(*letter)).ok_or_else(|| {
                format!("unknown shorthand flag: {quoted} in -{}", shown(shorthands))
            })?;
            if attached.is_none() && flag.may_be_bare() {
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
                            shown(shorthands)
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
                let checked = flag.check(&text).map_err(|why| {
                    format!(
                        "invalid argument {} for {:?} flag: {why}",
                        go_quoted(&as_bytes(&value)),
                        flag.in_errors()
                    )
                })?;
                Some(checked.map_or(value.clone(), OsString::from))
            }
        };
        // The last of a repeated flag wins; all of them were checked.
        if flag.kind() != Kind::List {
            self.flags.retain(|(other, _)| other.name() != flag.name());
        }
        self.flags.push((flag, value));
        Ok(())
    }
}

/// A flag as clap is to have it; to clap a switch is there or not.
fn for_clap((flag, value): &(Flag<'_>, Option<OsString>)) -> Option<OsString> {
    let mut word = OsString::from(format!("--{}", flag.name()));
    match (flag.kind(), value) {
        (Kind::Switch, Some(value)) if value == "false" => return None,
        (Kind::Switch, _) | (_, None) => {}
        (_, Some(value)) => {
            word.push("=");
            word.push(value);
        }
    }
    Some(word)
}

/// The command that the first word names, and all other words. Flags may stand before it.
fn find_command<'a, 'w>(
    root: &'a Command,
    argv: &'w [OsString],
) -> (Vec<&'a Command>, Vec<&'w OsString>) {
    let commands = || std::iter::once(root).chain(root.get_subcommands());
    let mut is_value = false;
    for (index, word) in argv.iter().enumerate() {
        if std::mem::take(&mut is_value) {
            continue;
        }
        match &*as_bytes(word) {
            b"--" => break,
            [b'-', b'-', long @ ..] => {
                let name = String::from_utf8_lossy(long);
                let bare = || commands().find_map(|command| Flag::named(&[command], &name));
                is_value = !long.contains(&b'=')
                    && name != "help"
                    && !bare().is_some_and(Flag::may_be_bare);
            }
            [b'-', letter] => {
                let letter = char::from(*letter);
                let bare = || commands().find_map(|command| Flag::lettered(&[command], letter));
                is_value = letter != 'h' && !bare().is_some_and(Flag::may_be_bare);
            }
            [b'-', _, ..] => {}
            _ => {
                let Some(command) = root
                    .get_subcommands()
                    .find(|command| OsStr::new(command.get_name()) == word)
                else {
                    break;
                };
                let rest = argv[..index].iter().chain(&argv[index + 1..]).collect();
                return (vec![root, command], rest);
            }
        }
    }
    (vec![root], argv.iter().collect())
}

fn shown(bytes: &[u8]) -> String {
    escape_control(&String::from_utf8_lossy(bytes)).into_owned()
}

#[cfg(test)]
mod tests;
