//! The administrators' page where there are very many users.

use serde_json::{Value, json};

use super::administration::administrator;
use crate::operate::order;

/// More than the service looks at for one answer.
const MANY: usize = 2_100;

#[test]
fn somebody_behind_thousands_of_others_is_found() {
    let mut root = administrator();
    let users: Vec<Value> = (0..MANY)
        .map(|number| json!({"name": format!("user{number:04}"), "email": format!("no{number}@example.com")}))
        .collect();
    let users = json!({"format": "latchkey-users", "version": 1, "rp_ids": {}, "users": users});
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("users.json");
    std::fs::write(&file, users.to_string()).expect("a file");
    order(&root.gateway, &["import", file.to_str().expect("a path")]);

    root.open("/_latchkey/admin#users");
    root.await_view("#users-search");
    root.page.fill("#users-search [name=search]", "no2099@");
    root.page.press("Enter");
    root.seen("user2099");
    let rows = "document.querySelectorAll('#view tbody tr').length";
    assert_eq!(root.page.eval(rows), 1);
    let shown = "document.querySelector('#view .paging .next').checkVisibility()";
    assert_eq!(root.page.eval(shown), false, "that was all");
    root.assert_page_is_sound("one of very many");
}
