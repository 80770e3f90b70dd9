//! Google's own Go clients and the discovery documents that come with them, from `tests/google-clients`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::checkout::google_clients_module;
use crate::error::{Error, Result};
use crate::go_module::{GoModule, required_version};

const API_MODULE: &str = "google.golang.org/api";

/// Returns the program, building it on first use.
///
/// # Errors
/// Go is missing or too old, the disk has too little free space, or the build failed (with Go's output).
pub fn program() -> Result<&'static PathBuf> {
    static FOUND: OnceLock<Result<PathBuf>> = OnceLock::new();
    let build = || {
        let directory = google_clients_module();
        let version = required_version(&directory, API_MODULE)?;
        let module = GoModule {
            name: "google clients",
            linker_flags: "-s -w".into(),
            directory,
            packages: &["."],
            version,
        };
        Ok(module.build()?.join("google-clients"))
    };
    FOUND.get_or_init(build).as_ref().map_err(Clone::clone)
}

/// Returns the directory with the sources of Google's clients, in Go's module cache. It contains a discovery document for
/// each API: `iam/v1/iam-api.json`.
///
/// # Errors
/// Go is missing, or cannot download the module.
pub fn discovery_directory() -> Result<PathBuf> {
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", API_MODULE])
        .current_dir(google_clients_module());
    let output = go
        .output()
        .map_err(|error| Error::during("go mod download", error))?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    answer["Dir"].as_str().map(PathBuf::from).ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Error::new(format!("go mod download {API_MODULE} failed\n{errors}"))
    })
}
