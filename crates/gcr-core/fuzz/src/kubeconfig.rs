//! A kubeconfig: read, and made into a connection that sends nothing. What is said of a file is safe to print and repeats
//! no more of it than a name, and both parsers read the same.

use std::fs;
use std::path::Path;

use gcr_core::connection::environment::Environment;
use gcr_core::connection::{ConnectionOptions, Kubeconfig};

/// The longest name, in its quotes: a file of JSON has them too.
const NAME: usize = 253 + 2;
/// A line in front of a file that means nothing, and that the quick parser does not know.
const MARK: &str = "\t#\n";

/// Reads the input, for which it is written into the file `at`.
pub fn check(input: &[u8], at: &Path) {
    let read = load(input, at);
    if let Err(said) = &read {
        assert_eq!(repeated(said, input), None, "{said}");
    }
    let connected = connect(read);
    if let Err(said) = &connected {
        let acts = |it: char| it.is_control() && it != '\n';
        assert!(!said.contains(acts), "{said:?}");
    }
    // What the general parser refuses has been through it already.
    let is_refused = |said: &String| said.contains("yaml: line");
    if !connected.as_ref().is_err_and(is_refused)
        && let Some(marked) = marked(input)
    {
        assert_eq!(connected, connect(load(marked.as_bytes(), at)));
    }
}

fn options(at: &Path) -> ConnectionOptions {
    ConnectionOptions {
        kubeconfig: Some(at.to_owned()),
        ..ConnectionOptions::default()
    }
}

fn load(input: &[u8], at: &Path) -> Result<Kubeconfig, String> {
    fs::write(at, input).expect("the file can be written");
    Kubeconfig::load(&options(at), Environment::of(&[]))
}

/// Where it leads, and into which namespace.
fn connect(read: Result<Kubeconfig, String>) -> Result<(String, Option<String>), String> {
    let connection = read?.connection(&ConnectionOptions::default())?;
    assert!(!connection.server.is_empty());
    Ok((connection.server, connection.namespace))
}

/// The same kubeconfig for the general parser, where the quick one might read it.
fn marked(input: &[u8]) -> Option<String> {
    let text = str::from_utf8(input).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Control characters in a comment are refused by the general one only, which does no harm.
    let is_control = |it: char| it.is_control() && it != '\n' && it != '\r';
    let is_plain =
        !text.contains(['&', '*', '|', '>', '!', '%', '\\']) && !text.contains(is_control);
    let is_first = |line: &str| !line.starts_with("---") && !line.starts_with("...");
    (is_plain && text.lines().all(is_first)).then(|| format!("{MARK}{text}"))
}

/// A piece of what is said that is in the input and longer than a name.
fn repeated<'a>(said: &'a str, input: &[u8]) -> Option<&'a str> {
    let text = str::from_utf8(input).ok()?;
    let starts: Vec<usize> = said.char_indices().map(|(at, _)| at).collect();
    let windows = starts.windows(NAME + 2);
    windows
        .map(|window| &said[window[0]..window[NAME + 1]])
        .find(|piece| text.contains(piece))
}
