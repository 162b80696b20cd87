//! The server as a process: its first start, its key, its end.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn the_first_start_makes_a_key_and_shows_it_once() {
    let home = Home::new();
    drop(home.serve(&[]));
    let key = home.key();
    assert!(key.starts_with("qk_") && key.len() == 67);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.path().join("quarry-data/admin.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(home.serve(&[]));
    assert_eq!(home.key(), key);
}

#[test]
fn the_greeting_shows_the_address_and_the_first_question() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut text = String::new();
    let mut piece = [0_u8; 4096];
    while !text.contains("/v1/query") {
        let read = child.stdout.as_mut().unwrap().read(&mut piece).unwrap();
        assert!(read > 0, "{text}");
        text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(text.contains(&home.key()));
    snapshot!(home, "greeting", text.replace(&home.key(), "[key]"));
}

#[test]
fn the_key_opens_and_others_do_not() {
    let home = Home::with_documents();
    let server = home.serve(&[]);
    let elsewhere = Home::new();
    let arguments = ["search", "x", "--server", &server.url];
    let ran = elsewhere.quarry(&arguments).code(8);
    assert!(
        ran.stderr.starts_with("error: no key is known for the server at http://127.0.0.1:"),
        "{}",
        ran.stderr
    );
    let ran = elsewhere.quarry_with(&[("QUARRY_KEY", "qk_wrong")], &arguments).code(8);
    assert_eq!(
        ran.stderr,
        "error: the key is not one that this server gave out; on the server's machine there is one in `admin.key` in the data folder\n\
         hint: pass `--key KEY`; on the server's machine the key is in `admin.key` in its data folder\n"
    );
    let key = home.key();
    let ran = elsewhere.quarry(&["collections", "list", "--server", &server.url, "--key", &key]).code(0);
    assert!(ran.stdout.starts_with("no collections yet"), "{}", ran.stdout);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let home = Home::new();
    let ran = home.quarry(&["search", "x", "--server", "127.0.0.1:1", "--key", "k"]).code(6);
    assert!(
        ran.stderr
            .starts_with("error: the server at http://127.0.0.1:1 cannot be reached: connection refused\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_request_at_hand_is_finished_when_the_server_stops() {
    let home = Home::with_documents();
    let mut server = home.serve(&[]);
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let body = r#"{"text": "Amber is found on the shore after storms."}"#;
    let head = format!(
        "POST /v1/documents?wait=60 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        home.key(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.flush().unwrap();
    // The first byte of the answer may come before or after the signal; all of it must come.
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("stopping: finishing what is at hand"), "{said}");
    let mut answer = String::new();
    // A server that stopped before it read the request cuts the connection.
    if let Err(error) = stream.read_to_string(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 20"), "{answer}");
}

#[test]
fn settings_of_the_server_come_from_the_environment_and_flags() {
    let home = Home::new();
    let ran = home.quarry_with(&[("QUARRY__SERVER__LISTEN", "nonsense")], &["serve"]).code(4);
    assert!(
        ran.stderr.contains("QUARRY__SERVER__LISTEN: `server.listen` must be an address with a port"),
        "{}",
        ran.stderr
    );
    let ran = home.quarry(&["serve", "--listen", "7700"]).code(4);
    assert!(ran.stderr.contains("--listen: `server.listen` must be an address"), "{}", ran.stderr);
    let ran = home.quarry(&["serve", "--listen", "203.0.113.7:7700"]).code(1);
    assert!(ran.stderr.contains("this machine does not have the address"), "{}", ran.stderr);
}
