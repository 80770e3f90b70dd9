//! Fuzzes the parser of Go durations.
#![no_main]

use kube_clientcmd_fuzz::duration;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| duration::check(input));
