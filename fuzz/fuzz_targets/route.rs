//! Any message and any override file: both are read without a panic.

#![no_main]

use aios_route::{apply_override, count, score};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    assert!(count(text).n_bytes <= text.len());
    assert!(score(text).raw.is_finite());
    let split = aios_core::Split {
        treatment_pct: aios_core::Percent::new(10.0).expect("10 is a percentage"),
        control_boundary: aios_core::BOUNDARY_DEFAULT,
        treatment_boundary: aios_core::BOUNDARY_DEFAULT,
        adaptive: true,
        frozen: false,
        origin: "fuzz".to_owned(),
    };
    drop(apply_override(&split, text));
});
