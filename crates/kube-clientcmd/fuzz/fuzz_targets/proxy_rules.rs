//! Fuzzes proxy selection.
#![no_main]

use kube_clientcmd_fuzz::proxy_rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| proxy_rules::check(input));
