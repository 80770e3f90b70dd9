//! Fuzzes kubelet's keyring: images, keys and Docker configs.
#![no_main]

use gcr_google_fuzz::keyring;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| keyring::check(input));
