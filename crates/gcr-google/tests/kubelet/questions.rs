//! Makes random images and Secrets near the edges of kubelet's rules.

use serde_json::{Value, json};

/// Keys near each other, and keys on the edges of Go's URL rules.
const KEYS: [&str; 56] = [
    "gcr.io",
    "https://gcr.io",
    "http://gcr.io",
    "gcr.io/",
    "https://gcr.io/v2/",
    "https://gcr.io/v2",
    "gcr.io/v1/p",
    "gcr.io/p",
    "gcr.io/pro",
    "gcr.io/proj/",
    "gcr.io/proj/app",
    "*.gcr.io",
    "*.io",
    "eu.gcr.io",
    "e*.gcr.io",
    "gcr*",
    "*",
    "*.*",
    "us-docker.pkg.dev",
    "*-docker.pkg.dev",
    "us-*.pkg.dev/proj/r",
    "us-docker.pkg.dev/proj/r",
    "reg.test:5000",
    "reg.test",
    "reg.test:5000/a",
    "*.test:5000",
    "reg.test:",
    "reg.test:443",
    "index.docker.io",
    "https://index.docker.io/v1/",
    "docker.io",
    "docker.io/library",
    "localhost:5000",
    "GCR.io",
    "gcr.io/p%72oj",
    "gcr.io/%2",
    "gcr%2eio",
    "g cr.io",
    "gcr.io?x",
    "gcr.io#f",
    "user@gcr.io",
    "u:p@gcr.io/proj",
    "u^@gcr.io",
    "[::1]:5000",
    "[::1]",
    "[gcr].io",
    "a:b:c",
    "gcr.io:x",
    "",
    "/",
    "//gcr.io",
    "ftp://gcr.io",
    "gcr\\.io",
    "gcr.io/a%3fb",
    "gcr.io/v2/v2/proj",
    "g?r.io",
];

const IMAGES: [&str; 30] = [
    "gcr.io/proj/app",
    "gcr.io/proj/app:1.2",
    "gcr.io/p/i",
    "gcr.io/pro",
    "eu.gcr.io/proj/app",
    "us-docker.pkg.dev/proj/r/i:t",
    "us-docker.pkg.dev/proj/r2/i",
    "reg.test:5000/a/b",
    "reg.test/a",
    "reg.test:443/a",
    "ubuntu",
    "ubuntu:24.04",
    "docker.io/library/ubuntu",
    "index.docker.io/x/y",
    "localhost:5000/x",
    "GCR.io/proj/app",
    "gcr.io/Proj/app",
    "gcr.io/proj/app@sha256:abc",
    "",
    "gcr.io",
    "gcr.io/",
    "gcr_x.io/a",
    "a..b/c",
    "a__b/c",
    "X/y",
    "[::1]:5000/x",
    "[::1]/x",
    "-gcr.io/a",
    "foo.bar:1/a:2",
    "https://gcr.io/x",
];

/// Words from which hosts and paths are made.
const LABELS: [&str; 12] = [
    "gcr",
    "io",
    "eu",
    "us",
    "us-docker",
    "pkg",
    "dev",
    "docker",
    "*",
    "g?r",
    "[a-g]cr",
    "index",
];
const PARTS: [&str; 12] = [
    "p", "proj", "proj-2", "r", "app", "library", "v1", "v2", "a.b", "a__b", "%70", "Upper",
];

fn pick<T: Copy>(random: &mut fastrand::Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

/// Returns a key: a part of the image, one on an edge, or one made of scheme, host, port, version and path.
fn key(random: &mut fastrand::Rng, image: &str) -> String {
    match random.usize(..4) {
        0 => return part_of(random, image),
        1 | 2 => return pick(random, &KEYS).to_owned(),
        _ => {}
    }
    let scheme = pick(random, &["", "", "", "https://", "http://"]);
    let host = match random.usize(..3) {
        0 => pick(
            random,
            &[
                "gcr.io",
                "us-docker.pkg.dev",
                "docker.io",
                "index.docker.io",
            ],
        )
        .to_owned(),
        _ => joined(random, &LABELS, ".", 4),
    };
    let port = pick(random, &["", "", "", "", ":5000", ":443", ":"]);
    let version = pick(random, &["", "", "", "/v1/", "/v2/", "/v2"]);
    let path = match random.usize(..3) {
        0 => String::new(),
        _ => format!("/{}", joined(random, &PARTS, "/", 3)),
    };
    let path = if version.ends_with('/') {
        path.trim_start_matches('/')
    } else {
        &path
    };
    let end = pick(random, &["", "", "", "/"]);
    format!("{scheme}{host}{port}{version}{path}{end}")
}

/// Returns the image up to some character, rarely with a scheme or a glob.
fn part_of(random: &mut fastrand::Rng, image: &str) -> String {
    let host = image.find('/').unwrap_or(image.len());
    let end = random.usize(host..=image.len());
    let key = image[..end].to_owned();
    match random.usize(..6) {
        0 => format!("https://{key}"),
        1 => key.replacen(pick(random, &["gcr", "us-docker", "eu", "io"]), "*", 1),
        _ => key,
    }
}

/// Returns an image: one on an edge, or one made of host, port, path, tag and digest.
pub(crate) fn image(random: &mut fastrand::Rng) -> String {
    if random.bool() {
        return pick(random, &IMAGES).to_owned();
    }
    let host = match random.usize(..4) {
        0 => String::new(),
        1 => format!("{}/", joined(random, &LABELS[..8], ".", 4)),
        _ => format!(
            "{}/",
            pick(
                random,
                &["gcr.io", "us-docker.pkg.dev", "eu.gcr.io", "docker.io"]
            )
        ),
    };
    let port = pick(random, &["", "", "", ":5000", ":443"]);
    let host = host.replace('/', &format!("{port}/"));
    let path = joined(random, &PARTS[..10], "/", 4);
    // The limit of a path is 255 characters, of which `library/` may be eight.
    let path = match random.usize(..20) {
        0 => format!("{path}/{}", "x".repeat(random.usize(220..260))),
        1 => "x".repeat(random.usize(244..260)),
        _ => path,
    };
    format!("{host}{path}{}{}", tag(random), digest(random))
}

/// Returns no tag, a valid one, or one on the edge of the grammar.
fn tag(random: &mut fastrand::Rng) -> String {
    let plain = [
        "", "", ":1.2", ":latest", ":", ":UP", ":a_b", "::x", ":-a", ":.a", ":_", ":a/b", ":a+b",
    ];
    match random.usize(..12) {
        0 => format!(":{}", "t".repeat(random.usize(126..131))),
        _ => pick(random, &plain).to_owned(),
    }
}

/// Returns mostly no digest; otherwise a valid one, or one of another length, case or algorithm.
fn digest(random: &mut fastrand::Rng) -> String {
    match random.usize(..16) {
        0 | 1 => format!("@sha256:{}", "0123456789abcdef".repeat(4)),
        2 => format!("@sha512:{}", "ab".repeat(random.usize(62..67))),
        3 => format!("@sha384:{}", "ab".repeat(random.usize(46..51))),
        4 => {
            let algorithm = pick(
                random,
                &["sha1", "md5", "sha256+b64", "blake3", "SHA256", ""],
            );
            format!("@{algorithm}:{}", "ab".repeat(pick(random, &[16, 20, 32])))
        }
        5 => pick(
            random,
            &["@sha256:ABCDEF", "@", "@sha256", "@sha256:", "@x:y@z:w"],
        )
        .to_owned(),
        6 => format!("@sha256:{}", "AB".repeat(32)),
        _ => String::new(),
    }
}

fn joined(random: &mut fastrand::Rng, words: &[&str], separator: &str, most: usize) -> String {
    let words = (0..random.usize(1..=most)).map(|_| pick(random, words));
    words.collect::<Vec<_>>().join(separator)
}

/// Returns the text of an entry, rarely one that kubelet cannot decode.
fn entry(random: &mut fastrand::Rng, user: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    let pair = format!("{user}:p:q");
    let value = match random.usize(..100) {
        0 => json!({"auth": STANDARD.encode("nocolon")}),
        1 => pick(
            random,
            &[
                "1",
                "[]",
                "\"x\"",
                "{\"username\":1}",
                "{\"auth\":\" YTpi\"}",
            ],
        )
        .parse()
        .unwrap(),
        2 => Value::Null,
        3 => json!({"Username": user, "PASSWORD": "x", "auth": ""}),
        4 => json!({"username": "no", "auth": STANDARD.encode(pair), "identitytoken": "t"}),
        // Of fields whose names differ only in case, and of equal ones, the last counts.
        5 => return format!(r#"{{"username":"no","username":"{user}","password":"x"}}"#),
        6 => {
            return format!(
                r#"{{"Username":"{user}","username":"{user}-2","password":"x","PASSWORD":"y"}}"#
            );
        }
        7..30 => json!({"auth": STANDARD.encode(pair)}),
        30..40 => json!({"auth": STANDARD_NO_PAD.encode(pair)}),
        _ => json!({"username": user, "password": "p"}),
    };
    value.to_string()
}

/// Returns the text of a Docker config, rarely with a key or the map of entries twice.
pub(crate) fn secret(random: &mut fastrand::Rng, number: usize, image: &str) -> String {
    let maps = 1 + usize::from(random.usize(..50) == 0);
    let mut fields = Vec::new();
    for map in 0..maps {
        let mut entries: Vec<String> = Vec::new();
        let mut last = key(random, image);
        for index in 0..random.usize(..12) {
            if random.usize(..40) > 0 {
                last = key(random, image);
            }
            let user = format!("u{number}-{map}-{index}");
            entries.push(format!("{}:{}", json!(last), entry(random, &user)));
        }
        let field = pick(random, &["auths", "auths", "auths", "AUTHS"]);
        fields.push(format!("\"{field}\":{{{}}}", entries.join(",")));
    }
    format!("{{{}}}", fields.join(","))
}
