//! The harness itself: what the other tests take for granted.

use latchkey_tests::{Browser, Client, Upstream};

#[test]
fn the_application_records_exactly_what_it_got() {
    let upstream = Upstream::start();
    let client = Client::new(upstream.port);
    let sent =
        b"POST /a%2fb?c HTTP/1.1\r\nHost: x\r\nX-Odd_name:  \xff\r\ncontent-length: 3\r\n\r\nabc";
    assert_eq!(client.raw(sent).map(|response| response.status), Some(200));
    let received = upstream.only();
    assert_eq!(
        [received.head.as_slice(), received.rest.as_slice()].concat(),
        sent
    );
    assert_eq!(received.target(), "/a%2fb?c");
    assert_eq!(received.header("x-odd_name").as_deref(), Some("\u{fffd}"));
}

#[test]
fn the_application_reads_chunks_and_trailers() {
    let upstream = Upstream::start();
    let client = Client::new(upstream.port);
    let sent =
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-late: 1\r\n\r\n";
    assert_eq!(client.raw(sent).map(|response| response.status), Some(200));
    assert_eq!(upstream.only().rest, b"3\r\nabc\r\n0\r\nx-late: 1\r\n\r\n");
}

#[test]
fn the_browser_has_an_authenticator_that_makes_passkeys() {
    let upstream = Upstream::start();
    let browser = Browser::start();
    let mut page = browser.page();
    page.open(&format!("http://localhost:{}/", upstream.port));
    let authenticator = page.add_authenticator("internal");
    let kind = page.eval(
        "navigator.credentials.create({publicKey: {
            challenge: new Uint8Array(32), rp: {name: 'x'},
            user: {id: new Uint8Array(16), name: 'a', displayName: 'a'},
            pubKeyCredParams: [{type: 'public-key', alg: -7}],
            authenticatorSelection: {residentKey: 'required'}}})
         .then(credential => credential.type)",
    );
    assert_eq!(kind, "public-key");
    assert_eq!(page.credentials(&authenticator).len(), 1);
}
