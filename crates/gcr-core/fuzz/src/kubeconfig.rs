//! Reads a kubeconfig and makes a connection of it, which sends nothing. Messages about a file are safe to print and quote
//! nothing of it that is longer than a name.

use std::fs;
use std::path::Path;

use gcr_core::connection::environment::Environment;
use gcr_core::connection::{ConnectionOptions, Kubeconfig};

/// The longest name, in its quotes: a file of JSON has them too.
const NAME: usize = 253 + 2;

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
    let connection = read?.connection(&ConnectionOptions::default());
    let connection = connection.map_err(|error| error.to_string())?;
    assert!(!connection.server.is_empty());
    Ok((connection.server, connection.namespace))
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
