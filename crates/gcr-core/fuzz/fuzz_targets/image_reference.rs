//! Fuzzes the parser of image references.
#![no_main]

use gcr_core_fuzz::image_reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| image_reference::check(input));
