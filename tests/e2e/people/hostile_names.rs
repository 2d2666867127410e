//! Names that try to be markup, or to turn the text around them, on the administrators' page.

use serde_json::json;

use super::administration::{HOSTILE, administrator};

/// Shows what follows from right to left.
const TURNING: &str = "\u{202e}nimda\u{2066}<b>x</b>";

#[test]
fn hostile_names_are_shown_as_text_and_turn_nothing_around_them() {
    let mut root = administrator();
    root.open("/_latchkey/admin");
    root.await_view("#users-search");
    // The service refuses some of these. A page must stand them all the same: a backup, an older
    // version or another program may have brought them.
    let names = json!([HOSTILE, TURNING]);
    root.page.eval(&format!(
        "(() => {{ const names = {names}; const genuine = fetch;
         const dress = (value, key) => {{
           if (Array.isArray(value)) return key === 'groups' ? names : value.map((it) => dress(it, key));
           if (value === null || typeof value !== 'object') {{
             const told = ['display_name', 'email', 'label', 'browser', 'system', 'address', 'actor', 'authenticator', 'rp_display_name'];
             return told.includes(key) ? names.join(' ') : value;
           }}
           return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, dress(it, name)]));
         }};
         window.fetch = async (...asked) => {{
           const answer = await genuine(...asked);
           if (!answer.ok || answer.status === 204) return answer;
           return new Response(JSON.stringify(dress(await answer.json(), '')), {{ status: answer.status }});
         }}; }})()"
    ));
    for (hash, selector) in [
        ("#users?search=root", "#users-search"),
        ("#users/root", "#user-form"),
        ("#sessions", ".end-everyone"),
        ("#policy", ".settings"),
        ("#audit", "#audit-search"),
    ] {
        root.go(hash, selector);
        root.page.wait_for(
            "document.querySelector('#view').textContent.includes('<img src=x onerror=alert(1)>')",
        );
        let planted = "document.querySelectorAll('[onerror], #view img[src=x], #view b').length";
        assert_eq!(root.page.eval(planted), 0, "{hash}: markup");
        // A turning text stays within an element of its own.
        let loose = root.page.eval(
            "[...document.querySelectorAll('#view *')]
               .filter((it) => [...it.childNodes].some((child) =>
                 child.nodeType === Node.TEXT_NODE && child.textContent.includes('\\u202e')))
               .filter((it) => !/isolate|plaintext/.test(getComputedStyle(it).unicodeBidi))
               .map((it) => it.outerHTML.slice(0, 80))",
        );
        assert_eq!(loose, json!([]), "{hash}: turns what stands around it");
        root.assert_page_is_sound(hash);
    }
}
