//! A bounded random run of the fuzz targets for lines and redaction.

#[path = "../../../fuzz/src/document.rs"]
mod document;
#[path = "../../../fuzz/src/log.rs"]
mod log;
#[path = "../../../fuzz/src/redact.rs"]
mod redact;

use proptest::prelude::*;

/// Bytes like those that a fuzzer arrives at: pieces of secrets and of JSON.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "password",
        "\":\"",
        "\\",
        "\\\\\"",
        "{",
        "}",
        "[",
        "]",
        "=",
        ": ",
        "@a.bc",
        ";",
        "eyJ",
        "Bearer ",
        "\\u00",
        "-----BEGIN A PRIVATE KEY-----",
        "4111111111111111",
        "Some(",
        "//u:",
        "é",
        "\n",
        "'",
    ];
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_fields_make_a_line_that_parses(data in bytes()) {
        log::line(&data);
    }

    #[test]
    fn no_noise_saves_a_form_behind_base64(data in bytes()) {
        document::document(&data);
    }

    #[test]
    fn no_noise_saves_a_planted_secret(data in bytes()) {
        redact::redactor(&data);
    }
}
