//! The API's description as checked in.

use std::path::Path;

#[test]
fn the_description_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = meed_service::api::openapi().expect("a description");
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).expect("a file that can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "service/openapi.json is not what the code says: run \
         MEED_WRITE_GOLDEN=1 cargo test --release -p meed-service --test openapi"
    );
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["openapi"], "3.1.0");
}
