//! Fuzzes the kubeconfig loader.
#![no_main]

use std::sync::LazyLock;

use kube_clientcmd_fuzz::kubeconfig;
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

static FILE: LazyLock<NamedTempFile> =
    LazyLock::new(|| NamedTempFile::new().expect("create a temporary file"));

fuzz_target!(|input: &[u8]| kubeconfig::check(input, FILE.path()));
