//! What is no token of ours at first sight.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::issuer::{NOW, claims, encode};
use crate::{es256, refuses};
use latchkey_token::{
    InProcess, MAX_TOKEN_BYTES, Part, TokenError, TokenType, UntrustedToken, json::MAX_JSON_DEPTH,
};

#[test]
fn what_is_no_token() {
    let parts = |parts| TokenError::WrongNumberOfParts { parts };
    let header_encoding = TokenError::NotBase64url { part: Part::Header };
    let good = es256().good();
    let [header, payload, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    refuses(
        &es256(),
        vec![
            ("empty", String::new(), parts(1)),
            ("a word", "hello".into(), parts(1)),
            ("header alone", header.into(), parts(1)),
            ("no signature part", format!("{header}.{payload}"), parts(2)),
            ("four parts", format!("{good}."), parts(4)),
            ("a dot in front", format!(".{good}"), parts(4)),
            ("a JWE, not even base64", "!.!.!.!.!".into(), parts(5)),
            (
                "dots up to the limit",
                ".".repeat(MAX_TOKEN_BYTES),
                parts(MAX_TOKEN_BYTES + 1),
            ),
            (
                "100,000 dots",
                ".".repeat(100_000),
                TokenError::TooLong { bytes: 100_000 },
            ),
            (
                "over the limit, not even base64",
                "!".repeat(MAX_TOKEN_BYTES + 1),
                TokenError::TooLong {
                    bytes: MAX_TOKEN_BYTES + 1,
                },
            ),
            ("three words", "to.ke.n!".into(), header_encoding),
            (
                "three zeros",
                "AAAA.AAAA.AAAA".into(),
                TokenError::NotJson { part: Part::Header },
            ),
            (
                "three empty parts",
                "..".into(),
                TokenError::NotJson { part: Part::Header },
            ),
            ("two tokens", format!("{good},{good}"), parts(5)),
            ("with its scheme", format!("Bearer {good}"), header_encoding),
            (
                "signature cut off",
                format!("{header}.{payload}."),
                TokenError::SignatureLength { bytes: 0 },
            ),
            (
                "claims of another token",
                format!(
                    "{header}.{}.{signature}",
                    encode(claims().to_string() + " ")
                ),
                TokenError::SignatureInvalid,
            ),
        ],
    );
}

#[test]
fn a_token_as_long_as_allowed_passes() {
    let issuer = es256();
    let with_filler = |bytes: usize| issuer.with_claim("filler", "x".repeat(bytes));
    // Three bytes of filler are four of the token.
    let nearly = (MAX_TOKEN_BYTES - with_filler(0).len()) / 4 * 3;
    let longest = (nearly - 3..nearly + 6)
        .map(with_filler)
        .take_while(|token| token.len() <= MAX_TOKEN_BYTES)
        .last()
        .unwrap();
    assert!(longest.len() > MAX_TOKEN_BYTES - 3);
    issuer.outcome(longest.as_bytes()).unwrap();
}

#[test]
fn base64url_that_is_not_exact() {
    let issuer = es256();
    let good = issuer.good();
    let parts: Vec<&str> = good.split('.').collect();
    let edited = |index: usize, edit: &dyn Fn(&str) -> String| {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        parts[index] = edit(&parts[index]);
        if index == 1 {
            // Claims are not read before their signature holds, so this one does.
            let message = parts[..2].join(".");
            parts[2] = encode(issuer.signature(message.as_bytes()));
        }
        parts.join(".")
    };
    let mut table = Vec::new();
    for (index, part) in [Part::Header, Part::Claims, Part::Signature]
        .into_iter()
        .enumerate()
    {
        let mut add = |name, token| table.push((name, token, TokenError::NotBase64url { part }));
        add("padding", edited(index, &|part| format!("{part}=")));
        add("double padding", edited(index, &|part| format!("{part}==")));
        add("plus", edited(index, &|part| format!("+{}", &part[1..])));
        add("slash", edited(index, &|part| format!("/{}", &part[1..])));
        add("space before", edited(index, &|part| format!(" {part}")));
        add("space after", edited(index, &|part| format!("{part} ")));
        add(
            "line break within",
            edited(index, &|part| format!("{}\r\n{}", &part[..4], &part[4..])),
        );
        add("tab", edited(index, &|part| format!("{part}\t")));
        add("NUL", edited(index, &|part| format!("{part}\0")));
        add("non-ASCII", edited(index, &|part| format!("{part}é")));
    }
    // 64 bytes are 86 characters; the last one carries four bits that nothing uses.
    let last = good.chars().last().unwrap();
    assert!("AQgw".contains(last));
    let spoilt = match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    };
    let token = format!("{}{spoilt}", &good[..good.len() - 1]);
    table.push((
        "bits left over",
        token,
        TokenError::NotBase64url {
            part: Part::Signature,
        },
    ));
    refuses(&issuer, table);
}

#[test]
fn bytes_that_are_no_text() {
    let issuer = es256();
    let mut token = issuer.good().into_bytes();
    let middle = token.len() / 2;
    for place in [0, middle, token.len() - 1] {
        let kept = std::mem::replace(&mut token[place], 0xff);
        let error = issuer.outcome(&token).unwrap_err();
        let is_expected = match error {
            TokenError::NotBase64url { .. } => place != middle,
            // What stands in the claims is not looked at then.
            TokenError::SignatureInvalid => place == middle,
            _ => false,
        };
        assert!(is_expected, "{error:?}");
        token[place] = kept;
    }
}

#[test]
fn json_that_is_nested_too_deep() {
    let issuer = es256();
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let nested = |levels: usize| {
        let claims = claims().to_string();
        let claims = claims.strip_suffix('}').unwrap();
        issuer.with_claims(&format!(r#"{claims},"x":{}}}"#, deep(levels)))
    };
    issuer
        .outcome(nested(MAX_JSON_DEPTH - 1).as_bytes())
        .expect("as deep as allowed");

    let header = issuer.header().to_string();
    let too_deep = |part| TokenError::TooDeep { part };
    refuses(
        &issuer,
        vec![
            (
                "one level too deep",
                nested(MAX_JSON_DEPTH),
                too_deep(Part::Claims),
            ),
            ("16 arrays in an object", nested(16), too_deep(Part::Claims)),
            ("200 arrays", nested(200), too_deep(Part::Claims)),
            (
                "200 arrays alone",
                issuer.with_claims(&deep(200)),
                too_deep(Part::Claims),
            ),
            (
                "200 objects",
                issuer.with_claims(&(r#"{"a":"#.repeat(200) + "1" + &"}".repeat(200))),
                too_deep(Part::Claims),
            ),
            (
                "200 arrays in the header",
                issuer.with_header(&header.replace(r#""ES256""#, &deep(200))),
                too_deep(Part::Header),
            ),
            (
                "never closed",
                issuer.with_claims(&"[".repeat(200)),
                too_deep(Part::Claims),
            ),
        ],
    );
}

#[test]
fn parts_that_are_no_json_object() {
    let issuer = es256();
    let good = claims().to_string();
    let not_json = |part| TokenError::NotJson { part };
    let no_object = |part| TokenError::NotAnObject { part };
    let lone_surrogate = good.replacen("ada", r"\ud800", 1);
    refuses(
        &issuer,
        vec![
            (
                "an array",
                issuer.with_claims("[]"),
                no_object(Part::Claims),
            ),
            (
                "a string",
                issuer.with_claims(r#""claims""#),
                no_object(Part::Claims),
            ),
            ("null", issuer.with_claims("null"), no_object(Part::Claims)),
            (
                "a header of null",
                issuer.with_header("null"),
                no_object(Part::Header),
            ),
            ("empty", issuer.with_claims(""), not_json(Part::Claims)),
            (
                "a header of nothing",
                issuer.with_header(""),
                not_json(Part::Header),
            ),
            (
                "two objects",
                issuer.with_claims(&format!("{good}{good}")),
                not_json(Part::Claims),
            ),
            (
                "text after it",
                issuer.with_claims(&format!("{good}x")),
                not_json(Part::Claims),
            ),
            (
                "NUL after it",
                issuer.with_claims(&format!("{good}\0")),
                not_json(Part::Claims),
            ),
            (
                "byte order mark",
                issuer.with_claims(&format!("\u{feff}{good}")),
                not_json(Part::Claims),
            ),
            (
                "trailing comma",
                issuer.with_claims(&good.replacen('}', ",}", 1)),
                not_json(Part::Claims),
            ),
            (
                "half a character",
                issuer.with_claims(&lone_surrogate),
                not_json(Part::Claims),
            ),
            (
                "a number of 400 digits",
                issuer.with_claims(&format!(r#"{{"x":{}}}"#, "9".repeat(400))),
                not_json(Part::Claims),
            ),
        ],
    );
}

#[test]
fn names_given_twice() {
    let issuer = es256();
    let header = |member: &str| {
        let header = issuer.header().to_string();
        issuer.with_header(&format!("{},{member}}}", header.strip_suffix('}').unwrap()))
    };
    let claim = |member: &str| {
        let claims = claims().to_string();
        issuer.with_claims(&format!("{},{member}}}", claims.strip_suffix('}').unwrap()))
    };
    let twice = |part| TokenError::DuplicateName { part };
    let own_kid = format!(r#""kid":"{}""#, issuer.key.kid());
    refuses(
        &issuer,
        vec![
            ("alg", header(r#""alg":"ES256""#), twice(Part::Header)),
            ("alg none", header(r#""alg":"none""#), twice(Part::Header)),
            ("kid", header(&own_kid), twice(Part::Header)),
            (
                "unknown in the header",
                header(r#""x":1,"x":1"#),
                twice(Part::Header),
            ),
            (
                "exp",
                claim(&format!(r#""exp":{}"#, NOW + 600)),
                twice(Part::Claims),
            ),
            ("sub", claim(r#""sub":"someone-else""#), twice(Part::Claims)),
            (
                "sub, escaped",
                claim(r#""\u0073ub":"someone-else""#),
                twice(Part::Claims),
            ),
            (
                "unknown in the claims",
                claim(r#""x":1,"x":1"#),
                twice(Part::Claims),
            ),
            (
                "inside an object",
                claim(r#""x":{"y":1,"y":2}"#),
                twice(Part::Claims),
            ),
            (
                "inside an array",
                claim(r#""x":[{"y":1,"y":2}]"#),
                twice(Part::Claims),
            ),
        ],
    );
}

#[test]
fn errors_and_debug_output_hold_nothing_of_the_token() {
    let token = es256().good();
    let parsed = UntrustedToken::parse(token.as_bytes(), TokenType::Session).unwrap();
    let shown = format!("{parsed:?}");
    for part in token.split('.') {
        assert!(!shown.contains(part));
    }
    assert!(!shown.contains("ada"));
}

#[test]
fn a_header_that_is_known_is_read_as_if_it_were_not() {
    let issuer = es256();
    let good = issuer.good();
    let parse = |token: &str| {
        UntrustedToken::parse(token.as_bytes(), TokenType::Session)
            .unwrap()
            .new_header(None)
    };
    let known = parse(&good);
    let again = UntrustedToken::parse_beside(known.as_ref(), good.as_bytes(), TokenType::Session);
    let again = again.unwrap();
    assert!(again.new_header(known.as_ref()).is_none());
    assert!(again.new_header(None).is_some());
    assert!(again.verify(&issuer.keys(), &InProcess).is_ok());
    // One that differs in one character is another one, and none of ours.
    for at in 0..good.find('.').unwrap() {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let judged = |known| {
            UntrustedToken::parse_beside(known, &other, TokenType::Session)
                .and_then(|token| token.verify(&issuer.keys(), &InProcess))
                .map(|_| ())
        };
        let result = judged(known.as_ref());
        assert_eq!(result, judged(None), "{at}");
        assert!(result.is_err(), "{at}");
    }
}
