//! Checks the kubeconfig loader: loads a file and builds a connection without using it. Messages are safe to print, and quote
//! no part of the file that is longer than a name.

use std::fs;
use std::path::Path;

use kube_clientcmd::{ConnectionOptions, Environment, Kubeconfig};

/// The maximum length of a quoted name. The quotes count, because they also occur in JSON files.
const NAME: usize = 253 + 2;

/// Writes the input to the file `path`, loads it, and checks the result.
pub fn check(input: &[u8], path: &Path) {
    let kubeconfig = load(input, path);
    if let Err(message) = &kubeconfig {
        assert_eq!(quoted_part(message, input), None, "{message}");
    }
    if let Err(message) = &connect(kubeconfig) {
        let is_unsafe = |character: char| character.is_control() && character != '\n';
        assert!(!message.contains(is_unsafe), "{message:?}");
    }
}

fn options(path: &Path) -> ConnectionOptions {
    ConnectionOptions {
        kubeconfig: Some(path.to_owned()),
        ..ConnectionOptions::default()
    }
}

fn load(input: &[u8], path: &Path) -> Result<Kubeconfig, String> {
    fs::write(path, input).expect("write the kubeconfig");
    Kubeconfig::load(&options(path), Environment::of(&[])).map_err(|error| error.kubectl_line())
}

/// Returns the server and the namespace of the connection.
fn connect(kubeconfig: Result<Kubeconfig, String>) -> Result<(String, Option<String>), String> {
    let connection = kubeconfig?.connection(&ConnectionOptions::default());
    let connection = connection.map_err(|error| error.kubectl_line())?;
    assert!(!connection.server.is_empty());
    Ok((connection.server, connection.namespace))
}

/// Returns a part of the message that also occurs in the input and is longer than a name.
fn quoted_part<'a>(message: &'a str, input: &[u8]) -> Option<&'a str> {
    let text = str::from_utf8(input).ok()?;
    let starts: Vec<usize> = message.char_indices().map(|(at, _)| at).collect();
    let windows = starts.windows(NAME + 2);
    windows
        .map(|window| &message[window[0]..window[NAME + 1]])
        .find(|part| text.contains(part))
}
